/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/container_role_step.c - asking a container's agent for credentials.
 *
 * The URL ends in what makes the agent give them, so that no message shows it.
 */

#include <string.h>

#include "discovery/aws/container_role.h"
#include "discovery/aws/credential_chain.h"
#include "discovery/aws/credentials_document.h"

static const char name[] = "container credentials";

static void on_document(void *owner, const struct http_response *response)
{
    struct credential_walk *walk = owner;

    walk->exchange = NULL;
    walk->unreachable = response->status == 0 || response->status == 429 || response->status >= 500;
    if (response->status == 200) {
        walk->found = (struct credentials){.provider = "container"};
        if (credentials_document_read(response->body, response->body_length, false, &walk->arena,
                                      &walk->found, &walk->error)) {
            credential_step_done(walk);
            return;
        }
        (void)error_prefix(&walk->error, "%s", name);
    } else if (response->status == 0) {
        (void)error_set(&walk->error, "%s: no answer%s", name,
                        response->timed_out ? " in time" : "");
    } else {
        (void)error_set(&walk->error, "%s: HTTP status %d", name, response->status);
    }
    if (walk->unreachable) {
        credential_step_again(walk);
    } else {
        credential_step_fail(walk);
    }
}

void container_role_step(struct credential_walk *walk)
{
    const struct aws_environment *environment = walk->settings->environment;
    struct http_header headers[2] = {
        {"Accept", "application/json"}
    };
    struct http_request request = {
        .method = "GET",
        .headers = headers,
        .header_count = 1,
        .connect_timeout_ms = CONTAINER_TIMEOUT_MS,
        .timeout_ms = CONTAINER_TIMEOUT_MS,
        .ca_bundle = aws_variable(environment, "AWS_CA_BUNDLE"),
    };
    const char *token = NULL;

    if (!container_role_url(environment, &walk->arena, &request.url, &walk->error) ||
        !container_role_token(environment, &walk->arena, &token, &walk->error)) {
        credential_step_fail(walk);
        return;
    }
    if (token != NULL) {
        headers[request.header_count++] = (struct http_header){"Authorization", token};
    }
    walk->exchange = http_start(walk->settings->http, &request, on_document, walk);
}
