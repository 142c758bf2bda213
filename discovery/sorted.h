/* SPDX-License-Identifier: MIT */

/*
 * discovery/sorted.h - looking things up in arrays that are in the order of their key.
 */

#ifndef DISCOVERY_SORTED_H
#define DISCOVERY_SORTED_H

#include <stddef.h>

/* As for bsearch(3): <0, 0 or >0 for a key before, at or after an element's. */
typedef int (*sorted_compare)(const void *key, const void *element);

/* An element with the key, or NULL. The array may be NULL when `count` is 0. */
void *sorted_find(const void *key, const void *array, size_t count, size_t size,
                  sorted_compare compare);

/* The index of the first element that does not come before the key; `count` if all do. */
size_t sorted_first(const void *key, const void *array, size_t count, size_t size,
                    sorted_compare compare);

#endif
