/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster.h - members of a cluster as plain data: what discovery hands to zones.
 *
 * Everything here is borrowed from its maker and only has to live for the call it is passed to.
 */

#ifndef ZONES_CLUSTER_H
#define ZONES_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "zones/address.h"

struct member {
    const char *id;   /* "i-0abc…"; unique within its source, never NULL */
    const char *az;   /* availability zone, "" when unknown */
    const char *hold; /* "none", or the hold as the TXT record shows it */
    struct address address;
    uint16_t port;   /* 1 to 65535 */
    uint16_t weight; /* SRV weight, 0 drains (RFC 2782; HAProxy: (weight + 255) / 256) */
};

struct cluster {
    const char *name; /* the {group} of cluster-name: one valid label, see label_is_valid() */
    const struct member *members; /* any order; the builder sorts */
    size_t member_count;          /* 0: the cluster is known but empty, its names do not exist */
    /* Of what is here: two clusters of one name and zone with the same version, in two snapshots
     * that follow each other, are the same in every octet, so that none has to be looked at.
     * 0: not known. */
    uint64_t version;
};

#endif
