/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain_rules.h - which rule decides about one instance, as a word and as sentences.
 *
 * For discovery/explain.c alone. Pure.
 */

#ifndef DISCOVERY_EXPLAIN_RULES_H
#define DISCOVERY_EXPLAIN_RULES_H

#include "discovery/explain.h"

/* Where an instance is known. */
struct explain_place {
    const struct fleet *fleet;
    size_t zone;
    size_t source;
    const struct fleet_moment *now;
    struct arena *arena;
    const struct fleet_member *members; /* all of the zone */
    size_t member_count;
};

/* Each fills rule, text, value and the poll. */
void explain_member(const struct explain_place *place, const struct fleet_member *member,
                    struct explanation *explanation);

void explain_outsider(const struct explain_place *place, const struct view_outsider *outsider,
                      struct explanation *explanation);

void explain_departure(const struct explain_place *place, const struct view_departure *departure,
                       struct explanation *explanation);

#endif
