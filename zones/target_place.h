/* SPDX-License-Identifier: MIT */

/*
 * zones/target_place.h - the targets of a cluster among the names of its zone.
 *
 * Several clusters, or ports, may share a target; its TXT record is then the one that sorts first,
 * whatever the order in which they are added.
 */

#ifndef ZONES_TARGET_PLACE_H
#define ZONES_TARGET_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/cluster_draft.h"

/* Members that could not be placed. */
struct left_out {
    size_t count;
    const struct member *first;
    struct error reason; /* why the first was not */
};

/* Who a name that is wanted belongs to already, as words. */
const char *name_owner_text(enum name_use use);

/*
 * Begin the next cluster of the draft with the `count` members of the workspace, whose placements
 * are made (zone_fork_replace() has been called); those that cannot be placed are counted. Returns
 * how many are left: with none there is no cluster, else targets_settle() follows.
 */
size_t targets_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                     const struct name *srv_name, size_t count, struct left_out *left_out);

/* End the cluster; the draft takes over the reference. */
void targets_settle(struct zone_draft *draft, struct cluster_drafter *drafter,
                    struct cluster_image *image);

/* Tell who was left out, always false. */
bool left_out_report(const struct left_out *left_out, const struct cluster *cluster,
                     struct error *error);

#endif
