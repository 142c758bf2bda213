/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_deleter.c - a line of handles; the first ten are those of the call under way.
 */

#include "discovery/queue_deleter.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/backoff.h"
#include "discovery/log.h"
#include "discovery/queue_reply.h"
#include "discovery/queue_request.h"
#include "zones/arena.h"

/* A message's tries, at most 4 s apart, are over before QUEUE_VISIBILITY_S. */
enum { DELETE_TIMEOUT_MS = 5000, DELETE_RETRY_MS = 1000, DELETE_RETRY_LIMIT = 4 };

/* A message that is to be deleted. */
struct spent {
    char *handle;
    unsigned attempts; /* that failed */
};

struct queue_deleter {
    uv_loop_t *loop;
    uv_timer_t timer; /* runs while failed ones wait for another try */
    struct aws_client *client;
    const struct queue_settings *settings;
    uint64_t *failure_count;
    struct aws_call *call; /* NULL: none under way */
    struct spent line[QUEUE_DELETE_BACKLOG];
    size_t count;
    size_t sent_count; /* of the line's beginning: in the call under way */
    unsigned failures; /* calls in a row */
    bool is_failure_told;
};

static void on_deleted(void *owner, const struct aws_result *result);

static void batch_send(struct queue_deleter *deleter)
{
    const char *handles[QUEUE_BATCH_MAX];
    char *body = NULL;

    if (deleter->call != NULL || deleter->count == 0 ||
        uv_is_active((uv_handle_t *)&deleter->timer)) {
        return;
    }
    deleter->sent_count = deleter->count < QUEUE_BATCH_MAX ? deleter->count : QUEUE_BATCH_MAX;
    for (size_t i = 0; i < deleter->sent_count; i++) {
        handles[i] = deleter->line[i].handle;
    }
    body = queue_delete_body(deleter->settings->url, handles, deleter->sent_count);
    deleter->call = aws_call_start_json(deleter->client,
                                        &(struct aws_json_request){.service = AWS_SQS,
                                                                   .target = QUEUE_DELETE_TARGET,
                                                                   .body = body,
                                                                   .timeout_ms = DELETE_TIMEOUT_MS},
                                        on_deleted, deleter);
    free(body);
}

static void on_timer(uv_timer_t *timer)
{
    batch_send(timer->data);
}

/* Those that were sent leave the line, or go to its end when another try is left. */
static void batch_settle(struct queue_deleter *deleter, const struct queue_deletion *deletion)
{
    struct spent sent[QUEUE_BATCH_MAX];
    size_t sent_count = deleter->sent_count;

    memcpy(sent, deleter->line, sent_count * sizeof(sent[0]));
    deleter->count -= sent_count;
    memmove(deleter->line, deleter->line + sent_count, deleter->count * sizeof(sent[0]));
    deleter->sent_count = 0;
    for (size_t i = 0; i < sent_count; i++) {
        sent[i].attempts++;
        if (deletion->is_deleted[i] || sent[i].attempts == QUEUE_DELETE_ATTEMPTS) {
            free(sent[i].handle);
        } else {
            deleter->line[deleter->count++] = sent[i];
        }
    }
}

static void failure_tell(struct queue_deleter *deleter, const struct error *error)
{
    if (!deleter->is_failure_told) {
        deleter->is_failure_told = true;
        log_event(LEVEL_WARNING, "messages were not deleted from the queue, they come again",
                  log_text("source", deleter->settings->name),
                  log_text("queue", deleter->settings->url), log_text("error", error->text));
    }
}

static void on_deleted(void *owner, const struct aws_result *result)
{
    static const struct backoff backoff = {DELETE_RETRY_MS, DELETE_RETRY_LIMIT};
    struct queue_deleter *deleter = owner;
    struct queue_deletion deletion = {0};
    struct error error;
    int64_t now_ms = (int64_t)uv_now(deleter->loop);

    deleter->call = NULL;
    if (result->failure != NULL) {
        error = result->failure->error;
    } else if (queue_deletion_parse(result->body, result->body_length, &deletion, &error)) {
        error = deletion.first_failure;
        for (size_t i = 0; i < deleter->sent_count; i++) {
            if (!deletion.is_deleted[i] && error.text[0] == '\0') {
                (void)error_set(&error, "SQS does not say what became of entry %zu", i);
            }
        }
    }
    batch_settle(deleter, &deletion);
    if (error.text[0] == '\0') {
        deleter->failures = 0;
        deleter->is_failure_told = false;
    } else {
        deleter->failures++;
        ++*deleter->failure_count;
        failure_tell(deleter, &error);
        uv_timer_start(
            &deleter->timer, on_timer,
            (uint64_t)(backoff_next_ms(&backoff, now_ms, now_ms, deleter->failures, arc4random()) -
                       now_ms),
            0);
    }
    batch_send(deleter);
}

struct queue_deleter *queue_deleter_new(uv_loop_t *loop, struct aws_client *client,
                                        const struct queue_settings *settings,
                                        uint64_t *failure_count)
{
    struct queue_deleter *deleter = memory_new(sizeof(*deleter));

    deleter->loop = loop;
    deleter->client = client;
    deleter->settings = settings;
    deleter->failure_count = failure_count;
    uv_timer_init(loop, &deleter->timer);
    deleter->timer.data = deleter;
    return deleter;
}

void queue_deleter_add(struct queue_deleter *deleter, const char *const *handles, size_t count)
{
    for (size_t i = 0; i < count && deleter->count < QUEUE_DELETE_BACKLOG; i++) {
        deleter->line[deleter->count++] = (struct spent){.handle = memory_string(handles[i])};
    }
    batch_send(deleter);
}

unsigned queue_deleter_failures(const struct queue_deleter *deleter)
{
    return deleter->failures;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void queue_deleter_stop(struct queue_deleter *deleter)
{
    if (deleter->call != NULL) {
        aws_call_cancel(deleter->call);
        deleter->call = NULL;
    }
    for (size_t i = 0; i < deleter->count; i++) {
        free(deleter->line[i].handle);
    }
    deleter->count = 0;
    uv_close((uv_handle_t *)&deleter->timer, on_timer_closed);
}
