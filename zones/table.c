/* SPDX-License-Identifier: MIT */

/*
 * zones/table.c - the hash table of nodes; that of targets is in zones/table_target.c.
 *
 *     slot of a node: | hash 32 | 1 + index of the node 32 |
 */

#include "zones/table.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/table_slot.h"

enum {
    FIRST_NODES = 16,
    NODE_SLOTS = 2, /* for each node: every question begins here, and nodes are few */
    NODE_HASH_SHIFT = 32,
};

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_free(struct table *table)
{
    free(table->nodes);
    free(table->node_slots);
    free(table->slots);
    free(table->bases);
    *table = (struct table){0};
}

size_t table_size_octets(const struct table *table)
{
    return table->node_capacity * sizeof(*table->nodes) +
           (table->node_slot_count + table->slot_count) * sizeof(uint64_t) +
           table->cluster_capacity * sizeof(uint8_t *);
}

size_t table_name_count(const struct table *table)
{
    return table->node_count - table->nameless_count + table->target_count;
}

static void node_slots_make(struct table *table, size_t slot_count)
{
    uint64_t *old = table->node_slots;
    size_t old_count = table->node_slot_count;

    table->node_slots = memory_new(slot_count * sizeof(*table->node_slots));
    table->node_slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != 0) {
            size_t position = slot_first(slot_count, (uint32_t)(old[i] >> NODE_HASH_SHIFT));

            while (table->node_slots[position] != 0) {
                position = slot_after(slot_count, position);
            }
            table->node_slots[position] = old[i];
        }
    }
    free(old);
}

static void nodes_resize(struct table *table, size_t capacity)
{
    table->nodes = memory_grow(table->nodes, capacity, sizeof(*table->nodes));
    table->node_capacity = capacity;
}

void table_fit(struct table *table)
{
    if (table->node_capacity > table->node_count) {
        nodes_resize(table, table->node_count);
        if (table->node_slot_count > (NODE_SLOTS + 1) * table->node_count) {
            node_slots_make(table, NODE_SLOTS * table->node_count + 1);
        }
    }
    table_fit_targets(table);
}

void table_reserve_nodes(struct table *table, size_t count)
{
    size_t needed = table->node_count + count;

    if (needed > table->node_capacity) {
        size_t doubled = table->node_capacity == 0 ? FIRST_NODES : 2 * table->node_capacity;

        nodes_resize(table, needed < doubled ? doubled : needed);
    }
    if (NODE_SLOTS * needed >= table->node_slot_count) {
        node_slots_make(table, NODE_SLOTS * table->node_capacity + 1);
    }
}

/* The node's slot, or the free one that it would get. */
static uint64_t *node_slot(const struct table *table, const uint8_t *name, size_t length,
                           uint32_t hash)
{
    size_t position = slot_first(table->node_slot_count, hash);

    while (table->node_slots[position] != 0) {
        uint64_t slot = table->node_slots[position];

        if ((uint32_t)(slot >> NODE_HASH_SHIFT) == hash) {
            const struct node *node = &table->nodes[(uint32_t)slot - 1];

            if (node->name_length == length && memcmp(node->name, name, length) == 0) {
                break;
            }
        }
        position = slot_after(table->node_slot_count, position);
    }
    return &table->node_slots[position];
}

size_t table_add(struct table *table, const struct node *node, uint32_t hash)
{
    table_reserve_nodes(table, 1);
    table->nodes[table->node_count] = *node;
    *node_slot(table, node->name, node->name_length, hash) =
        (uint64_t)hash << NODE_HASH_SHIFT | (uint32_t)(table->node_count + 1);
    return table->node_count++;
}

struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash)
{
    uint64_t slot = table->node_slot_count == 0 ? 0 : *node_slot(table, name, length, hash);

    return slot == 0 ? NULL : &table->nodes[(uint32_t)slot - 1];
}

void table_give_way(struct table *table, struct node *node)
{
    node->name_length = 0; /* no name has this length: nobody finds it */
    table->nameless_count++;
}

void table_prefetch(const struct table *table, uint32_t hash)
{
    __builtin_prefetch(&table->node_slots[slot_first(table->node_slot_count, hash)]);
}

const struct node *table_likely_node(const struct table *table, uint32_t hash)
{
    size_t position = slot_first(table->node_slot_count, hash);

    for (; position < table->node_slot_count && table->node_slots[position] != 0; position++) {
        uint64_t slot = table->node_slots[position];

        if ((uint32_t)(slot >> NODE_HASH_SHIFT) == hash) {
            return &table->nodes[(uint32_t)slot - 1];
        }
    }
    return NULL; /* also past the last slot, where a look-up goes on at the first */
}

struct rrset *node_rrset(const struct node *node, uint16_t type)
{
    for (size_t i = 0; i < node->rrset_count; i++) {
        if (node->rrsets[i].type == type) {
            return &node->rrsets[i];
        }
    }
    return NULL;
}
