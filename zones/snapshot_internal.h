/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot_internal.h - what a snapshot is made of; for snapshot.c and those who build one.
 */

#ifndef ZONES_SNAPSHOT_INTERNAL_H
#define ZONES_SNAPSHOT_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/arena.h"
#include "zones/cluster_image.h"
#include "zones/prefix_set.h"
#include "zones/snapshot.h"
#include "zones/table.h"

struct served_zone {
    struct zone zone;
    enum zone_state state;
    uint32_t serial;
    struct answer negative; /* the SOA in Authority, shared by NODATA and NXDOMAIN */
    size_t first_node;      /* the zone's nodes stand together in the table */
    size_t node_count;
    size_t first_cluster; /* and so do its clusters, and numbers that are nobody's */
    size_t cluster_count;
    size_t name_count; /* nodes and targets */
};

/* A cluster, by its number in the table. */
struct snapshot_cluster {
    struct cluster_image *image; /* a reference; NULL: the number is nobody's */
    uint64_t version;            /* struct cluster's; 0: not known, or a member was left out */
    uint16_t zone;
    bool shares_targets; /* another cluster may have some of its targets too */
    bool is_given_up;    /* it was placed anew under another number, which has all of its targets */
};

struct snapshot {
    atomic_size_t references;
    uint64_t number;
    struct arena arena; /* holds what is pointed to from here, but for table and images */
    struct table table;
    struct snapshot_cluster *clusters; /* beside table.bases */
    struct served_zone *zones;
    size_t zone_count;
    size_t shortest_origin; /* octets: only names of these lengths can be an apex */
    size_t longest_origin;
    struct prefix_set clients; /* of all zones' allow_query */
};

/* Whether two RRsets have the same type and the same records, to the octet. */
bool snapshot_rrset_equals(const struct rrset *left, const struct rrset *right);

/* A snapshot with one reference and nothing in it. */
struct snapshot *snapshot_new(void);

/* The cluster whose SRV records stand at this name, or NULL. */
const struct snapshot_cluster *snapshot_cluster(const struct snapshot *snapshot,
                                                const struct name *srv_owner);

/* Whether two zones hold the same names with the same answers, to the octet. */
bool snapshot_zone_equals(const struct snapshot *left, size_t left_index,
                          const struct snapshot *right, size_t right_index);

/* The index of the zone with this origin; zone_count when there is none. */
size_t snapshot_find_zone(const struct snapshot *snapshot, const struct name *origin);

#endif
