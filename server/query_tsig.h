/* SPDX-License-Identifier: MIT */

/*
 * server/query_tsig.h - a signature on a request (RFC 8945). We have no keys, so it can only be
 * read over, and refused: NOTAUTH, with the error BADKEY, unsigned.
 *
 * Pure, in place, no allocation. Any thread.
 */

#ifndef SERVER_QUERY_TSIG_H
#define SERVER_QUERY_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/wire.h"

/* What of a TSIG record goes back; borrowed from the request. */
struct query_tsig {
    const uint8_t *key; /* the record's owner, uncompressed; NULL: the request is not signed */
    uint16_t key_length;
    const uint8_t *algorithm; /* a name; the time and the fudge follow it */
    uint16_t algorithm_length;
};

/*
 * Read the record at the reader, which stands at a record of type TSIG. False when it is malformed
 * (RFC 8945 section 5.2: FORMERR).
 */
bool query_tsig_read(struct query_tsig *tsig, struct wire_reader *reader);

/* What query_tsig_refuse() writes. */
size_t query_tsig_refusal_length(const struct query_tsig *tsig);

/*
 * Write the TSIG record of the refusal of request `id` (RFC 8945 sections 5.2.1 and 5.3.2) into
 * `octets`, which has room for query_tsig_refusal_length(). Returns that.
 */
size_t query_tsig_refuse(const struct query_tsig *tsig, uint16_t id, uint8_t *octets);

#endif
