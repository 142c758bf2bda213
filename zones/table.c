/* SPDX-License-Identifier: MIT */

/*
 * zones/table.c - an open-addressed hash table of names.
 */

#include "zones/table.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

static size_t slots_for(size_t capacity)
{
    size_t slot_count = 1;

    while (slot_count < 2 * capacity) {
        slot_count *= 2;
    }
    return slot_count;
}

static void slot_fill(struct table *table, size_t index)
{
    size_t mask = table->slot_count - 1;
    size_t slot = table->nodes[index].hash & mask;

    while (table->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    table->slots[slot] = (uint32_t)index + 1;
}

static void table_grow(struct table *table)
{
    table->node_capacity = table->node_capacity == 0 ? FIRST_CAPACITY : 2 * table->node_capacity;
    table->nodes = memory_grow(table->nodes, table->node_capacity, sizeof(*table->nodes));
    table->slot_count = slots_for(table->node_capacity);
    free(table->slots);
    table->slots = memory_new(table->slot_count * sizeof(*table->slots));
    for (size_t i = 0; i < table->node_count; i++) {
        slot_fill(table, i);
    }
}

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_free(struct table *table)
{
    free(table->nodes);
    free(table->slots);
    *table = (struct table){0};
}

void table_init_in(struct table *table, size_t capacity, struct arena *arena)
{
    *table = (struct table){.node_capacity = capacity, .slot_count = slots_for(capacity)};
    table->nodes = arena_array(arena, capacity, sizeof(*table->nodes));
    table->slots = arena_array(arena, table->slot_count, sizeof(*table->slots));
}

size_t table_add(struct table *table, const struct node *node)
{
    if (table->node_count == table->node_capacity) {
        table_grow(table);
    }
    table->nodes[table->node_count] = *node;
    slot_fill(table, table->node_count);
    return table->node_count++;
}

struct node *table_find(const struct table *table, const uint8_t *name, size_t length,
                        uint32_t hash)
{
    size_t mask = table->slot_count - 1;

    if (table->node_count == 0) {
        return NULL;
    }
    for (size_t slot = hash & mask; table->slots[slot] != 0; slot = (slot + 1) & mask) {
        struct node *node = &table->nodes[table->slots[slot] - 1];

        if (node->hash == hash && node->name_length == length &&
            memcmp(node->name, name, length) == 0) {
            return node;
        }
    }
    return NULL;
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
