/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_reply.h - what SQS answers, in its JSON protocol. Pure; any thread.
 */

#ifndef DISCOVERY_QUEUE_REPLY_H
#define DISCOVERY_QUEUE_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/queue_request.h"
#include "zones/arena.h"
#include "zones/error.h"

/* The messages of one answer. What they say is of no interest. */
struct queue_messages {
    size_t count;
    const char **handles; /* receipt handles of those that have one; in the caller's arena */
    size_t handle_count;
};

/* An answer without messages has no "Messages". False when it is none of ReceiveMessage. */
bool queue_messages_parse(const char *body, size_t length, struct arena *arena,
                          struct queue_messages *messages, struct error *error);

/* What became of the entries of a batch. */
struct queue_deletion {
    bool is_deleted[QUEUE_BATCH_MAX];
    struct error first_failure; /* why SQS did not delete one; "" when it told of none */
};

/*
 * Only what stands under "Successful" is deleted: an entry that SQS does not mention is tried
 * again, which does no harm. Ids that we did not send are passed over. False when the answer is
 * none of DeleteMessageBatch.
 */
bool queue_deletion_parse(const char *body, size_t length, struct queue_deletion *deletion,
                          struct error *error);

#endif
