/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_queue_reply.c - any octets as what SQS answers: messages, and what became of a
 * batch of deletions.
 */

#include "discovery/queue_reply.h"
#include "tests/fuzz/reply.h"

static void messages_read(struct outcome *outcome, const char *body, size_t length)
{
    struct arena arena;
    struct queue_messages messages = {.count = 0};

    arena_init(&arena);
    outcome->is_taken = queue_messages_parse(body, length, &arena, &messages, &outcome->error);
    if (outcome->is_taken) {
        expect(messages.handle_count <= messages.count, "a message has one handle at most");
        outcome_add_number(outcome, (int64_t)messages.count);
        for (size_t i = 0; i < messages.handle_count; i++) {
            expect(messages.handles[i] != NULL, "a handle is a text");
            outcome_add(outcome, messages.handles[i]);
        }
    }
    arena_free(&arena);
}

/* What was received can be asked to be deleted, and stays below what SQS takes at once. */
static void deletion_write(const char *body, size_t length)
{
    struct arena arena;
    struct queue_messages messages = {.count = 0};

    arena_init(&arena);
    if (queue_messages_parse(body, length, &arena, &messages, NULL) && messages.handle_count > 0) {
        size_t count =
            messages.handle_count < QUEUE_BATCH_MAX ? messages.handle_count : QUEUE_BATCH_MAX;

        free(queue_delete_body("http://127.0.0.1/1/q", messages.handles, count));
    }
    arena_free(&arena);
}

static void deletion_read(struct outcome *outcome, const char *body, size_t length)
{
    struct queue_deletion deletion = {.first_failure = {""}};

    outcome->is_taken = queue_deletion_parse(body, length, &deletion, &outcome->error);
    if (outcome->is_taken) {
        for (size_t i = 0; i < QUEUE_BATCH_MAX; i++) {
            outcome_add_number(outcome, deletion.is_deleted[i]);
        }
        outcome_add(outcome, deletion.first_failure.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(messages_read, octets, length);
    reply_try(deletion_read, octets, length);
    deletion_write((const char *)octets, length);
    return 0;
}
