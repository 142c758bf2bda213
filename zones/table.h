/* SPDX-License-Identifier: MIT */

/*
 * zones/table.h - names and what is known at them: two open-addressed hash tables.
 *
 * A name is either a node of its own, with RRsets, or the target of a cluster: it lies among that
 * one's octets (zones/target_name.h), and the table has a slot of eight octets for it and nothing
 * else. Nodes are few, and made anew for every snapshot; targets are many, and nearly all of them
 * are those of the snapshot before: their slots can be copied as they are, since they say cluster
 * and offset and point to nothing. Slots are probed linearly. The table of a snapshot is only
 * read, by any thread.
 */

#ifndef ZONES_TABLE_H
#define ZONES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/target_name.h"

/*
 * In a node with a CNAME: the answer to every type that is not listed, the chain of CNAMEs. Type 0
 * is reserved (RFC 6895 section 3.1), no record has it.
 */
enum { RRSET_OTHER_TYPES = 0 };

/* What a slot has room for. */
enum { TABLE_MAX_CLUSTERS = (1 << 24) - 2 };

struct rrset {
    struct answer answer;
    uint32_t left_out_hash; /* of records that no message has room for; 0: none */
    uint16_t type;
};

/* One name that exists. Without RRsets it is an empty non-terminal (RFC 8020). */
struct node {
    const uint8_t *name;  /* wire form, lower case */
    struct rrset *rrsets; /* ascending by type */
    uint32_t cluster;     /* of a cluster's SRV name: 1 + the cluster's number; else 0 */
    uint16_t zone;        /* index of the zone that it belongs to */
    uint8_t name_length;  /* 0: the name became a target, the node is nobody's */
    uint8_t rrset_count;
};

struct table {
    struct node *nodes;
    size_t node_count;
    size_t node_capacity;
    size_t nameless_count; /* of the nodes: those whose name became a target */
    uint64_t *node_slots;
    size_t node_slot_count;
    uint64_t *slots; /* of targets */
    size_t slot_count;
    size_t target_count;   /* slots that are not free */
    const uint8_t **bases; /* for each cluster what the names of its targets lie in; borrowed.
                            * NULL: the number is nobody's, and no slot has it */
    size_t cluster_count;
    size_t cluster_capacity;
};

/* An empty table; table_free() frees it. */
void table_init(struct table *table);
void table_free(struct table *table);

/* Give back the room that is not used, but for a little that the next table begins with. */
void table_fit(struct table *table);

/* Octets of memory that the table takes. */
size_t table_size_octets(const struct table *table);

/* Nodes and targets. */
size_t table_name_count(const struct table *table);

/* ---- nodes ---- */

/* Make room for `count` nodes more. */
void table_reserve_nodes(struct table *table, size_t count);

/*
 * Add a node whose name, which has this hash, is not there yet; returns its index. The name is
 * borrowed. Pointers to nodes are valid until the next call.
 */
size_t table_add(struct table *table, const struct node *node, uint32_t hash);

/* The node of a name, or NULL: it is absent or a target. */
struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash);

/* The node's name is to be a target: the node is there no more. */
void table_give_way(struct table *table, struct node *node);

/* Ask for the memory where a node with this hash begins to be looked for, without waiting. */
void table_prefetch(const struct table *table, uint32_t hash);

/*
 * The node of the first slot that fits the hash, without a look at its name: most often that of
 * the name that is meant, sometimes another's, sometimes NULL though there is one. To be
 * prefetched, not believed.
 */
const struct node *table_likely_node(const struct table *table, uint32_t hash);

/* The RRset of a type, or NULL. */
struct rrset *node_rrset(const struct node *node, uint16_t type);

/* ---- targets ---- */

/* Make room for `count` targets more: until then slots stay where they are. */
void table_reserve(struct table *table, size_t count);

/* The same for one target, in a table that is expected to grow by a few only. */
void table_reserve_few(struct table *table);

/* Whether the next target has room. */
bool table_has_room(const struct table *table);

/*
 * The slot of a target that has this name and hash, or the free one that it would get; NULL only
 * when there are no slots at all. Valid until the next call that adds, reserves or takes out.
 */
uint64_t *table_slot(const struct table *table, const uint8_t *name, size_t length, uint32_t hash);

/* As table_prefetch(), for a target. */
void table_prefetch_target(const struct table *table, uint32_t hash);

/* What a slot holds; false when it is free. */
bool slot_target(uint64_t slot, size_t *cluster, size_t *offset);
bool slot_is_free(uint64_t slot);

/* Fill a free slot, or one that has the same name, with the target at this offset. */
void table_set_target(struct table *table, uint64_t *slot, uint32_t hash, size_t cluster,
                      size_t offset);

/*
 * Take a target out; false when there is none with this hash, cluster and offset. Other targets
 * move up, so that the table is as if it had never been there but for the order of the slots.
 */
bool table_take_out(struct table *table, uint32_t hash, size_t cluster, size_t offset);

/* Add a cluster, without its targets; returns its number. `base` is borrowed. */
size_t table_add_cluster(struct table *table, const uint8_t *base);

/* Give a table without clusters the clusters and targets of another one, under their numbers. */
void table_copy_targets(struct table *table, const struct table *source);

/* What table_fit() does for targets and clusters. */
void table_fit_targets(struct table *table);

/* Take all targets out at once, and make room for `count`. */
void table_clear_targets(struct table *table, size_t count);

#endif
