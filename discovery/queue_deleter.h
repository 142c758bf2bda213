/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_deleter.h - takes messages that were received off an SQS queue.
 *
 * One DeleteMessageBatch at a time, beside the receives. What SQS does not delete is tried again
 * a few times, a while later, and then left: the message comes again when its visibility ends.
 * Main loop only.
 */

#ifndef DISCOVERY_QUEUE_DELETER_H
#define DISCOVERY_QUEUE_DELETER_H

#include "discovery/queue.h"

enum {
    /* Of one message; all fall within its visibility, when its handle counts for sure. */
    QUEUE_DELETE_ATTEMPTS = 3,
    /* Messages that wait to be deleted. More are left to come again: SQS keeps them, not we. */
    QUEUE_DELETE_BACKLOG = 1000,
};

struct queue_deleter;

/* Everything is borrowed until the stop. `failure_count` is counted up by each call that failed. */
struct queue_deleter *queue_deleter_new(uv_loop_t *loop, struct aws_client *client,
                                        const struct queue_settings *settings,
                                        uint64_t *failure_count);

/* Receipt handles; they are copied. */
void queue_deleter_add(struct queue_deleter *deleter, const char *const *handles, size_t count);

/* How many calls in a row have not deleted all that they should. */
unsigned queue_deleter_failures(const struct queue_deleter *deleter);

/* Ends what is under way, and forgets what waits. Frees itself once its handles are closed. */
void queue_deleter_stop(struct queue_deleter *deleter);

#endif
