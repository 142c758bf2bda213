/* SPDX-License-Identifier: MIT */

/*
 * server/serving.h - what the listeners of one worker share: the table, the counters, and who has
 * seen what.
 *
 * Belongs to the worker's thread; the worker changes `snapshot` between packets.
 */

#ifndef SERVER_SERVING_H
#define SERVER_SERVING_H

#include <netinet/in.h>
#include <stddef.h>

#include "server/counters.h"
#include "server/respond.h"
#include "server/seen.h"

struct serving {
    struct snapshot *snapshot; /* one reference */
    struct counters counters;
    struct seen_table *seen; /* NULL: nothing is noted */
};

/* The client's address without its port; length 0 for a family that is neither. */
struct address serving_client(const struct sockaddr_storage *peer);

/*
 * Answer one request and count it. As respond(): part_count 0 means that nothing is sent. Once the
 * response has been sent serving_note() follows.
 */
void serving_respond(struct serving *serving, struct response *response, const uint8_t *request,
                     size_t request_length, enum transport transport, const struct address *client);

/*
 * The response has left: note which generation of a cluster the client got, if of any. `port` as
 * in seen_note(). The snapshot that was answered from must still be there.
 */
void serving_note(struct serving *serving, const struct response *response,
                  const struct address *client, uint16_t port, int64_t now_ms);

#endif
