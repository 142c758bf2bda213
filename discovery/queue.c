/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue.c - receive, poke, hand over to the deleter, receive. Either the timer runs or a
 * receive is under way.
 */

#include "discovery/queue.h"

#include <stdlib.h>

#include "discovery/backoff.h"
#include "discovery/log.h"
#include "discovery/queue_deleter.h"
#include "discovery/queue_reply.h"
#include "discovery/queue_request.h"
#include "zones/arena.h"

enum {
    /* The long poll itself, and time for a slow answer on top. */
    RECEIVE_TIMEOUT_MS = 35 * 1000,
    /* After failures: 1, 2, 4 ... 60 s, each with full jitter. */
    RECEIVE_RETRY_MS = 1000,
    RECEIVE_RETRY_LIMIT = 60,
    /* Between the starts of receives that bring nothing: something between us and SQS may cut long
     * polls short. */
    RECEIVE_EMPTY_GAP_MS = 1000,
};

struct queue {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct aws_client *client;
    const struct queue_settings *settings;
    struct queue_listener listener;
    struct queue_deleter *deleter;
    struct queue_past past;
    struct aws_call *call; /* NULL: none under way */
    int64_t started_ms;
    unsigned failures;
    unsigned told_kinds; /* bits of aws_failure_kind that were told since it last worked */
};

static void on_received(void *owner, const struct aws_result *result);

static void receive_start(struct queue *queue)
{
    char *body = queue_receive_body(queue->settings->url);

    queue->started_ms = (int64_t)uv_now(queue->loop);
    queue->call = aws_call_start_json(queue->client,
                                      &(struct aws_json_request){.service = AWS_SQS,
                                                                 .target = QUEUE_RECEIVE_TARGET,
                                                                 .body = body,
                                                                 .timeout_ms = RECEIVE_TIMEOUT_MS},
                                      on_received, queue);
    free(body);
}

static void on_timer(uv_timer_t *timer)
{
    receive_start(timer->data);
}

static void receive_at(struct queue *queue, int64_t due_ms)
{
    int64_t now_ms = (int64_t)uv_now(queue->loop);

    uv_timer_start(&queue->timer, on_timer, due_ms > now_ms ? (uint64_t)(due_ms - now_ms) : 0, 0);
}

static void receive_later(struct queue *queue, unsigned failures)
{
    static const struct backoff backoff = {RECEIVE_RETRY_MS, RECEIVE_RETRY_LIMIT};

    receive_at(queue, backoff_next_ms(&backoff, queue->started_ms, (int64_t)uv_now(queue->loop),
                                      failures, arc4random()));
}

static void receive_fail(struct queue *queue, enum aws_failure_kind kind, const struct error *error)
{
    bool is_final = kind == AWS_DENIED || kind == AWS_OTHER;

    queue->past.failure_count++;
    queue->past.last_error = *error;
    queue->failures++;
    receive_later(queue, queue->failures);
    if ((queue->told_kinds & (1U << kind)) == 0) {
        queue->told_kinds |= 1U << kind;
        log_event(is_final ? LEVEL_ERROR : LEVEL_WARNING, "queue cannot be read, polling goes on",
                  log_text("source", queue->settings->name),
                  log_text("queue", queue->settings->url), log_text("error", error->text));
    }
}

static void receive_succeed(struct queue *queue, const struct queue_messages *messages)
{
    unsigned undeleted = queue_deleter_failures(queue->deleter);

    if (queue->told_kinds != 0) {
        queue->told_kinds = 0;
        log_event(LEVEL_NOTICE, "queue is read again", log_text("source", queue->settings->name),
                  log_text("queue", queue->settings->url));
    }
    queue->failures = 0;
    queue->past.last_error.text[0] = '\0';
    queue->past.message_count += messages->count;
    if (messages->count == 0) {
        receive_at(queue, queue->started_ms + RECEIVE_EMPTY_GAP_MS);
    } else if (undeleted == 0) {
        receive_at(queue, 0);
    } else {
        /* Those that stay come again and again, and each time as a poke. */
        receive_later(queue, undeleted);
    }
    queue_deleter_add(queue->deleter, messages->handles, messages->handle_count);
}

/* The listener is called last: it may stop us. */
static void on_received(void *owner, const struct aws_result *result)
{
    struct queue *queue = owner;
    struct queue_messages messages;
    struct arena arena;
    struct error error;
    bool has_message = false;

    queue->call = NULL;
    arena_init(&arena);
    if (result->failure != NULL) {
        receive_fail(queue, result->failure->kind, &result->failure->error);
    } else if (!queue_messages_parse(result->body, result->body_length, &arena, &messages,
                                     &error)) {
        (void)error_prefix(&error, "sqs: its answer to ReceiveMessage");
        receive_fail(queue, AWS_SERVER, &error);
    } else {
        has_message = messages.count > 0;
        receive_succeed(queue, &messages);
    }
    arena_free(&arena);
    if (has_message) {
        queue->listener.on_message(queue->listener.owner);
    }
}

struct queue *queue_new(uv_loop_t *loop, struct aws_client *client,
                        const struct queue_settings *settings,
                        const struct queue_listener *listener)
{
    struct queue *queue = memory_new(sizeof(*queue));

    *queue =
        (struct queue){.loop = loop, .client = client, .settings = settings, .listener = *listener};
    uv_timer_init(loop, &queue->timer);
    queue->timer.data = queue;
    queue->deleter = queue_deleter_new(loop, client, settings, &queue->past.failure_count);
    receive_start(queue);
    return queue;
}

const struct queue_past *queue_past(const struct queue *queue)
{
    return &queue->past;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void queue_stop(struct queue *queue)
{
    if (queue == NULL) {
        return;
    }
    if (queue->call != NULL) {
        aws_call_cancel(queue->call);
        queue->call = NULL;
    }
    queue_deleter_stop(queue->deleter);
    uv_close((uv_handle_t *)&queue->timer, on_timer_closed);
}
