/* SPDX-License-Identifier: MIT */

/*
 * zones/record.h - resource records as owner, type, TTL and RDATA in wire form.
 *
 * record.c is the only file that knows ldns; it is used on trusted input alone (files that the
 * operator wrote), never on packets.
 */

#ifndef ZONES_RECORD_H
#define ZONES_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "zones/arena.h"
#include "zones/error.h"
#include "zones/name.h"

/* Record types by their IANA numbers: those that code here names. */
enum record_type {
    RECORD_A = 1,
    RECORD_NS = 2,
    RECORD_CNAME = 5,
    RECORD_SOA = 6,
    RECORD_TXT = 16,
    RECORD_AAAA = 28,
    RECORD_SRV = 33,
    RECORD_DNAME = 39,
    RECORD_OPT = 41,
    RECORD_ANY = 255,
};

enum { RECORD_CLASS_IN = 1, RECORD_CLASS_CH = 3, RECORD_CLASS_ANY = 255 };

struct record {
    struct name owner; /* lower case */
    uint16_t type;
    uint32_t ttl_seconds;
    const uint8_t *rdata; /* uncompressed wire form, names in it in lower case */
    uint16_t rdata_length;
};

struct record_list {
    struct record *records;
    size_t count;
};

/*
 * Read a zone file (RFC 1035 section 5, with $ORIGIN and $TTL) whose names are relative to
 * `origin`; records without a TTL get `ttl_seconds`. `list` and all that it points to lie in
 * `arena`. False, with "line N: what" in `error`, on the first record that cannot be read or that
 * a zone of ours may not hold: outside the origin, another class than IN, SOA (ours is made),
 * a wildcard, DNAME, DNSSEC types, NS below the origin (a delegation), CNAME beside other data.
 * Exact repeats of a record are dropped (RFC 2181 section 5).
 */
bool record_list_read(struct record_list *list, FILE *file, const struct name *origin,
                      uint32_t ttl_seconds, struct arena *arena, struct error *error);

#endif
