/* SPDX-License-Identifier: MIT */

/*
 * server/query.h - from the octets of a request to a question. Pure, in place, no allocation.
 *
 * Only what an authoritative server needs is read: header, one question, OPT, TSIG. Everything else
 * is refused by its count before it is looked at, so that no message of any size costs more than a
 * walk over its options.
 */

#ifndef SERVER_QUERY_H
#define SERVER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/edns.h"
#include "server/query_tsig.h"
#include "zones/name.h"

/* What to do with a request. The response's RCODE goes with all but DROP and ANSWER. */
enum query_verdict {
    QUERY_ANSWER,  /* a standard query that can be looked up */
    QUERY_DROP,    /* silence: a response, or less than a header */
    QUERY_FORMERR, /* RFC 1035 section 4.1.1: cannot be interpreted */
    QUERY_NOTIMP,  /* an opcode that we do not have */
    QUERY_REFUSED, /* a class that we do not serve, or a transfer */
    QUERY_BADVERS, /* an EDNS version above 0 (RFC 6891 section 6.1.3) */
    QUERY_NOTAUTH, /* signed, and we have no keys (RFC 8945 section 5.2.1); or, said by respond():
                      a transfer of what is not a zone of ours */
    QUERY_COOKIE,  /* no question, but a cookie: one of ours is asked for (RFC 7873 section 5.4) */
};

enum dns_rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_NOTAUTH = 9,
    RCODE_BADVERS = 16,
    RCODE_BADCOOKIE = 23,
};

/* Bits of the header's second 16-bit word (RFC 1035 section 4.1.1). */
enum header_flag {
    FLAG_QR = 0x8000,
    FLAG_OPCODE = 0x7800,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_CD = 0x0010,
    FLAG_RCODE = 0x000f,
};

enum query_type {
    QUERY_TYPE_IXFR = 251,
    QUERY_TYPE_AXFR = 252,
};

struct query {
    uint16_t id;
    uint16_t flags; /* as they came */
    uint16_t type;
    uint16_t class;
    const uint8_t *question;  /* as it came, to be echoed; NULL when it could not be read */
    uint16_t question_length; /* name, type and class */
    struct name name;         /* the question's name in lower case */
    bool has_edns;            /* OPT is there and its octets can be read: one goes back */
    bool dnssec_ok;           /* the DO bit, to be copied (RFC 3225 section 3) */
    uint16_t edns_size;       /* what the client takes, at least 512 (RFC 6891 section 6.2.3) */
    struct edns_request edns; /* the options; empty unless the version is 0 */
    struct query_tsig tsig;
};

static inline bool query_is_transfer(const struct query *query)
{
    return query->type == QUERY_TYPE_AXFR || query->type == QUERY_TYPE_IXFR;
}

/*
 * Read one request. `query` is filled as far as the reading went, which is all that a refusal
 * needs: the id always, the question when it could be read. It borrows from `octets`.
 */
enum query_verdict query_parse(struct query *query, const uint8_t *octets, size_t length);

#endif
