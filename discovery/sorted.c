/* SPDX-License-Identifier: MIT */

/*
 * discovery/sorted.c - bsearch(3), and the search for a lower bound that C does not have.
 */

#include "discovery/sorted.h"

#include <stdlib.h>

void *sorted_find(const void *key, const void *array, size_t count, size_t size,
                  sorted_compare compare)
{
    /* bsearch(3) must not be given NULL, not even for nothing. */
    return count == 0 ? NULL : bsearch(key, array, count, size, compare);
}

size_t sorted_first(const void *key, const void *array, size_t count, size_t size,
                    sorted_compare compare)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(key, (const char *)array + middle * size) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
