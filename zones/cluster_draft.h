/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_draft.h - from a cluster's members to its answers.
 */

#ifndef ZONES_CLUSTER_DRAFT_H
#define ZONES_CLUSTER_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/cluster.h"
#include "zones/encoder.h"
#include "zones/error.h"
#include "zones/zone_draft.h"

struct placement;
struct plain_draft;

/* Room to sort members in, kept from one cluster to the next, and the plain names of one zone's
 * clusters that wait for their place. Zeroed at first. */
struct cluster_workspace {
    struct placement *placements;
    struct placement **by_address;
    size_t capacity;
    struct plain_draft *plains;
    size_t plain_count;
    size_t plain_capacity;
};

void cluster_workspace_free(struct cluster_workspace *workspace);

/* builder_add_cluster() for one zone: see there. */
bool cluster_draft_add(struct zone_draft *draft, struct encoder *encoder,
                       struct cluster_workspace *workspace, const struct cluster *cluster,
                       struct error *error);

/* builder_place_plain_names() for one zone: see there. Afterwards none waits. */
bool cluster_plains_place(struct zone_draft *draft, struct encoder *encoder,
                          struct cluster_workspace *workspace, struct error *error);

#endif
