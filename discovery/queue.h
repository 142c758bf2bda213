/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue.h - pokes out of an SQS queue: any message means "look now".
 *
 * One long poll (ReceiveMessage, SQS API reference) follows the other. What a message says is not
 * read: EventBridge, Auto Scaling and SNS each write another shape, deliver twice, late and out of
 * order, and the look that follows sees the truth anyway. Messages are deleted in batches of ten;
 * those that SQS does not delete are tried again. A queue that is missing or forbidden is told
 * once, and asked again with growing waits, as is one whose messages cannot be deleted: polling
 * goes on without it. Main loop only.
 */

#ifndef DISCOVERY_QUEUE_H
#define DISCOVERY_QUEUE_H

#include <uv.h>

#include "discovery/aws/call.h"

struct queue_settings {
    const char *name; /* of the source, for the log: "main" */
    const char *url;  /* "https://sqs.eu-west-1.amazonaws.com/123456789012/rollcall" */
};

struct queue_listener {
    void *owner;
    void (*on_message)(void *owner); /* at least one came: the source should look */
};

/* How the queue has done so far. */
struct queue_past {
    uint64_t message_count;
    uint64_t failure_count;  /* receives and deletes that failed */
    struct error last_error; /* why the newest receive failed; "" when it did not */
};

struct queue;

/* `client` and `settings` are borrowed and outlive the queue. Asks at once. */
struct queue *queue_new(uv_loop_t *loop, struct aws_client *client,
                        const struct queue_settings *settings,
                        const struct queue_listener *listener);

const struct queue_past *queue_past(const struct queue *queue);

/* End the long poll; no callback comes after this. Frees itself once its handles are closed. NULL
 * does nothing. */
void queue_stop(struct queue *queue);

#endif
