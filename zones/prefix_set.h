/* SPDX-License-Identifier: MIT */

/*
 * zones/prefix_set.h - many prefixes as one: sorted, and none within another, so that a look-up
 * takes as many steps as their count has bits.
 */

#ifndef ZONES_PREFIX_SET_H
#define ZONES_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/address.h"

/* Zeroed: nobody is in it. */
struct prefix_set {
    struct prefix *prefixes;
    size_t count;
};

/* Add `count` prefixes to what is there. What `set` points to is heap memory of its own. */
void prefix_set_add(struct prefix_set *set, const struct prefix *prefixes, size_t count);

/* All have been added: put them in order. Before the first look-up. */
void prefix_set_finish(struct prefix_set *set);

/* As prefix_list_contains() for all that was added. Any thread. */
bool prefix_set_contains(const struct prefix_set *set, const struct address *address);

/* Leaves an empty set. */
void prefix_set_free(struct prefix_set *set);

#endif
