/* SPDX-License-Identifier: MIT */

/*
 * zones/prefix_set.c - two prefixes are either apart or one within the other; in the order of their
 * first addresses, the wider first, what lies within a prefix follows it.
 */

#include "zones/prefix_set.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"

void prefix_set_add(struct prefix_set *set, const struct prefix *prefixes, size_t count)
{
    /* Zones mostly have one and the same list. */
    if (count == 0 || (set->count >= count && memcmp(set->prefixes + set->count - count, prefixes,
                                                     count * sizeof(*prefixes)) == 0)) {
        return;
    }
    set->prefixes = memory_grow(set->prefixes, set->count + count, sizeof(*prefixes));
    memcpy(set->prefixes + set->count, prefixes, count * sizeof(*prefixes));
    set->count += count;
}

static int prefix_order(const void *left, const void *right)
{
    const struct prefix *first = left;
    const struct prefix *second = right;
    int order = address_compare(&first->network, &second->network);

    return order != 0 ? order : first->bits - second->bits;
}

void prefix_set_finish(struct prefix_set *set)
{
    size_t kept = 0;

    if (set->count == 0) {
        return;
    }
    qsort(set->prefixes, set->count, sizeof(*set->prefixes), prefix_order);
    for (size_t i = 1; i < set->count; i++) {
        if (!prefix_list_contains(&set->prefixes[kept], 1, &set->prefixes[i].network)) {
            set->prefixes[++kept] = set->prefixes[i];
        }
    }
    set->count = kept + 1;
}

bool prefix_set_contains(const struct prefix_set *set, const struct address *address)
{
    size_t low = 0;
    size_t high = set->count;
    struct address v4;

    address = address_unmapped(address, &v4);
    while (low < high) { /* the first that begins after the address */
        size_t middle = low + (high - low) / 2;

        if (address_compare(&set->prefixes[middle].network, address) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && prefix_list_contains(&set->prefixes[low - 1], 1, address);
}

void prefix_set_free(struct prefix_set *set)
{
    free(set->prefixes);
    *set = (struct prefix_set){.prefixes = NULL};
}
