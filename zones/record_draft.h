/* SPDX-License-Identifier: MIT */

/*
 * zones/record_draft.h - records of zone files on their way into a zone that is being built.
 *
 * They are collected first and encoded when every name of the zone is known: NS and SRV want the
 * addresses of their targets as glue, and the answer at a CNAME holds what the alias leads to.
 */

#ifndef ZONES_RECORD_DRAFT_H
#define ZONES_RECORD_DRAFT_H

#include <stdbool.h>

#include "zones/arena.h"
#include "zones/encoder.h"
#include "zones/error.h"
#include "zones/record.h"
#include "zones/zone_draft.h"

/*
 * Collect one record in `scratch`, which must live until record_drafts_encode(). False, naming the
 * owner, when it lies outside the zone, belongs to a cluster, breaks the rules of CNAME (RFC 2181
 * section 10.1), or its type cannot stand in a zone. A repeated record counts once; the lowest TTL
 * of an RRset counts for all of it (RFC 2181 section 5).
 */
bool record_draft_add(struct zone_draft *draft, struct encoder *encoder, struct arena *scratch,
                      const struct record *record, struct error *error);

/* Encode all that was collected. Clusters must have been added before. */
void record_drafts_encode(struct zone_draft *draft, struct encoder *encoder);

#endif
