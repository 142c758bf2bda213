/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/call.c - a call's way from the region on: endpoint, credentials, signature.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/aws/client.h"
#include "discovery/aws/signed_post.h"

enum {
    CALL_CONNECT_TIMEOUT_MS = 3000,
    CALL_TIMEOUT_MS = 20000, /* a page of 1000 instances takes AWS a few seconds */
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

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
    uv_close((uv_handle_t *)&call->retry, on_closed);
}

void aws_call_end(struct aws_call *call, const struct aws_result *result)
{
    aws_done done = call->done;
    void *owner = call->owner;

    aws_call_free(call);
    done(owner, result);
}

void aws_call_fail(struct aws_call *call)
{
    const struct aws_failure failure = call->failure;
    const struct aws_result result = {.failure = &failure, .body = ""};

    aws_call_end(call, &result);
}

void aws_call_fail_early(struct aws_call *call, const struct error *error)
{
    call->failure = (struct aws_failure){.kind = AWS_TRANSPORT, .error = *error};
    aws_call_fail(call);
}

/* ---- signature ---- */

static void call_send(struct aws_call *call, const struct credentials *credentials)
{
    struct aws_client *client = call->client;
    const struct signed_post post = {
        .endpoint = &call->endpoint,
        .region = client->place.region,
        .now_s = client->environment->now_s() + client->clock_offset_s,
        .credentials = credentials,
        .content_type = call->content_type,
        .target = call->target,
        .body = call->body,
    };
    struct http_request request = {
        .connect_timeout_ms = CALL_CONNECT_TIMEOUT_MS,
        .timeout_ms = call->timeout_ms,
        .ca_bundle = aws_variable(client->environment, "AWS_CA_BUNDLE"),
        .proxy = client->proxy,
    };
    struct arena arena;

    arena_init(&arena);
    signed_post_make(&post, &arena, &request);
    call->access_key = arena_string(&call->arena, credentials->access_key);
    call->session_token = arena_string(&call->arena, credentials->session_token);
    call->sent_s = client->environment->now_s();
    call->signed_offset_s = client->clock_offset_s;
    client->usage[call->action].calls++;
    call->exchange = http_start(client->http, &request, aws_call_take_answer, call);
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
        aws_call_fail(call);
    } else {
        call_send(call, credentials);
    }
}

void aws_call_send_again(struct aws_call *call)
{
    credentials_get(call->client->credentials, on_credentials, call);
}

void aws_call_send_renewed(struct aws_call *call)
{
    credentials_get(call->client->credentials, on_renewed, call);
}

void aws_call_go_on(struct aws_call *call)
{
    struct aws_client *client = call->client;
    struct error error;

    if (!aws_endpoint_find(&client->place, call->service, &call->arena, &call->endpoint, &error)) {
        aws_call_fail_early(call, &error);
        return;
    }
    credentials_get(client->credentials, on_credentials, call);
}

/* ---- start ---- */

static struct aws_call *call_new(struct aws_client *client, enum aws_service service, aws_done done,
                                 void *owner)
{
    struct aws_call *call = memory_new(sizeof(*call));

    call->client = client;
    call->service = service;
    call->number = ++client->last_number;
    call->timeout_ms = CALL_TIMEOUT_MS;
    call->done = done;
    call->owner = owner;
    arena_init(&call->arena);
    (void)uv_timer_init(client->wake.loop, &call->retry);
    call->retry.data = call;
    LIST_INSERT_HEAD(&client->calls, call, in_client);
    aws_client_wake(client);
    return call;
}

/* By AWS's own naming rule; the writes that we know all begin otherwise. */
static bool action_reads(const char *action)
{
    return strncmp(action, "Describe", strlen("Describe")) == 0 ||
           strncmp(action, "Get", strlen("Get")) == 0;
}

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    struct aws_call *call = call_new(client, service, done, owner);
    const char *action = "";

    for (size_t i = 0; i < parameter_count; i++) {
        if (strcmp(parameters[i].name, "Action") == 0) {
            action = parameters[i].value;
        }
    }
    call->content_type = SIGNED_POST_FORM;
    call->body = form_encode(parameters, parameter_count, &call->arena);
    call->action = aws_client_action(client, action);
    call->repeatable = action_reads(action);
    return call;
}

struct aws_call *aws_call_start_json(struct aws_client *client,
                                     const struct aws_json_request *request, aws_done done,
                                     void *owner)
{
    struct aws_call *call = call_new(client, request->service, done, owner);
    const char *dot = strrchr(request->target, '.');

    call->content_type = SIGNED_POST_JSON;
    call->target = arena_string(&call->arena, request->target);
    call->body = arena_string(&call->arena, request->body);
    call->action = aws_client_action(client, dot == NULL ? request->target : dot + 1);
    if (request->timeout_ms > 0) {
        call->timeout_ms = request->timeout_ms;
    }
    return call;
}

void aws_call_cancel(struct aws_call *call)
{
    aws_call_free(call);
}
