/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/assumed_role.c - asking STS for the credentials of a role.
 */

#include <string.h>
#include <unistd.h>

#include "discovery/aws/clock.h"
#include "discovery/aws/credential_chain.h"
#include "discovery/aws/failure.h"
#include "discovery/aws/secret_file.h"
#include "discovery/aws/signed_post.h"
#include "discovery/aws/sts_reply.h"

enum {
    STS_CONNECT_TIMEOUT_MS = 3000,
    STS_TIMEOUT_MS = 10000,
};

/* Before what went wrong: who wanted which role. */
static void role_fail_prefix(struct credential_walk *walk)
{
    (void)error_prefix(&walk->error, "%s: %s", walk->role->where, walk->role->arn);
}

/* Whether the clock was the reason, and now is right. Once in a walk: a web identity is not signed.
 */
static bool clock_correct(struct credential_walk *walk, const struct aws_failure *failure,
                          int64_t date_s)
{
    if (walk->role->token_file != NULL || walk->clock_corrected ||
        !aws_failure_may_be_clock(failure)) {
        return false;
    }
    walk->clock_corrected = aws_clock_correct(walk->settings->environment, walk->signed_offset_s,
                                              date_s, walk->settings->clock_offset_s);
    return walk->clock_corrected;
}

/* Whether another try may bring more: a token file is read anew for each. */
static bool failure_passes(const struct credential_walk *walk, const struct aws_failure *failure)
{
    bool identity = walk->role->token_file != NULL;

    return walk->unreachable || (identity && (strcmp(failure->code, "IDPCommunicationError") == 0 ||
                                              strcmp(failure->code, "ExpiredToken") == 0 ||
                                              strcmp(failure->code, "ExpiredTokenException") == 0));
}

static void reply_failed(struct credential_walk *walk, const struct http_response *response)
{
    struct aws_failure failure;

    aws_failure_read("sts", response, &failure);
    walk->error = failure.error;
    walk->unreachable = failure.kind == AWS_TRANSPORT || failure.kind == AWS_THROTTLED ||
                        failure.kind == AWS_SERVER ||
                        strcmp(failure.code, "IDPCommunicationError") == 0;
    role_fail_prefix(walk);
    if (clock_correct(walk, &failure, response->date_s)) {
        assumed_role_step(walk);
    } else if (failure_passes(walk, &failure)) {
        credential_step_again(walk);
    } else {
        credential_step_fail(walk);
    }
}

static void on_reply(void *owner, const struct http_response *response)
{
    struct credential_walk *walk = owner;
    struct credentials found = {
        .provider = walk->role->token_file == NULL ? "assumed role" : "web identity",
    };

    walk->exchange = NULL;
    if (response->status != 200) {
        reply_failed(walk, response);
    } else if (sts_reply_parse(response->body, response->body_length, &walk->arena, &found,
                               &walk->error)) {
        walk->found = found;
        credential_step_done(walk);
    } else {
        (void)error_prefix(&walk->error, "sts");
        role_fail_prefix(walk);
        credential_step_fail(walk);
    }
}

/* The parameters; NULL, with the error set, when the token file has none. */
static const char *body_make(struct credential_walk *walk, struct arena *arena)
{
    const struct sts_role *role = walk->role;
    struct secret_file token = {NULL, 0, 0};
    char host[256] = "";
    const char *body;

    if (role->token_file != NULL &&
        !secret_file_read_token(role->token_file, STS_TOKEN_LIMIT, &token, &walk->error)) {
        (void)error_prefix(&walk->error, "%s: token file %s", role->where, role->token_file);
        return NULL;
    }
    if (gethostname(host, sizeof(host) - 1) != 0) {
        host[0] = '\0';
    }
    body = sts_request_body(role, host, token.text, arena);
    secret_file_free(&token);
    return body;
}

void assumed_role_step(struct credential_walk *walk)
{
    const struct aws_environment *environment = walk->settings->environment;
    struct http_request request = {0};
    struct aws_endpoint endpoint;
    struct signed_post post = {
        .endpoint = &endpoint,
        .region = walk->place->region,
        .now_s = environment->now_s() + *walk->settings->clock_offset_s,
        .credentials = walk->role->token_file == NULL ? &walk->found : NULL,
        .content_type = SIGNED_POST_FORM,
    };
    struct arena arena;

    arena_init(&arena);
    if (walk->place->region == NULL) {
        (void)error_set(&walk->error, "no region is known to ask STS in");
        role_fail_prefix(walk);
    } else if (!aws_endpoint_find(walk->place, AWS_STS, &arena, &endpoint, &walk->error)) {
        role_fail_prefix(walk);
    } else {
        post.body = body_make(walk, &arena);
    }
    if (post.body == NULL) {
        walk->unreachable = false;
        credential_step_fail(walk);
        goto out;
    }
    signed_post_make(&post, &arena, &request);
    walk->signed_offset_s = *walk->settings->clock_offset_s;
    request.connect_timeout_ms = STS_CONNECT_TIMEOUT_MS;
    request.timeout_ms = STS_TIMEOUT_MS;
    request.ca_bundle = aws_variable(environment, "AWS_CA_BUNDLE");
    request.proxy = walk->settings->proxy;
    walk->exchange = http_start(walk->settings->http, &request, on_reply, walk);
out:
    arena_free(&arena);
}
