/* SPDX-License-Identifier: MIT */

/*
 * zones/table_target.c - the hash table of targets.
 *
 *     slot of a target: | octet of the hash 8 | 1 + cluster 24 | offset of the target 32 |
 */

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/name.h"
#include "zones/table.h"
#include "zones/table_slot.h"

enum {
    FIRST_SLOTS = 64,
    FIRST_CLUSTERS = 16,
    SPARE_SHARE = 4,   /* one slot in five stays free: eight slots are one line of the cache */
    GROWTH_SHARE = 64, /* room that a table keeps for the few members that the next one has more */
    EXCESS_SHARE = 8,  /* an eighth too many is not worth finding every name again */
    CLUSTER_SHIFT = 32,
    TAG_SHIFT = 56,
    CLUSTER_MASK = (1 << 24) - 1,
    TAG_MASK = 0xff,
};

static size_t slots_for(size_t names)
{
    return names + names / SPARE_SHARE + 1;
}

static uint64_t slot_value(uint32_t hash, size_t cluster, size_t offset)
{
    return (uint64_t)(hash & TAG_MASK) << TAG_SHIFT | (uint64_t)(cluster + 1) << CLUSTER_SHIFT |
           (uint32_t)offset;
}

bool slot_is_free(uint64_t slot)
{
    return slot == 0;
}

bool slot_target(uint64_t slot, size_t *cluster, size_t *offset)
{
    if (slot_is_free(slot)) {
        return false;
    }
    *cluster = ((size_t)(slot >> CLUSTER_SHIFT) & CLUSTER_MASK) - 1;
    *offset = (uint32_t)slot;
    return true;
}

/* The name of a slot that is not free. */
static const uint8_t *slot_name(const struct table *table, uint64_t slot)
{
    size_t cluster = 0;
    size_t offset = 0;

    (void)slot_target(slot, &cluster, &offset);
    return table->bases[cluster] + offset;
}

/* Where a slot that is not free would best be. */
static size_t slot_home(const struct table *table, uint64_t slot)
{
    const uint8_t *name = slot_name(table, slot);

    return slot_first(table->slot_count, name_hash(name, target_length(name)));
}

static void slots_make(struct table *table, size_t slot_count)
{
    uint64_t *old = table->slots;
    size_t old_count = table->slot_count;

    table->slots = memory_new(slot_count * sizeof(*table->slots));
    table->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        if (!slot_is_free(old[i])) {
            size_t position = slot_home(table, old[i]);

            while (!slot_is_free(table->slots[position])) {
                position = slot_after(slot_count, position);
            }
            table->slots[position] = old[i];
        }
    }
    free(old);
}

void table_reserve(struct table *table, size_t count)
{
    size_t needed = slots_for(table->target_count + count);

    if (needed > table->slot_count) {
        size_t doubled = table->slot_count == 0 ? FIRST_SLOTS : 2 * table->slot_count;

        slots_make(table, table->target_count > 0 && needed < doubled ? doubled : needed);
    }
}

void table_reserve_few(struct table *table)
{
    if (!table_has_room(table)) {
        slots_make(table, slots_for(table->target_count + 2 * table->target_count / GROWTH_SHARE +
                                    FIRST_SLOTS));
    }
}

bool table_has_room(const struct table *table)
{
    return slots_for(table->target_count + 1) <= table->slot_count;
}

void table_fit_targets(struct table *table)
{
    size_t needed = slots_for(table->target_count + table->target_count / GROWTH_SHARE);

    if (table->slot_count > needed + needed / EXCESS_SHARE) {
        slots_make(table, needed);
    }
    if (table->cluster_capacity > table->cluster_count) {
        table->bases = memory_grow(table->bases, table->cluster_count, sizeof(uint8_t *));
        table->cluster_capacity = table->cluster_count;
    }
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
            const uint8_t *found = slot_name(table, slot);

            if (target_length(found) == length && memcmp(found, name, length) == 0) {
                break;
            }
        }
        position = slot_after(table->slot_count, position);
    }
    return &table->slots[position];
}

void table_prefetch_target(const struct table *table, uint32_t hash)
{
    __builtin_prefetch(&table->slots[slot_first(table->slot_count, hash)]);
}

void table_set_target(struct table *table, uint64_t *slot, uint32_t hash, size_t cluster,
                      size_t offset)
{
    table->target_count += slot_is_free(*slot) ? 1 : 0;
    *slot = slot_value(hash, cluster, offset);
}

/* How many slots it is from one position on to another. */
static size_t slots_between(size_t slot_count, size_t from, size_t to)
{
    return to >= from ? to - from : to + slot_count - from;
}

/* Whatever was put behind the slot because that was taken moves up, so that no probe ends early. */
static void slot_close(struct table *table, size_t hole)
{
    size_t position = slot_after(table->slot_count, hole);

    while (!slot_is_free(table->slots[position])) {
        size_t home = slot_home(table, table->slots[position]);

        if (slots_between(table->slot_count, home, position) >=
            slots_between(table->slot_count, hole, position)) {
            table->slots[hole] = table->slots[position];
            hole = position;
        }
        position = slot_after(table->slot_count, position);
    }
    table->slots[hole] = 0;
}

bool table_take_out(struct table *table, uint32_t hash, size_t cluster, size_t offset)
{
    const uint64_t wanted = slot_value(hash, cluster, offset);
    size_t position = slot_first(table->slot_count, hash);

    while (table->slots[position] != wanted) {
        if (slot_is_free(table->slots[position])) {
            return false;
        }
        position = slot_after(table->slot_count, position);
    }
    slot_close(table, position);
    table->target_count--;
    return true;
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

void table_copy_targets(struct table *table, const struct table *source)
{
    free(table->slots);
    free(table->bases);
    table->slots = memory_grow(NULL, source->slot_count, sizeof(*table->slots));
    memcpy(table->slots, source->slots, source->slot_count * sizeof(*table->slots));
    table->slot_count = source->slot_count;
    table->target_count = source->target_count;
    table->cluster_capacity = source->cluster_count + FIRST_CLUSTERS;
    table->bases = memory_grow(NULL, table->cluster_capacity, sizeof(uint8_t *));
    memcpy(table->bases, source->bases, source->cluster_count * sizeof(uint8_t *));
    table->cluster_count = source->cluster_count;
}

void table_clear_targets(struct table *table, size_t count)
{
    free(table->slots);
    table->slots = NULL;
    table->slot_count = 0;
    table->target_count = 0;
    table_reserve(table, count);
}
