/* SPDX-License-Identifier: MIT */

/*
 * server/edns.h - the options of OPT, the one record that a client sends along: what a request
 * asks for by them, and the record that goes back (RFC 6891).
 *
 * Pure, in place, no allocation. Any thread.
 */

#ifndef SERVER_EDNS_H
#define SERVER_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/cookie.h"

enum edns_option {
    EDNS_OPTION_NSID = 3,       /* RFC 5001 */
    EDNS_OPTION_COOKIE = 10,    /* RFC 7873 */
    EDNS_OPTION_KEEPALIVE = 11, /* RFC 7828 */
    EDNS_OPTION_ERROR = 15,     /* RFC 8914 */
};

/* The extended errors that we tell (RFC 8914 section 4). */
enum edns_error {
    EDNS_ERROR_NONE = -1,
    EDNS_ERROR_STALE_ANSWER = 3,
    EDNS_ERROR_NOT_READY = 14,
    EDNS_ERROR_PROHIBITED = 18,
    EDNS_ERROR_STALE_NXDOMAIN = 19,
    EDNS_ERROR_NOT_AUTHORITATIVE = 20,
};

enum {
    EDNS_OPTION_HEADER = 4, /* code and length, RFC 6891 section 6.1.2 */
    EDNS_OPT_FIXED = 11,    /* OPT without options */
    /* In a request: as many as fit into what comes in at most (TCP_REQUEST_SIZE). 65,535 octets
     * hold sixteen times as many, which take 50 us to walk over. */
    EDNS_OPTIONS_MAX = 1024,
    EDNS_NSID_MAX = 64, /* ours; together with the longest question it leaves 512 octets room */
    EDNS_ERROR_LENGTH = EDNS_OPTION_HEADER + 2, /* the code alone, without a text */
    EDNS_OPT_MAX = EDNS_OPT_FIXED + (EDNS_OPTION_HEADER + EDNS_NSID_MAX) +
                   (EDNS_OPTION_HEADER + COOKIE_LENGTH) + (EDNS_OPTION_HEADER + 2) +
                   EDNS_ERROR_LENGTH,
};

/* What the options of a request say; all that we do not know is ignored. */
struct edns_request {
    const uint8_t *cookie;    /* of the first COOKIE option, borrowed; NULL: there is none */
    uint8_t cookie_length;    /* 8, or 16 to 40 */
    bool cookie_is_malformed; /* of any other length: FORMERR (RFC 7873 section 5.2.2) */
    bool wants_nsid;
    bool wants_keepalive; /* a time in it is ignored, as NSD, Knot and BIND do */
};

/* Whether it asks for nothing that we know of. */
static inline bool edns_request_is_empty(const struct edns_request *request)
{
    return request->cookie == NULL && !request->wants_nsid && !request->wants_keepalive;
}

/*
 * Read the options in the `length` octets of OPT's data. False, when they do not fill it exactly:
 * BIND, Knot and NSD all say FORMERR then; or are more than EDNS_OPTIONS_MAX. `request` is written
 * in either case.
 */
bool edns_request_read(struct edns_request *request, const uint8_t *options, size_t length);

/* The OPT of a response. What it points to is borrowed. */
struct edns_reply {
    uint16_t udp_size;     /* what we say that we take and send */
    uint16_t rcode;        /* extended: its upper eight bits stand in OPT */
    bool dnssec_ok;        /* the request's DO bit, to be copied (RFC 3225 section 3) */
    const uint8_t *cookie; /* COOKIE_LENGTH octets, NULL: none */
    const uint8_t *nsid;   /* `nsid_length` octets up to EDNS_NSID_MAX; 0: none */
    size_t nsid_length;
    uint16_t keepalive; /* in units of 100 ms (RFC 7828 section 3.1); 0: none */
    enum edns_error error;
};

/* How many octets edns_reply_write() writes: at least EDNS_OPT_FIXED, at most EDNS_OPT_MAX. */
static inline size_t edns_reply_length(const struct edns_reply *reply)
{
    size_t length = EDNS_OPT_FIXED;

    length += reply->cookie == NULL ? 0 : EDNS_OPTION_HEADER + (size_t)COOKIE_LENGTH;
    length += reply->nsid_length == 0 ? 0 : EDNS_OPTION_HEADER + reply->nsid_length;
    length += reply->keepalive == 0 ? 0 : EDNS_OPTION_HEADER + (size_t)2;
    length += reply->error == EDNS_ERROR_NONE ? 0 : (size_t)EDNS_ERROR_LENGTH;
    return length;
}

/* Write OPT; returns its length. */
size_t edns_reply_write(const struct edns_reply *reply, uint8_t octets[EDNS_OPT_MAX]);

/* Change the RCODE's part in an OPT that was written. */
void edns_reply_set_rcode(uint8_t *octets, uint16_t rcode);

#endif
