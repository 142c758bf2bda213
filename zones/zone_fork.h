/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_fork.h - a zone's targets taken over from the snapshot before in one piece.
 *
 *     zone_fork_begin() -> for each cluster zone_fork_keep(), or zone_fork_replace() and
 *     zone_fork_replaced() around placing it -> zone_fork_settle()
 *
 * A draft of a zone that is as it was begins with a copy of the table's slots, in which clusters
 * have the numbers that they had. Until its cluster has been kept a target is stale: it has a slot,
 * but nobody who looks for its name finds it. So at every moment the draft holds the names that it
 * would hold if each cluster so far had been placed name by name. Whatever is put at a stale name
 * takes the slot, and the cluster that loses it is marked: like one that shared targets with
 * another before, it will have to be placed name by name, and can be kept only if that goes well.
 * When more changes than pays, the fork is left: all clusters so far are placed name by name.
 */

#ifndef ZONES_ZONE_FORK_H
#define ZONES_ZONE_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/encoder.h"
#include "zones/snapshot.h"
#include "zones/zone_draft.h"

/* Begin, if draft->is_like_before and the snapshot allows it; the draft has no clusters yet. */
void zone_fork_begin(struct zone_draft *draft, const struct snapshot *before);

/* Whether the number is that of a cluster before whose targets are stale, and not nobody's. */
bool zone_fork_is_stale(const struct zone_draft *draft, size_t cluster);

/*
 * Whether this is the cluster that is likely to come next, and it has not changed and no name of it
 * is in doubt: it can be kept. False also when there is no fork.
 */
bool zone_fork_expects(const struct zone_draft *draft, const struct cluster *cluster,
                       size_t *number);

/*
 * The cluster with this number, which is stale, is what it was: from now on it is here. False when
 * a name of it is not free any more: the others still are its own, but it has to be placed anew
 * under another number, and they are then shared.
 */
bool zone_fork_keep(struct zone_draft *draft, struct encoder *encoder, size_t number);

/* The name of a stale target of the cluster gets another owner, who takes over the slot. */
void zone_fork_take_over(struct zone_draft *draft, size_t cluster);

/* The same for an owner that has no use for the slot. */
void zone_fork_take_out(struct zone_draft *draft, uint32_t hash, size_t cluster, size_t offset);

/*
 * A cluster is about to be placed anew. While that lasts it may take the stale targets of `number`,
 * its own in the snapshot before; NO_CLUSTER: it had none. What is left of them goes afterwards,
 * when it has got `target_count`.
 */
enum { NO_CLUSTER = -1 };
void zone_fork_replace(struct zone_draft *draft, struct encoder *encoder, ptrdiff_t number);
void zone_fork_replaced(struct zone_draft *draft, size_t target_count);

/*
 * The image of the cluster that is being replaced, if the slots of all its targets still are its
 * own; else NULL. When the names of the new targets are the same, at the same offsets, the cluster
 * may go on with these slots instead of getting others: `base` is what its names lie in for now.
 * Then zone_fork_replaced() is not called.
 */
const struct cluster_image *zone_fork_image(const struct zone_draft *draft);
void zone_fork_resume(struct zone_draft *draft, const uint8_t *base);

/* End the fork, if there is one: place all clusters so far name by name, forget what is stale. */
void zone_fork_leave(struct zone_draft *draft, struct encoder *encoder);

/* End the fork, if there is one: all clusters have been added, what is stale still has gone. */
void zone_fork_settle(struct zone_draft *draft, struct encoder *encoder);

#endif
