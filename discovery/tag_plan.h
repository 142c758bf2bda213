/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_plan.h - what an operator's order changes on each instance, and what that does to
 * the clusters. Pure.
 */

#ifndef DISCOVERY_TAG_PLAN_H
#define DISCOVERY_TAG_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/hold.h"
#include "discovery/selection.h"
#include "zones/arena.h"

enum tag_change_kind {
    CHANGE_HOLD,   /* set the hold tag */
    CHANGE_READY,  /* take the hold tag off */
    CHANGE_WEIGHT, /* set the weight tag */
};

struct tag_change {
    enum tag_change_kind kind;
    struct hold hold;  /* of CHANGE_HOLD */
    uint16_t weight;   /* of CHANGE_WEIGHT */
    const char *value; /* the tag's new value; NULL on CHANGE_READY */
};

struct plan_entry {
    const struct candidate *candidate;
    const char *before; /* the tag's value; NULL: no tag */
    const char *after;
    bool is_done;   /* it is already as ordered, but perhaps for the details */
    bool is_chosen; /* the tag is to be written */
};

/* What happens to one cluster. In service: served with a weight above 0. */
struct plan_effect {
    const char *origin;
    const char *cluster;
    size_t members; /* served, drained or in maintenance */
    size_t before;  /* in service now */
    size_t after;
};

struct tag_plan {
    struct plan_entry *entries; /* in the order of the selection */
    size_t count;
    size_t chosen;
    struct plan_effect *effects; /* one a cluster that is touched */
    size_t effect_count;
};

/* What is asked for. Borrowed. */
struct tag_plan_order {
    const struct selection *selection;
    const struct candidate *candidates; /* everybody, for the effects */
    size_t candidate_count;
    const struct tag_change *change;
    unsigned percent; /* 1 to 100 */
    int64_t now_s;    /* Unix time */
};

/*
 * Plan the change for the selection. By `percent` as many are chosen, by id, as it takes for this
 * part of the selection (rounded up) to be as ordered; those that are so already count and are left
 * alone. A hold of either kind counts as held. Candidates without tags are never chosen. Entries
 * borrow from all of the order, arrays lie in `arena`.
 */
void tag_plan_make(struct tag_plan *plan, const struct tag_plan_order *order, struct arena *arena);

/*
 * The floor: the first effect that takes members out of service and leaves less than half of the
 * cluster's members in it. NULL: none.
 */
const struct plan_effect *tag_plan_breach(const struct tag_plan *plan);

#endif
