/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_draft.h - one zone while it is being built: its names and what each is used for.
 *
 * Answers of clusters are encoded as soon as the cluster is added (zones/cluster_draft.h); records
 * of zone files are kept until all names are known, because NS, SRV and CNAME refer to others
 * (zones/record_draft.h). Names and answers lie in the arena of the snapshot to come, all else is
 * gone after builder_finish().
 */

#ifndef ZONES_ZONE_DRAFT_H
#define ZONES_ZONE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/encoder.h"
#include "zones/name.h"
#include "zones/table.h"
#include "zones/zone.h"

enum { NAME_ABSENT = -1 };

/* Who put data at a name. A name has one such owner; a second one is a clash. */
enum name_use {
    NAME_EMPTY,   /* nobody: an empty non-terminal so far */
    NAME_RECORDS, /* a zone file, or the apex */
    NAME_CLUSTER, /* a cluster: its SRV records or its addresses */
    NAME_TARGET,  /* members with one address: target of SRV records */
};

struct rrset_draft;

struct name_draft {
    struct rrset_draft *rrsets; /* NAME_RECORDS: not encoded yet */
    uint32_t last_cluster;      /* NAME_TARGET: number of the cluster that named it last */
    enum name_use use;
};

struct zone_draft {
    struct zone zone; /* deep copy in the snapshot's arena */
    enum zone_state state;
    uint16_t index;
    struct table names;
    struct name_draft *drafts; /* beside names.nodes, same indexes */
    size_t draft_capacity;
    uint32_t cluster_count;
    const struct name **others; /* origins of zones that may hold names of this draft */
    size_t other_count;
};

/* A zone with nothing but its apex. `zone` is copied into the encoder's arena. */
struct zone_draft *zone_draft_new(const struct zone *zone, uint16_t index, struct encoder *encoder);
void zone_draft_free(struct zone_draft *draft);

/* Index of the name, or NAME_ABSENT. */
ptrdiff_t zone_draft_find(const struct zone_draft *draft, const struct name *name);

/*
 * Index of the name, which is made if absent, together with the empty non-terminals between it
 * and the apex when it lies within the zone.
 */
size_t zone_draft_make(struct zone_draft *draft, const struct name *name, struct encoder *encoder);

/* What the name is used for; NAME_EMPTY also when it is absent. */
enum name_use zone_draft_use(const struct zone_draft *draft, const struct name *name);

/*
 * Tell the draft that names within `origin` belong to another zone: one below its own apex, or
 * one that a literal target may happen to lie in. `origin` must outlive the draft.
 */
void zone_draft_add_other(struct zone_draft *draft, const struct name *origin,
                          struct encoder *encoder);

/* Whether this zone is the one that answers for the node: no other zone holds the name. */
bool zone_draft_shows(const struct zone_draft *draft, const struct node *node);

#endif
