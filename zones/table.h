/* SPDX-License-Identifier: MIT */

/*
 * zones/table.h - names and what is known at them: an open-addressed hash table.
 *
 * A name is either a node of its own, with RRsets, or the target of a cluster: it lies among that
 * one's octets (zones/target_name.h), and the table has a slot of eight octets for it and nothing
 * else. Slots are probed linearly and say in one octet which hashes are worth a look.
 * Names are never taken out. The table of a snapshot is only read, by any thread.
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
    uint64_t *slots;
    size_t slot_count;
    size_t used_count;     /* names: slots that are not free */
    const uint8_t **bases; /* for each cluster what the names of its targets lie in; borrowed */
    size_t cluster_count;
    size_t cluster_capacity;
};

/* An empty table; table_free() frees it. */
void table_init(struct table *table);
void table_free(struct table *table);

/* Make room for `count` names more: until then slots stay where they are. */
void table_reserve(struct table *table, size_t count);

/* Give back the room that is not used. */
void table_fit(struct table *table);

/* Octets of memory that the table takes. */
size_t table_size_octets(const struct table *table);

/*
 * The slot of a name that has this hash, or the free one that it would get; NULL only when the
 * table has no slots at all. Valid until the next call that adds or reserves.
 */
uint64_t *table_slot(const struct table *table, const uint8_t *name, size_t length, uint32_t hash);

/* Ask for the memory where a name with this hash begins to be looked for, without waiting. */
void table_prefetch(const struct table *table, uint32_t hash);

/* What a slot holds. slot_target() is false for a node, slot_node() is NULL for a target. */
bool slot_is_free(uint64_t slot);
struct node *slot_node(const struct table *table, uint64_t slot);
bool slot_target(uint64_t slot, size_t *cluster, size_t *offset);

/* Fill a free slot, or one that has the same name, with the target at this offset. */
void table_set_target(struct table *table, uint64_t *slot, uint32_t hash, size_t cluster,
                      size_t offset);

/* Add a cluster, without its targets; returns its number. `base` is borrowed. */
size_t table_add_cluster(struct table *table, const uint8_t *base);

/*
 * Add a node whose name is not there yet; returns its index. The name is borrowed. Pointers to
 * nodes are valid until the next call.
 */
size_t table_add(struct table *table, const struct node *node);

/* The node of a name, or NULL: it is absent or a target. */
struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash);

/* The RRset of a type, or NULL. */
struct rrset *node_rrset(const struct node *node, uint16_t type);

#endif
