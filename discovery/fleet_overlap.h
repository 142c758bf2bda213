/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_overlap.h - the overlap rule: nobody replaces all members of a cluster at once.
 *
 * HAProxy may stay without servers when every one of them goes in one answer. So the members that
 * an answer had stay in the next ones, with weight 0, when it would have none of them any more.
 * Pure but for references to entries; the clock is passed in.
 */

#ifndef DISCOVERY_FLEET_OVERLAP_H
#define DISCOVERY_FLEET_OVERLAP_H

#include "discovery/fleet.h"

/* Of a member whose source a reload took away. */
static const size_t OVERLAP_NO_SOURCE = SIZE_MAX;

/* A member of a cluster's newest answer. */
struct overlap_member {
    struct view_entry *entry; /* a reference; nothing of it is being judged any more */
    size_t source;
    int64_t until_ms; /* 0: a member by right; else former, and goes at this monotonic time */
    uint16_t port;
};

/* All members of a cluster's newest answer, sorted by address, port and id. Zeroed memory is an
 * empty one. */
struct overlap {
    struct overlap_member *members;
    size_t count;
};

void overlap_free(struct overlap *overlap);

/* Forget the members of source `source`: they were never true here, and nobody waits for them. */
void overlap_forget(struct overlap *overlap, size_t source);

/* Forget the former members whose time is over. */
void overlap_end(struct overlap *overlap, int64_t now_ms);

/*
 * Whether there was an answer, and every member by right that it had is of a source that has one
 * of the `views`: then nobody is missed because a source is silent.
 */
bool overlap_is_known(const struct overlap *overlap, struct view *const *views);

/* From one answer to the next. */
struct overlap_step {
    const struct overlap *before;
    int64_t now_ms;
    int64_t lasts_ms;
    bool targets_by_id; /* an id that is served has no former address */
};

/*
 * The next answer of the cluster to which `members` (at least one, sorted by id, served or not)
 * belong: those that are served, and those of the last answer that have to stay beside them, which
 * have an `until_ms`. The caller frees it.
 */
struct overlap overlap_next(const struct overlap_step *step, const struct fleet_member *members,
                            size_t count);

/* The first monotonic time after `now_ms` at which a former member goes; 0: none does. */
int64_t overlap_next_change_ms(const struct overlap *overlap, int64_t now_ms);

#endif
