/* SPDX-License-Identifier: MIT */

/*
 * zones/generation.h - in which snapshot each cluster's SRV answer last changed.
 */

#ifndef ZONES_GENERATION_H
#define ZONES_GENERATION_H

#include "zones/snapshot_internal.h"
#include "zones/zone_draft.h"

/*
 * Give the SRV answer of every cluster in `draft` its mark, in the snapshot's arena. A cluster
 * whose answer is the same in `previous` (may be NULL) keeps its generation, any other has the
 * snapshot's number, which must be set. After the zone's answers are complete.
 */
void generation_mark(struct snapshot *snapshot, const struct zone_draft *draft,
                     const struct snapshot *previous);

#endif
