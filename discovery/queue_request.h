/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_request.h - bodies of requests to SQS, in its JSON protocol (SQS API reference,
 * ReceiveMessage and DeleteMessageBatch). Pure; any thread.
 */

#ifndef DISCOVERY_QUEUE_REQUEST_H
#define DISCOVERY_QUEUE_REQUEST_H

#include <stddef.h>

enum {
    QUEUE_BATCH_MAX = 10, /* messages of a receive, entries of a batch: SQS takes no more */
    QUEUE_WAIT_S = 20,    /* the longest poll that SQS grants */
    /* Until a message that was not deleted comes again: longer than a look and the tries to delete
     * it take, short enough to be a reminder. */
    QUEUE_VISIBILITY_S = 30,
};

#define QUEUE_RECEIVE_TARGET "AmazonSQS.ReceiveMessage"
#define QUEUE_DELETE_TARGET "AmazonSQS.DeleteMessageBatch"

/* Owned by the caller. */
char *queue_receive_body(const char *url);

/* Deletes by receipt handle; an entry's Id is its index. `count` is 1 to QUEUE_BATCH_MAX. Owned by
 * the caller. */
char *queue_delete_body(const char *url, const char *const *handles, size_t count);

#endif
