/* SPDX-License-Identifier: MIT */

/*
 * server/respond.h - from a request to the parts of its response. Pure, no allocation.
 *
 * A response is three runs of octets: header and question (written here, per query), records
 * (shared, from the snapshot; only a target's TXT record is written here), OPT (written here). A
 * refused signature comes back after OPT, in place of records.
 * The parts stay valid while the snapshot, the request's octets and the `struct response` are.
 */

#ifndef SERVER_RESPOND_H
#define SERVER_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "server/cookie.h"
#include "server/edns.h"
#include "zones/address.h"
#include "zones/answer.h"
#include "zones/snapshot.h"

enum {
    RESPONSE_PARTS = 3,
    /* header, the longest name, type and class */
    RESPONSE_HEAD_SIZE = HEADER_LENGTH + NAME_MAX_LENGTH + 4,
    UDP_PLAIN_SIZE = 512,     /* without EDNS, RFC 1035 section 4.2.1 */
    UDP_STRANGER_SIZE = 1232, /* to clients outside allow-query: no amplification */
    UDP_MAX_SIZE = 65507,     /* what one IPv4 datagram carries: 65,535 - 20 - 8 */
};

enum transport { TRANSPORT_UDP, TRANSPORT_TCP };

/* What the operator lets us tell. Zeroed: no cookies, no name, no keepalive. */
struct respond_rules {
    bool has_cookies;
    struct cookie_secrets cookies;
    uint8_t nsid[EDNS_NSID_MAX]; /* our name, for those who ask for it (RFC 5001) */
    uint8_t nsid_length;
    uint16_t keepalive; /* how long a connection may be idle, in units of 100 ms (RFC 7828) */
};

/* What a response is made from beside the request. Borrowed for the call. */
struct respond_basis {
    const struct snapshot *snapshot;
    const struct respond_rules *rules; /* NULL: as zeroed ones */
    uint32_t now_s;                    /* Unix time; only cookies need it */
};

struct response {
    struct iovec parts[RESPONSE_PARTS];
    size_t part_count; /* 0: send nothing */
    size_t length;     /* of all parts */
    uint16_t rcode;    /* extended, for counting */
    bool is_truncated;
    bool is_stranger; /* to a client outside allow-query that shows no valid cookie: limited in rate
                         and size over UDP */
    const struct cluster_mark *mark; /* of the cluster whose SRV records it holds; NULL: none, or it
                                        is longer than what the client says it takes */
    uint8_t head[RESPONSE_HEAD_SIZE];
    bool has_cookie; /* OPT holds one: the client uses cookies */
    uint8_t opt[EDNS_OPT_MAX];
    struct lookup_room room; /* for records that no other response shares */
};

/*
 * Answer one request from `client`, of any length. Over UDP the response is never longer than the
 * client takes (EDNS size, else 512) nor than the zone's udp-size; over TCP it may have 65,535
 * octets, whatever size the client names, because RFC 6891 section 6.2.3 speaks of UDP alone.
 * Clients that the zone's allow-query does not name get REFUSED. Any thread.
 */
void respond(struct response *response, const struct respond_basis *basis, const uint8_t *request,
             size_t request_length, enum transport transport, const struct address *client);

/*
 * Make what respond() made over UDP a response without records that has TC set: somebody who is
 * really there comes back over TCP. A client that uses cookies gets BADCOOKIE instead, and comes
 * back with the cookie that is in it (RFC 7873 section 5.2.3). Never longer than before. Not for a
 * response that sends nothing.
 */
void respond_slip(struct response *response);

#endif
