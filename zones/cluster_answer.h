/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_answer.h - from members in their places to the cluster's image.
 *
 * What the answers look like is what HAProxy reads best: see zones/srv_answer.h.
 */

#ifndef ZONES_CLUSTER_ANSWER_H
#define ZONES_CLUSTER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/cluster_image.h"
#include "zones/encoder.h"
#include "zones/image_target.h"
#include "zones/name.h"
#include "zones/zone.h"

struct cluster_names {
    struct name srv;   /* _web._tcp.<origin> */
    struct name plain; /* web.<origin> */
};

enum { ADDRESS_SLOTS = 2 };

/* A member at its place in the answer. */
struct placement {
    const struct member *member;
    const uint8_t *name;      /* of the target, with its SRV record in front (target_name.h) */
    uint16_t target_offset;   /* message offset of the target in its SRV; 0: beyond pointers */
    bool is_first_of_target;  /* its target is not the target of one before it */
    bool is_first_of_address; /* neither is its address */
};

/* Where answers of clusters are encoded before they are packed. */
struct cluster_encoders {
    struct encoder whole;
    struct encoder compact;
    struct encoder plain[ADDRESS_FAMILIES];
};

/*
 * A cluster that is being put together, and room for all that is made of it, kept from one cluster
 * to the next. Zeroed at first.
 */
struct cluster_workspace {
    size_t capacity;               /* of the arrays, in members */
    struct ranked_member *members; /* in the order of the answer */
    struct placement *placements;
    uint32_t *address_slots; /* ADDRESS_SLOTS a member: to find addresses that repeat */
    const struct member **target_members; /* for each target whose text counts */
    uint32_t *name_offsets;               /* for each target, in: */
    uint8_t *records;                     /* the SRV records, one after the other */
    size_t records_capacity;
    size_t records_length;
    size_t target_count;
    bool has_repeats; /* some target stands in several SRV records, or tried to */

    /* What becomes parts of the image. */
    uint32_t *ranks;
    uint32_t *text_offsets;
    uint8_t *packed;
    size_t packed_length;
    uint32_t *packed_starts;
    uint8_t *addresses;
    uint8_t *texts;
    size_t texts_capacity;
    struct text_pairs pairs;
    struct cluster_encoders encoders;
};

void workspace_free(struct cluster_workspace *workspace);

/* Room for so many members of a zone whose origin has so many octets; nothing is kept. */
void workspace_reserve(struct cluster_workspace *workspace, size_t count, size_t origin_length);

/*
 * Encode what `count` placements give, and pack it. The image's mark has `generation` and the key
 * of the SRV name, unless `previous` (may be NULL) has the same SRV answer: then it has that one's
 * mark. An image that is like `previous` as a whole is not made: another reference to that one is
 * returned.
 */
struct cluster_image *cluster_answer_make(struct cluster_workspace *workspace,
                                          const struct zone *zone,
                                          const struct cluster_names *names, size_t count,
                                          uint64_t generation, struct cluster_image *previous);

#endif
