/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/call.c - a call's way from the region on: credentials, signature, answer.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/aws/client.h"
#include "discovery/aws/failure.h"
#include "discovery/aws/sigv4.h"
#include "discovery/log.h"

enum {
    CALL_CONNECT_TIMEOUT_MS = 3000,
    CALL_TIMEOUT_MS = 20000, /* a page of 1000 instances takes AWS a few seconds */
    CLOCK_TOLERANCE_S = 240, /* the strictest services take 5 minutes; below that it is not it */
    DATE_TOLERANCE_S = 2,    /* Date has whole seconds, and so has our clock */
};

void aws_call_free(struct aws_call *call)
{
    LIST_REMOVE(call, in_client);
    if (call->region_query != NULL) {
        imds_cancel(call->region_query);
    }
    if (call->exchange != NULL) {
        http_cancel(call->exchange);
    }
    credentials_cancel(call->client->credentials, call);
    arena_free(&call->arena);
    free(call);
}

/* `done` may free the client: nothing is touched after it. */
static void call_end(struct aws_call *call, const struct aws_result *result)
{
    aws_done done = call->done;
    void *owner = call->owner;

    aws_call_free(call);
    done(owner, result);
}

static void call_fail(struct aws_call *call)
{
    const struct aws_failure failure = call->failure;
    const struct aws_result result = {.failure = &failure, .body = ""};

    call_end(call, &result);
}

/* There was nobody to ask, or nothing to ask with. */
void aws_call_fail_early(struct aws_call *call, const struct error *error)
{
    call->failure = (struct aws_failure){.kind = AWS_TRANSPORT, .error = *error};
    call_fail(call);
}

/* ---- answer ---- */

static void on_credentials(void *owner, const struct credentials *credentials,
                           const struct error *error);
static void on_renewed(void *owner, const struct credentials *credentials,
                       const struct error *error);

/* Take AWS's time over when it is far from ours. */
static bool clock_correct(struct aws_client *client, int64_t date_s)
{
    int64_t difference_s = date_s - (client->environment->now_s() + client->clock_offset_s);

    if (date_s == 0 || (difference_s > -CLOCK_TOLERANCE_S && difference_s < CLOCK_TOLERANCE_S)) {
        return false;
    }
    client->clock_offset_s += difference_s;
    log_event(LEVEL_WARNING, "this machine's clock differs from that of AWS",
              log_number("seconds", -client->clock_offset_s));
    return true;
}

/*
 * AWS wrote the Date after we sent and before we have read all: a slow answer says less about its
 * clock. What is known stays while it fits, so that it does not change with every answer.
 */
static void date_take(const struct aws_call *call, int64_t date_s)
{
    struct aws_client *client = call->client;
    int64_t least_s = date_s - client->environment->now_s();
    int64_t most_s = date_s - call->sent_s;

    if (date_s == 0) {
        return;
    }
    if (client->date_offset_s < least_s - DATE_TOLERANCE_S) {
        client->date_offset_s = least_s;
    } else if (client->date_offset_s > most_s + DATE_TOLERANCE_S) {
        client->date_offset_s = most_s;
    }
}

static void on_response(void *owner, const struct http_response *response)
{
    struct aws_call *call = owner;
    struct aws_client *client = call->client;

    call->exchange = NULL;
    date_take(call, response->date_s);
    if (response->status == 200) {
        const struct aws_result result = {.body = response->body,
                                          .body_length = response->body_length};

        call_end(call, &result);
        return;
    }
    aws_failure_read(call->endpoint.signing_name, response, &call->failure);
    if (!call->clock_corrected && aws_failure_may_be_clock(&call->failure) &&
        clock_correct(client, response->date_s)) {
        call->clock_corrected = true;
        credentials_get(client->credentials, on_credentials, call);
    } else if (!call->credentials_renewed && call->failure.kind == AWS_EXPIRED) {
        call->credentials_renewed = true;
        credentials_invalidate(client->credentials);
        credentials_get(client->credentials, on_renewed, call);
    } else {
        call_fail(call);
    }
}

/* ---- signature ---- */

enum { SIGNED_HEADERS_MAX = 4, SENT_HEADERS_MAX = SIGNED_HEADERS_MAX + 1 };

static char *call_sign(const struct aws_call *call, const struct credentials *credentials,
                       const struct http_header *headers, size_t header_count, struct arena *arena)
{
    const struct aws_client *client = call->client;
    const struct sigv4_request request = {
        .method = "POST",
        .path = call->endpoint.path,
        .query = "",
        .headers = headers,
        .header_count = header_count,
        .body = call->body,
        .body_length = strlen(call->body),
        .normalize_path = true,
        .double_encode_path = true,
    };
    const struct sigv4_scope scope = {
        .access_key = credentials->access_key,
        .secret_key = credentials->secret_key,
        .region = client->region,
        .service = call->endpoint.signing_name,
        .now_s = client->environment->now_s() + client->clock_offset_s,
    };

    return sigv4_authorization(&request, &scope, arena);
}

static void call_send(struct aws_call *call, const struct credentials *credentials)
{
    struct aws_client *client = call->client;
    char date[SIGV4_DATE_SIZE];
    struct http_header headers[SENT_HEADERS_MAX] = {
        {"Host",         call->endpoint.host                               },
        {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"X-Amz-Date",   date                                              },
    };
    struct http_request request = {
        .method = "POST",
        .url = call->endpoint.url,
        .headers = headers,
        .header_count = 3,
        .body = call->body,
        .body_length = strlen(call->body),
        .connect_timeout_ms = CALL_CONNECT_TIMEOUT_MS,
        .timeout_ms = CALL_TIMEOUT_MS,
        .ca_bundle = aws_variable(client->environment, "AWS_CA_BUNDLE"),
    };
    struct arena arena;

    arena_init(&arena);
    sigv4_date(client->environment->now_s() + client->clock_offset_s, date);
    if (credentials->session_token != NULL) {
        headers[request.header_count++] =
            (struct http_header){"X-Amz-Security-Token", credentials->session_token};
    }
    headers[request.header_count] = (struct http_header){
        "Authorization", call_sign(call, credentials, headers, request.header_count, &arena)};
    request.header_count++;
    call->access_key = arena_string(&call->arena, credentials->access_key);
    call->session_token = arena_string(&call->arena, credentials->session_token);
    call->sent_s = client->environment->now_s();
    call->exchange = http_start(client->http, &request, on_response, call);
    arena_free(&arena);
}

static void on_credentials(void *owner, const struct credentials *credentials,
                           const struct error *error)
{
    struct aws_call *call = owner;

    if (credentials == NULL) {
        aws_call_fail_early(call, error);
    } else {
        call_send(call, credentials);
    }
}

static bool text_equal(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

/* AWS refused what we had: only other credentials are worth another request. */
static void on_renewed(void *owner, const struct credentials *credentials,
                       const struct error *error)
{
    struct aws_call *call = owner;

    (void)error;
    if (credentials == NULL || (text_equal(credentials->access_key, call->access_key) &&
                                text_equal(credentials->session_token, call->session_token))) {
        call_fail(call);
    } else {
        call_send(call, credentials);
    }
}

void aws_call_go_on(struct aws_call *call)
{
    struct aws_client *client = call->client;
    struct error error;

    if (!aws_endpoint_find(client->environment, call->service, client->region, &call->arena,
                           &call->endpoint, &error)) {
        aws_call_fail_early(call, &error);
        return;
    }
    credentials_get(client->credentials, on_credentials, call);
}

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    struct aws_call *call = memory_new(sizeof(*call));

    call->client = client;
    call->service = service;
    call->number = ++client->last_number;
    arena_init(&call->arena);
    call->body = form_encode(parameters, parameter_count, &call->arena);
    call->done = done;
    call->owner = owner;
    LIST_INSERT_HEAD(&client->calls, call, in_client);
    aws_client_wake(client);
    return call;
}

void aws_call_cancel(struct aws_call *call)
{
    aws_call_free(call);
}
