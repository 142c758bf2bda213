/* SPDX-License-Identifier: MIT */

/*
 * server/serving.h - what the listeners of one worker share: the table and the counters.
 *
 * Belongs to the worker's thread; the worker changes `snapshot` between packets.
 */

#ifndef SERVER_SERVING_H
#define SERVER_SERVING_H

#include <netinet/in.h>
#include <stddef.h>

#include "server/counters.h"
#include "server/respond.h"

struct serving {
    struct snapshot *snapshot; /* one reference */
    struct counters counters;
};

/* The client's address without its port; length 0 for a family that is neither. */
struct address serving_client(const struct sockaddr_storage *peer);

/*
 * Answer one request and count it. As respond(): part_count 0 means that nothing is sent.
 */
void serving_respond(struct serving *serving, struct response *response, const uint8_t *request,
                     size_t request_length, enum transport transport, const struct address *client);

#endif
