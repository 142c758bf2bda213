/* SPDX-License-Identifier: MIT */

/*
 * zones/packed_text.h - what a target's TXT record says, in a few octets.
 *
 * TXT records of targets are for people with dig, and there is one per member: kept in wire form
 * they would take more memory than a member's SRV record. So there is kept, for each target, an
 * id in the shortest of three forms and the number of one of the pairs of availability zone and
 * hold that the cluster has; the record is written when somebody asks. What is larger than all
 * but a few are cannot be packed: the room that every response has for a text stays small. Pure.
 */

#ifndef ZONES_PACKED_TEXT_H
#define ZONES_PACKED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"

enum {
    TEXT_PAIRS_MAX = 256,  /* one octet */
    PACKED_ID_MAX = 63,    /* a DNS label; ids of EC2 have 19 */
    PACKED_AZ_MAX = 32,    /* "ap-southeast-1-mnl-1a" has 21 */
    PACKED_HOLD_MAX = 128, /* a word, an end, a name and a short reason */
    PACKED_TEXT_MAX = 2 + PACKED_ID_MAX,
    /* "instance=", "zone=", "weight=" and "hold=", each with its length octet, and their values */
    PACKED_RDATA_MAX =
        1 + 9 + PACKED_ID_MAX + 1 + 5 + PACKED_AZ_MAX + 1 + 7 + 5 + 1 + 5 + PACKED_HOLD_MAX,
};

/* The pairs of one cluster. Strings are borrowed. */
struct text_pairs {
    const char *zones[TEXT_PAIRS_MAX];
    const char *holds[TEXT_PAIRS_MAX];
    size_t count;
};

/*
 * Pack what the text of a member with this target name says; its pair is added if it is new.
 * Returns the octets written, 0 when it cannot be packed.
 */
size_t packed_text_make(uint8_t packed[PACKED_TEXT_MAX], struct text_pairs *pairs,
                        const struct member *member, const uint8_t *name);

/* The octets of a packed text. */
size_t packed_text_length(const uint8_t *packed);

/* Whether packed_text_make() would give this for a member whose pair is the one that `other` has.
 */
bool packed_text_is_of(const uint8_t *packed, const uint8_t *other, const char *id,
                       const uint8_t *name);

/* The pairs as octets for packed_text_write(), and how many those are. */
size_t text_pairs_length(const struct text_pairs *pairs);
void text_pairs_write(uint8_t *octets, const struct text_pairs *pairs);

/*
 * Write the RDATA that target_text() would write for the member, whose weight and name are those of
 * the SRV record that `name` lies in (zones/target_name.h). Returns the octets written.
 */
size_t packed_text_write(uint8_t rdata[PACKED_RDATA_MAX], const uint8_t *packed,
                         const uint8_t *pairs, const uint8_t *name);

#endif
