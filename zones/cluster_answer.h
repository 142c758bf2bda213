/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_answer.h - the answers that a cluster's names and its targets' names have.
 *
 * Their shape is what HAProxy reads best: every SRV target uncompressed (RFC 2782), then one
 * address record per target in the order of the SRVs, all A before any AAAA, because HAProxy's
 * parser gets stuck on the first additional record of a family that it was told not to use.
 */

#ifndef ZONES_CLUSTER_ANSWER_H
#define ZONES_CLUSTER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/encoder.h"
#include "zones/name.h"
#include "zones/zone_draft.h"

struct cluster_names {
    struct name srv;   /* _web._tcp.<origin> */
    struct name plain; /* web.<origin> */
    bool has_plain;    /* the plain name is free for this cluster */
};

/* A member at its place in the answer. */
struct placement {
    const struct member *member;
    size_t target;            /* index of the target's name in the zone */
    uint16_t target_offset;   /* message offset of the target in its SRV; 0: beyond pointers */
    bool is_first_of_target;  /* its target is not the target of one before it */
    bool is_first_of_address; /* neither is its address */
};

/* Give a new target its address and TXT record. */
void target_encode(struct node *node, struct encoder *encoder, const struct zone *zone,
                   const struct member *member);

/* Another member has this target: keep the TXT record that sorts first. */
void target_merge(struct node *node, struct encoder *encoder, const struct zone *zone,
                  const struct member *member);

/* In the place of a name's index: there is none. */
#define CLUSTER_NO_NAME SIZE_MAX

/* Encode the SRV RRset at the name `srv` and the addresses at `plain`, which may be one name, or
 * CLUSTER_NO_NAME. */
void cluster_encode(struct zone_draft *draft, struct encoder *encoder, size_t srv, size_t plain,
                    struct placement *placements, size_t count);

#endif
