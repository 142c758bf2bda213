/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/call_answer.c - what an answer means for its call: done, once more, or failed.
 */

#include "discovery/aws/client.h"
#include "discovery/aws/clock.h"
#include "discovery/aws/failure.h"
#include "discovery/log.h"

/* Date has whole seconds, and so has our clock. */
enum { DATE_TOLERANCE_S = 2 };

/* ---- time ---- */

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

/* ---- another try ---- */

static void on_retry(uv_timer_t *timer)
{
    aws_call_send_again(timer->data);
}

/* False when the failure is final. */
static bool retry_start(struct aws_call *call, const struct http_response *response)
{
    struct aws_client *client = call->client;
    enum retry_reason reason = retry_reason_of(&call->failure);
    unsigned tokens = response->timed_out ? RETRY_TIMEOUT_COST_TOKENS : RETRY_COST_TOKENS;
    int64_t wait_ms;

    if (!call->repeatable || reason == RETRY_NEVER || call->failures + 1 >= RETRY_TRIES_MAX ||
        !retry_quota_take(&client->quota, tokens)) {
        return false;
    }
    call->failures++;
    call->retry_tokens = tokens;
    wait_ms = retry_wait_ms(reason, call->failures, response->retry_after_ms, client->random());
    log_event(LEVEL_DEBUG, "call tried again",
              log_text("action", client->usage[call->action].action),
              log_number("wait_ms", wait_ms), log_text("error", call->failure.error.text));
    (void)uv_timer_start(&call->retry, on_retry, (uint64_t)wait_ms, 0);
    return true;
}

/* ---- answer ---- */

static void failure_count(const struct aws_call *call)
{
    struct aws_usage *usage = &call->client->usage[call->action];

    if (call->failure.kind == AWS_THROTTLED) {
        usage->throttles++;
    } else {
        usage->failures++;
    }
}

void aws_call_take_answer(void *owner, const struct http_response *response)
{
    struct aws_call *call = owner;
    struct aws_client *client = call->client;

    call->exchange = NULL;
    date_take(call, response->date_s);
    if (response->status == 200) {
        const struct aws_result result = {.body = response->body,
                                          .body_length = response->body_length};

        retry_quota_give(&client->quota, call->retry_tokens);
        aws_call_end(call, &result);
        return;
    }
    aws_failure_read(call->endpoint.signing_name, response, &call->failure);
    failure_count(call);
    if (!call->clock_corrected && aws_failure_may_be_clock(&call->failure) &&
        aws_clock_correct(client->environment, call->signed_offset_s, response->date_s,
                          &client->clock_offset_s)) {
        call->clock_corrected = true;
        aws_call_send_again(call);
    } else if (!call->credentials_renewed && call->failure.kind == AWS_EXPIRED) {
        call->credentials_renewed = true;
        credentials_invalidate(client->credentials);
        aws_call_send_renewed(call);
    } else if (!retry_start(call, response)) {
        aws_call_fail(call);
    }
}
