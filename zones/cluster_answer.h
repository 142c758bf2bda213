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

enum { ADDRESS_FAMILIES = 2 };

struct cluster_names {
    struct name srv;   /* _web._tcp.<origin> */
    struct name plain; /* web.<origin> */
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

/* Encode A and AAAA of all members for a name of `name_length` octets; empty where there is none.
 */
void plain_encode(const struct zone *zone, struct encoder *encoder, size_t name_length,
                  const struct placement *placements, size_t count,
                  struct rrset rrsets[ADDRESS_FAMILIES]);

/* Put those of the two RRsets that are not empty at `node`, which has room for them. */
void plain_append(struct node *node, const struct rrset rrsets[ADDRESS_FAMILIES]);

/*
 * Encode the SRV RRset at the name `srv`, after `plain`, the addresses that stand at the same name;
 * NULL when they do not.
 */
void cluster_encode(struct zone_draft *draft, struct encoder *encoder, size_t srv,
                    struct placement *placements, size_t count,
                    const struct rrset plain[ADDRESS_FAMILIES]);

#endif
