/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_writer.c - one call after the other, over a stack of spans of ids.
 *
 * The span on top is asked for; a span with a bad id in it gives way to its two halves. One timer
 * starts calls, waits between attempts, and tells the end, so that the owner is never called from
 * within its own call, nor on the AWS client's stack.
 */

#include "discovery/tag_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "discovery/backoff.h"
#include "discovery/tag_request.h"
#include "zones/arena.h"

/* EC2's tag bucket fills again with 10 calls a second for the whole account; the SDKs wait about
 * a second after the first throttle, and no longer than 20. */
static const struct backoff RETRY = {.interval_ms = 1000, .limit = 16};

struct span {
    size_t first;
    size_t count;
    unsigned attempts;
    bool is_doubtful; /* an attempt ended in a server error: it may have taken effect */
};

struct tag_writer {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct aws_client *client;
    struct aws_call *call; /* NULL: none under way */
    struct arena arena;    /* the copied order */
    struct tag_order order;
    enum tag_outcome *outcomes;
    struct span *spans; /* the next one is last */
    size_t span_count;
    struct error error;
    tag_writer_done done;
    void *owner;
};

static void on_timer(uv_timer_t *timer);

static void step_after(struct tag_writer *writer, int64_t wait_ms)
{
    uv_timer_start(&writer->timer, on_timer, (uint64_t)wait_ms, 0);
}

static void span_settle(struct tag_writer *writer, enum tag_outcome outcome)
{
    const struct span span = writer->spans[--writer->span_count];

    if (outcome == TAG_REFUSED && span.is_doubtful) {
        outcome = TAG_UNKNOWN;
    }
    for (size_t i = 0; i < span.count; i++) {
        writer->outcomes[span.first + i] = outcome;
    }
}

/* The first failure is the one that is told: what follows is often its consequence. */
static void error_keep(struct tag_writer *writer, const struct error *error)
{
    if (writer->error.text[0] == '\0') {
        writer->error = *error;
    }
}

/* The spans below stay TAG_NOT_TRIED. */
static void writing_end(struct tag_writer *writer, enum tag_outcome outcome)
{
    span_settle(writer, outcome);
    writer->span_count = 0;
}

static void span_split(struct tag_writer *writer)
{
    struct span *span = &writer->spans[writer->span_count - 1];
    const struct span whole = *span;
    size_t half = whole.count / 2;

    writer->spans = memory_grow(writer->spans, writer->span_count + 1, sizeof(*writer->spans));
    writer->spans[writer->span_count - 1] = (struct span){
        .first = whole.first + half, .count = whole.count - half, .is_doubtful = whole.is_doubtful};
    writer->spans[writer->span_count++] =
        (struct span){.first = whole.first, .count = half, .is_doubtful = whole.is_doubtful};
}

static bool is_about_an_id(const struct aws_failure *failure)
{
    static const char *const codes[] = {"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed",
                                        "InvalidID", "InvalidID.NotFound"};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(failure->code, codes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void bad_id_take(struct tag_writer *writer, const struct aws_failure *failure)
{
    if (writer->spans[writer->span_count - 1].count > 1) {
        span_split(writer);
        return;
    }
    error_keep(writer, &failure->error);
    span_settle(writer, TAG_NOT_FOUND);
}

static int64_t retry_wait_ms(const struct tag_writer *writer, unsigned attempts)
{
    int64_t now_ms = (int64_t)uv_now(writer->loop);
    uint32_t random = UINT32_MAX;

    /* Without entropy yet the wait is the longest one, which is never wrong. */
    (void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
    return backoff_next_ms(&RETRY, now_ms, now_ms, attempts, random) - now_ms;
}

/* Returns the wait before the next attempt; 0 when that was the last one. */
static int64_t trouble_take(struct tag_writer *writer, const struct aws_failure *failure)
{
    struct span *span = &writer->spans[writer->span_count - 1];

    span->is_doubtful = span->is_doubtful || failure->kind == AWS_SERVER;
    span->attempts++;
    if (span->attempts < TAG_WRITE_ATTEMPTS) {
        return retry_wait_ms(writer, span->attempts);
    }
    error_keep(writer, &failure->error);
    (void)error_prefix(&writer->error, "given up after %d attempts", TAG_WRITE_ATTEMPTS);
    writing_end(writer, TAG_REFUSED);
    return 0;
}

static void refusal_take(struct tag_writer *writer, const struct aws_failure *failure)
{
    struct error error = failure->error;

    if (failure->kind == AWS_DENIED) {
        (void)error_prefix(&error, "no right to write tags (ec2:%s)",
                           tag_request_action(&writer->order));
    }
    error_keep(writer, &error);
    writing_end(writer, failure->kind == AWS_TRANSPORT ? TAG_UNKNOWN : TAG_REFUSED);
}

static void on_reply(void *owner, const struct aws_result *result)
{
    struct tag_writer *writer = owner;
    const struct aws_failure *failure = result->failure;
    int64_t wait_ms = 0;

    writer->call = NULL;
    if (failure == NULL) {
        span_settle(writer, TAG_WRITTEN);
    } else if (is_about_an_id(failure)) {
        bad_id_take(writer, failure);
    } else if (failure->kind == AWS_THROTTLED || failure->kind == AWS_SERVER) {
        wait_ms = trouble_take(writer, failure);
    } else {
        refusal_take(writer, failure);
    }
    step_after(writer, wait_ms);
}

static void on_closed(uv_handle_t *handle)
{
    struct tag_writer *writer = handle->data;

    arena_free(&writer->arena);
    free(writer->spans);
    free(writer);
}

static void on_timer(uv_timer_t *timer)
{
    struct tag_writer *writer = timer->data;
    struct tag_request request;
    struct arena arena;
    struct error error;

    if (writer->span_count == 0) {
        uv_close((uv_handle_t *)timer, on_closed);
        writer->done(writer->owner, writer->outcomes, &writer->error);
        return;
    }
    const struct span *span = &writer->spans[writer->span_count - 1];
    arena_init(&arena);
    if (tag_request_build(&request, &writer->order, span->first, span->count, &arena, &error)) {
        writer->call = aws_call_start(writer->client, AWS_EC2, request.parameters, request.count,
                                      on_reply, writer);
    } else {
        error_keep(writer, &error);
        writing_end(writer, TAG_REFUSED);
        step_after(writer, 0);
    }
    arena_free(&arena);
}

static void order_copy(struct tag_writer *writer, const struct tag_order *order)
{
    const char **ids = arena_array(&writer->arena, order->id_count, sizeof(*ids));
    struct tag *tags = arena_array(&writer->arena, order->tag_count, sizeof(*tags));

    for (size_t i = 0; i < order->id_count; i++) {
        ids[i] = arena_string(&writer->arena, order->ids[i]);
    }
    for (size_t i = 0; i < order->tag_count; i++) {
        tags[i] = (struct tag){arena_string(&writer->arena, order->tags[i].key),
                               arena_string(&writer->arena, order->tags[i].value)};
    }
    writer->order = (struct tag_order){
        .ids = ids, .id_count = order->id_count, .tags = tags, .tag_count = order->tag_count};
    writer->outcomes = arena_array(&writer->arena, order->id_count, sizeof(*writer->outcomes));
    for (size_t i = 0; i < order->id_count; i++) {
        writer->outcomes[i] = TAG_NOT_TRIED;
    }
}

/* Full spans, the first one on top. */
static void spans_make(struct tag_writer *writer)
{
    size_t count = (writer->order.id_count + TAG_WRITE_MAX - 1) / TAG_WRITE_MAX;

    writer->spans = memory_new((count + 1) * sizeof(*writer->spans));
    writer->span_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t first = i * TAG_WRITE_MAX;
        size_t left = writer->order.id_count - first;

        writer->spans[count - 1 - i] =
            (struct span){.first = first, .count = left < TAG_WRITE_MAX ? left : TAG_WRITE_MAX};
    }
}

struct tag_writer *tag_writer_start(uv_loop_t *loop, struct aws_client *client,
                                    const struct tag_order *order, tag_writer_done done,
                                    void *owner)
{
    struct tag_writer *writer = memory_new(sizeof(*writer));

    *writer = (struct tag_writer){.loop = loop, .client = client, .done = done, .owner = owner};
    arena_init(&writer->arena);
    order_copy(writer, order);
    spans_make(writer);
    uv_timer_init(loop, &writer->timer);
    writer->timer.data = writer;
    step_after(writer, 0);
    return writer;
}

void tag_writer_cancel(struct tag_writer *writer)
{
    if (writer->call != NULL) {
        aws_call_cancel(writer->call);
    }
    uv_close((uv_handle_t *)&writer->timer, on_closed);
}

const char *tag_outcome_name(enum tag_outcome outcome)
{
    static const char *const names[] = {
        [TAG_WRITTEN] = "written", [TAG_NOT_FOUND] = "not found", [TAG_REFUSED] = "refused",
        [TAG_UNKNOWN] = "unknown", [TAG_NOT_TRIED] = "not tried",
    };

    return names[outcome];
}
