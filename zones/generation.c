/* SPDX-License-Identifier: MIT */

/*
 * zones/generation.c - carries generations from one snapshot to the next.
 */

#include "zones/generation.h"

#include "zones/snapshot_internal.h"

struct cluster_mark generation_mark(const struct name *srv_owner, const struct rrset *srv,
                                    uint64_t number, const struct cluster_image *previous)
{
    struct cluster_mark mark = {.generation = number,
                                .cluster_key = snapshot_cluster_key(srv_owner)};

    if (previous != NULL && snapshot_rrset_equals(image_srv(previous), srv)) {
        mark.generation = previous->mark.generation;
    }
    return mark;
}
