/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain.h - why an instance is in the answer or not: the rule, the tag, the poll.
 *
 * Reads the decisions that the views hold, and judges nothing anew. Pure; main thread.
 */

#ifndef DISCOVERY_EXPLAIN_H
#define DISCOVERY_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "discovery/fleet.h"

/* What is known of one instance in one source. Strings are borrowed from the fleet or the arena. */
struct explanation {
    const char *id;
    const char *source;  /* "ec2 main" */
    const char *origin;  /* the zone */
    const char *group;   /* NULL: in none */
    const char *cluster; /* NULL: none */
    bool is_served;
    uint16_t weight; /* as it is served, if it is */
    const char
        *rule; /* a fixed word: "member", "absent", "state-gone", "hold-drain", "frozen" ... */
    const char *text;    /* the same as a sentence for a person, with tag names and values */
    const char *value;   /* the tag's value or the state that decided, or NULL */
    uint64_t poll;       /* the number of the poll that decided; 0: known from disk */
    int64_t poll_age_ms; /* 0 without a number */
    const struct fleet_member *member; /* NULL: not a member */
};

/*
 * Everything known of `subject`: an instance id, an address, a target's name, a cluster, its plain
 * name or that of its SRV records, names in full or without the zone; sorted by zone, source and
 * id, in `arena`, in any case of letters. 0: nobody has heard of it.
 */
size_t explain(const struct fleet *fleet, const char *subject, const struct fleet_moment *now,
               struct arena *arena, const struct explanation **explanations);

#endif
