/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_draft.h - from a cluster's members to its image, and its names among the zone's.
 */

#ifndef ZONES_CLUSTER_DRAFT_H
#define ZONES_CLUSTER_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/cluster_answer.h"
#include "zones/encoder.h"
#include "zones/error.h"
#include "zones/snapshot.h"
#include "zones/zone_draft.h"

/* The name of another cluster's target, which this one has as well. */
struct shared_target {
    uint64_t slot; /* what the name's slot held */
    size_t target; /* its number in this cluster */
};

/* What clusters are made with, one after the other. Zeroed at first but for the last three. */
struct cluster_drafter {
    struct cluster_workspace workspace;
    struct shared_target *shared;
    size_t shared_count;
    size_t shared_capacity;
    size_t *plains; /* numbers of the clusters whose plain names wait for their place */
    size_t plain_count;
    size_t plain_capacity;
    size_t cluster_count;            /* in all zones so far */
    struct encoder *encoder;         /* keeps the names that are not targets */
    const struct snapshot *previous; /* whose images may serve again; may be NULL */
    uint64_t number;                 /* of the snapshot in the making */
};

void cluster_drafter_free(struct cluster_drafter *drafter);

/* builder_add_cluster() for one zone: see there. */
bool cluster_draft_add(struct zone_draft *draft, struct cluster_drafter *drafter,
                       const struct cluster *cluster, struct error *error);

/* builder_place_plain_names() for one zone: see there. Afterwards none waits. */
bool cluster_plains_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                          struct error *error);

#endif
