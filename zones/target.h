/* SPDX-License-Identifier: MIT */

/*
 * zones/target.h - how a member is named and described in the DNS.
 *
 * A target's name stands for one address for ever (facts: HAProxy keeps the old address of a
 * known target), which is why it is made of the address by default. Pure functions.
 */

#ifndef ZONES_TARGET_H
#define ZONES_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/error.h"
#include "zones/name.h"
#include "zones/zone.h"

enum {
    TXT_STRING_MAX_LENGTH = 255,                        /* RFC 1035 section 3.3 */
    TARGET_TEXT_SIZE = 4 * (1 + TXT_STRING_MAX_LENGTH), /* four strings */
};

/*
 * Whether a member's target may one day have this label below the origin: "ip-…" and "ip6-…", or
 * "i-…" where targets are named by instance. Such names are kept for members.
 */
bool target_label_is_possible(const struct zone *zone, const char *label);

/*
 * The name of the member's SRV target, as the zone's target-names says:
 *     address   ip-10-0-1-5.<origin>, ip6-fd00-0-0-0-0-0-0-5.<origin>
 *     instance  <id>.<origin>, lower-cased
 *     literal   10.0.1.5. outside every zone; IPv6 as with address
 * False when the member has no address, the id is no host label, or the name would be too long.
 */
bool target_name(struct name *target, const struct zone *zone, const struct member *member,
                 struct error *error);

/*
 * RDATA of the TXT record that tells `dig` about a member: "instance=…" "zone=…" "weight=…"
 * "hold=…". A string that would be too long is cut. Returns the octets written.
 */
size_t target_text(uint8_t rdata[TARGET_TEXT_SIZE], const struct member *member);

/* As memcmp(), a shorter RDATA before the longer ones that it begins. */
int target_text_compare(const uint8_t *left, size_t left_length, const uint8_t *right,
                        size_t right_length);

#endif
