/* SPDX-License-Identifier: MIT */

/*
 * zones/table.c - an open-addressed hash table of names.
 *
 *     slot: | octet of the hash 8 | kind or cluster 24 | node or offset of the target 32 |
 */

#include "zones/table.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/name.h"

enum {
    FIRST_SLOTS = 64,
    FIRST_NODES = 16,
    FIRST_CLUSTERS = 16,
    SPARE_SHARE = 4, /* one slot in five stays free: eight slots are one line of the cache */
    OWNER_SHIFT = 32,
    TAG_SHIFT = 56,
    OWNER_FREE = 0,
    OWNER_NODE = 1,
    OWNER_FIRST_CLUSTER = 2,
    OWNER_MASK = (1 << 24) - 1,
    TAG_MASK = 0xff,
};

static size_t slots_for(size_t names)
{
    return names + names / SPARE_SHARE + 1;
}

static uint64_t slot_value(uint32_t hash, size_t owner, size_t index)
{
    return (uint64_t)(hash & TAG_MASK) << TAG_SHIFT | (uint64_t)owner << OWNER_SHIFT |
           (uint32_t)index;
}

static size_t slot_owner(uint64_t slot)
{
    return (size_t)(slot >> OWNER_SHIFT) & OWNER_MASK;
}

static size_t slot_index(uint64_t slot)
{
    return (uint32_t)slot;
}

bool slot_is_free(uint64_t slot)
{
    return slot_owner(slot) == OWNER_FREE;
}

struct node *slot_node(const struct table *table, uint64_t slot)
{
    return slot_owner(slot) == OWNER_NODE ? &table->nodes[slot_index(slot)] : NULL;
}

bool slot_target(uint64_t slot, size_t *cluster, size_t *offset)
{
    if (slot_owner(slot) < OWNER_FIRST_CLUSTER) {
        return false;
    }
    *cluster = slot_owner(slot) - OWNER_FIRST_CLUSTER;
    *offset = slot_index(slot);
    return true;
}

/* The name of a slot that is not free. */
static const uint8_t *slot_name(const struct table *table, uint64_t slot, size_t *length)
{
    const struct node *node = slot_node(table, slot);
    const uint8_t *name = NULL;

    if (node != NULL) {
        *length = node->name_length;
        return node->name;
    }
    name = table->bases[slot_owner(slot) - OWNER_FIRST_CLUSTER] + slot_index(slot);
    *length = target_length(name);
    return name;
}

/* The high bits of the hash say where to begin, whatever the number of slots. */
static size_t slot_first(size_t slot_count, uint32_t hash)
{
    return (size_t)(((uint64_t)hash * slot_count) >> 32);
}

static void slots_make(struct table *table, size_t slot_count)
{
    uint64_t *old = table->slots;
    size_t old_count = table->slot_count;

    table->slots = memory_new(slot_count * sizeof(*table->slots));
    table->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        size_t length = 0;
        const uint8_t *name = NULL;
        size_t position = 0;

        if (slot_is_free(old[i])) {
            continue;
        }
        name = slot_name(table, old[i], &length);
        position = slot_first(slot_count, name_hash(name, length));
        while (!slot_is_free(table->slots[position])) {
            position = position + 1 == slot_count ? 0 : position + 1;
        }
        table->slots[position] = old[i];
    }
    free(old);
}

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_free(struct table *table)
{
    free(table->nodes);
    free(table->slots);
    free(table->bases);
    *table = (struct table){0};
}

void table_reserve(struct table *table, size_t count)
{
    size_t needed = slots_for(table->used_count + count);

    if (needed > table->slot_count) {
        size_t doubled = table->slot_count == 0 ? FIRST_SLOTS : 2 * table->slot_count;

        slots_make(table, table->used_count > 0 && needed < doubled ? doubled : needed);
    }
}

void table_fit(struct table *table)
{
    size_t needed = slots_for(table->used_count);

    /* An eighth too many is not worth finding every name again. */
    if (table->slot_count - needed > needed / 8) {
        slots_make(table, needed);
    }
    if (table->node_capacity > table->node_count) {
        table->nodes = memory_grow(table->nodes, table->node_count, sizeof(*table->nodes));
        table->node_capacity = table->node_count;
    }
    if (table->cluster_capacity > table->cluster_count) {
        table->bases = memory_grow(table->bases, table->cluster_count, sizeof(uint8_t *));
        table->cluster_capacity = table->cluster_count;
    }
}

size_t table_size_octets(const struct table *table)
{
    return table->node_capacity * sizeof(*table->nodes) +
           table->slot_count * sizeof(*table->slots) + table->cluster_capacity * sizeof(uint8_t *);
}

uint64_t *table_slot(const struct table *table, const uint8_t *name, size_t length, uint32_t hash)
{
    size_t position = slot_first(table->slot_count, hash);

    if (table->slot_count == 0) {
        return NULL;
    }
    while (!slot_is_free(table->slots[position])) {
        uint64_t slot = table->slots[position];

        if (slot >> TAG_SHIFT == (hash & TAG_MASK)) {
            size_t found_length = 0;
            const uint8_t *found = slot_name(table, slot, &found_length);

            if (found_length == length && memcmp(found, name, length) == 0) {
                break;
            }
        }
        position = position + 1 == table->slot_count ? 0 : position + 1;
    }
    return &table->slots[position];
}

void table_prefetch(const struct table *table, uint32_t hash)
{
    __builtin_prefetch(&table->slots[slot_first(table->slot_count, hash)]);
}

void table_set_target(struct table *table, uint64_t *slot, uint32_t hash, size_t cluster,
                      size_t offset)
{
    table->used_count += slot_is_free(*slot) ? 1 : 0;
    *slot = slot_value(hash, OWNER_FIRST_CLUSTER + cluster, offset);
}

size_t table_add_cluster(struct table *table, const uint8_t *base)
{
    if (table->cluster_count == table->cluster_capacity) {
        table->cluster_capacity =
            table->cluster_capacity == 0 ? FIRST_CLUSTERS : 2 * table->cluster_capacity;
        table->bases = memory_grow(table->bases, table->cluster_capacity, sizeof(uint8_t *));
    }
    table->bases[table->cluster_count] = base;
    return table->cluster_count++;
}

size_t table_add(struct table *table, const struct node *node)
{
    uint32_t hash = name_hash(node->name, node->name_length);

    table_reserve(table, 1);
    if (table->node_count == table->node_capacity) {
        table->node_capacity = table->node_capacity == 0 ? FIRST_NODES : 2 * table->node_capacity;
        table->nodes = memory_grow(table->nodes, table->node_capacity, sizeof(*table->nodes));
    }
    table->nodes[table->node_count] = *node;
    *table_slot(table, node->name, node->name_length, hash) =
        slot_value(hash, OWNER_NODE, table->node_count);
    table->used_count++;
    return table->node_count++;
}

struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash)
{
    const uint64_t *slot = table_slot(table, name, length, hash);

    return slot == NULL ? NULL : slot_node(table, *slot);
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
