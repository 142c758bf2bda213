/* SPDX-License-Identifier: MIT */

/*
 * zones/table.h - names and what is known at them: an open-addressed hash table.
 *
 * Slots hold indexes into an array of nodes, probed linearly, at most half full. Nodes are never
 * taken out. While it is built a table grows on the heap; the one of a snapshot is laid out once
 * in the snapshot's arena and only read from then on, by any thread.
 */

#ifndef ZONES_TABLE_H
#define ZONES_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/arena.h"

/*
 * In a node with a CNAME: the answer to every type that is not listed, the chain of CNAMEs. Type 0
 * is reserved (RFC 6895 section 3.1), no record has it.
 */
enum { RRSET_OTHER_TYPES = 0 };

struct rrset {
    struct answer answer;
    uint32_t left_out_hash; /* of records that no message has room for; 0: none */
    uint16_t type;
};

/* One name that exists. Without RRsets it is an empty non-terminal (RFC 8020). */
struct node {
    const uint8_t *name;  /* wire form, lower case */
    struct rrset *rrsets; /* ascending by type */
    uint32_t hash;        /* name_hash() of the name */
    uint16_t zone;        /* index of the zone that it belongs to */
    uint8_t name_length;
    uint8_t rrset_count;
};

struct table {
    struct node *nodes;
    size_t node_count;
    size_t node_capacity;
    uint32_t *slots;   /* index of a node + 1; 0: free */
    size_t slot_count; /* a power of two, at least twice node_capacity */
};

/* An empty table that grows on the heap; table_free() frees it. */
void table_init(struct table *table);
void table_free(struct table *table);

/* An empty table in `arena` that takes `capacity` nodes and no more. Never freed by itself. */
void table_init_in(struct table *table, size_t capacity, struct arena *arena);

/*
 * Add a node whose name is not there yet; returns its index. The name is borrowed. Pointers to
 * nodes are valid until the next call.
 */
size_t table_add(struct table *table, const struct node *node);

/* The node of a name of `length` octets that has this hash, or NULL. */
struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash);

/* The RRset of a type, or NULL. */
struct rrset *node_rrset(const struct node *node, uint16_t type);

#endif
