/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_draft.h - one zone while it is being built: its names and what each is used for.
 *
 * A cluster becomes an image (zones/cluster_image.h) as soon as it is added
 * (zones/cluster_draft.h), and its targets are names without a node; records of zone files are
 * kept until all names are known, because NS, SRV and CNAME refer to others
 * (zones/record_draft.h). Other names, and records, lie in the arena of the snapshot to come, all
 * else is gone after builder_finish().
 */

#ifndef ZONES_ZONE_DRAFT_H
#define ZONES_ZONE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/encoder.h"
#include "zones/name.h"
#include "zones/snapshot_internal.h"
#include "zones/table.h"
#include "zones/zone.h"

enum { NAME_ABSENT = -1 };

/* Who put data at a name. A name has one such owner; a second one is a clash. */
enum name_use {
    NAME_EMPTY,   /* nobody: an empty non-terminal so far */
    NAME_RECORDS, /* a zone file, or the apex */
    NAME_CLUSTER, /* a cluster: its SRV records or its addresses */
    NAME_TARGET,  /* members with one address: target of SRV records; has no node */
};

struct rrset_draft;

/* Targets of the snapshot before that are in the table already. */
struct zone_fork {
    const struct snapshot *before; /* NULL: there is no fork, or no more */
    size_t expected;               /* number of the cluster that is likely to be added next */
    size_t changes_left;           /* names that may come or go before placing all is cheaper */
    ptrdiff_t replaced;            /* number of the cluster that is being placed anew */
    size_t taken_over;             /* of its targets, by what replaces it */
};

struct name_draft {
    struct rrset_draft *rrsets; /* NAME_RECORDS: not encoded yet */
    enum name_use use;
};

struct zone_draft {
    struct zone zone; /* deep copy in the snapshot's arena */
    enum zone_state state;
    uint16_t index;
    bool is_like_before; /* the zone before had the settings that clusters' answers depend on */
    struct table names;
    struct name_draft *drafts; /* beside names.nodes, same indexes */
    size_t draft_capacity;
    struct snapshot_cluster *clusters; /* by number, as the snapshot will have them */
    size_t cluster_capacity;
    size_t current;             /* number of the cluster begun last */
    size_t next_hole;           /* no number below it is nobody's */
    struct zone_fork fork;      /* of what there was before: zones/zone_fork.h */
    const struct name **others; /* origins of zones that may hold names of this draft */
    size_t other_count;
};

/* What stands at a name, records and targets alike. */
struct name_answers {
    const struct rrset *rrsets; /* ascending by type */
    size_t rrset_count;
    const struct node *node; /* NULL for a target */
    struct rrset own[2];     /* a target's */
    uint8_t text[PACKED_RECORD_MAX];
};

/* A zone with nothing but its apex. `zone` is copied into the encoder's arena. */
struct zone_draft *zone_draft_new(const struct zone *zone, uint16_t index, struct encoder *encoder);
void zone_draft_free(struct zone_draft *draft);

/* Index of the name's node; NAME_ABSENT also when it is a target. */
ptrdiff_t zone_draft_find(const struct zone_draft *draft, const struct name *name);

/*
 * Index of the name, which is made if absent, together with the empty non-terminals between it
 * and the apex when it lies within the zone. It must not be a target.
 */
size_t zone_draft_make(struct zone_draft *draft, const struct name *name, struct encoder *encoder);

/* The same for the non-terminals alone. */
void zone_draft_make_ancestors(struct zone_draft *draft, const struct name *name,
                               struct encoder *encoder);

/* What the name is used for; NAME_EMPTY also when it is absent. */
enum name_use zone_draft_use(const struct zone_draft *draft, const struct name *name);

/*
 * What the zone answers for a name; false when the name is absent, outside, or another zone's.
 * `answers` is borrowed from the draft and points into itself: do not copy it.
 */
bool zone_draft_answers(const struct zone_draft *draft, const struct name *name,
                        struct name_answers *answers);

/*
 * Begin a cluster: the names of its targets lie in `base` until zone_draft_end_cluster() puts the
 * image in its place, in which they have the same offsets, and takes over the reference. Returns
 * the cluster's number, which is draft->current until the next one begins.
 */
size_t zone_draft_begin_cluster(struct zone_draft *draft, const uint8_t *base);
void zone_draft_end_cluster(struct zone_draft *draft, struct cluster_image *image);

/* The number is nobody's from now on, and no slot has it: the next cluster may get it. */
void zone_draft_free_number(struct zone_draft *draft, size_t cluster);

/* Make room for so many clusters in all. */
void zone_draft_reserve_clusters(struct zone_draft *draft, size_t count);

/*
 * The slot of a target with this name and hash, or a free one, which has room; names between a
 * literal target and the apex are made. Valid until the next call that adds names.
 */
uint64_t *zone_draft_target_slot(struct zone_draft *draft, struct encoder *encoder,
                                 const uint8_t *name, size_t length, uint32_t hash);

/* A target wants the node's name: only an empty non-terminal gives way. */
bool zone_draft_give_way(struct zone_draft *draft, struct node *node);

/*
 * Tell the draft that names within `origin` belong to another zone: one below its own apex, or
 * one that a literal target may happen to lie in. `origin` must outlive the draft.
 */
void zone_draft_add_other(struct zone_draft *draft, const struct name *origin,
                          struct encoder *encoder);

/* Whether this zone is the one that answers for the name: no other zone holds it. */
bool zone_draft_shows(const struct zone_draft *draft, const uint8_t *name, size_t length);

#endif
