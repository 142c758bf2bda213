/* SPDX-License-Identifier: MIT */

/*
 * zones/apex.h - SOA and NS of a zone.
 */

#ifndef ZONES_APEX_H
#define ZONES_APEX_H

#include <stdbool.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/arena.h"
#include "zones/encoder.h"
#include "zones/error.h"
#include "zones/table.h"
#include "zones/zone.h"
#include "zones/zone_draft.h"

/*
 * Collect SOA, with serial 0, and NS records at the apex. False when there is no nameserver or
 * the origin leaves no room for hostmaster.<origin>.
 */
bool apex_add(struct zone_draft *draft, struct encoder *encoder, struct arena *scratch,
              struct error *error);

/*
 * Encode the SOA at the apex `node` with this serial, and return the zone's negative answer: the
 * same SOA in Authority with names in full, its TTL as RFC 2308 section 3 has it.
 */
struct answer apex_set_serial(struct node *node, struct encoder *encoder, const struct zone *zone,
                              uint32_t serial);

#endif
