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
#include "server/rate_limit.h"
#include "server/respond.h"
#include "server/seen.h"
#include "server/socket.h"

struct serving {
    struct snapshot *snapshot; /* one reference */
    struct respond_rules rules;
    uint32_t now_s; /* Unix time of the last serving_tick() */
    struct counters counters;
    struct seen_table *seen;           /* NULL: nothing is noted */
    struct rate_limit *rate_limit;     /* NULL: strangers get as much as they ask for */
    const struct socket_pair *listens; /* what all of the worker's sockets are bound to */
    size_t listen_count;
};

/* Requests come in: know what time it is. Once a batch, before serving_respond(). */
void serving_tick(struct serving *serving);

/* The client's address without its port; length 0 for a family that is neither. */
struct address serving_client(const struct sockaddr_storage *peer);

/*
 * The hash of a request's name, for snapshot_prefetch(). False when there is none to be read, which
 * says nothing about the request.
 */
bool serving_name_hash(const uint8_t *request, size_t length, uint32_t *hash);

/*
 * Answer one request and count it. As respond(): part_count 0 means that nothing is sent. Over TCP
 * the answer is counted as well; over UDP serving_count() does that when it has left. Then
 * serving_note() follows.
 */
void serving_respond(struct serving *serving, struct response *response, const uint8_t *request,
                     size_t request_length, enum transport transport, const struct address *client);

/*
 * Whether a response over UDP may go to this client: strangers get so many a second. It may come
 * back truncated. False: it is dropped, and counted.
 */
bool serving_admit(struct serving *serving, struct response *response, const struct address *client,
                   int64_t now_ms);

/* serving_note() follows for this response: ask for the memory that it needs. */
void serving_note_prefetch(const struct serving *serving, const struct response *response,
                           const struct address *client, uint16_t port);

/* The response has left over UDP: count it. */
void serving_count(struct serving *serving, const struct response *response);

/*
 * The response has left: note which generation of a cluster the client got, if of any. `port` as
 * in seen_note(). The snapshot that was answered from must still be there.
 */
void serving_note(struct serving *serving, const struct response *response,
                  const struct address *client, uint16_t port, int64_t now_ms);

#endif
