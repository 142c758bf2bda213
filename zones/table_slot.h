/* SPDX-License-Identifier: MIT */

/*
 * zones/table_slot.h - where slots of a hash table are; for those who put one together.
 */

#ifndef ZONES_TABLE_SLOT_H
#define ZONES_TABLE_SLOT_H

#include <stddef.h>
#include <stdint.h>

/* The high bits of the hash say where to begin, whatever the number of slots. */
static inline size_t slot_first(size_t slot_count, uint32_t hash)
{
    return (size_t)(((uint64_t)hash * slot_count) >> 32);
}

static inline size_t slot_after(size_t slot_count, size_t position)
{
    return position + 1 == slot_count ? 0 : position + 1;
}

#endif
