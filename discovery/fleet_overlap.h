/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_overlap.h - the overlap rule: nobody replaces all members of a cluster at once.
 *
 * HAProxy may stay without servers when every one of them goes in one answer. So the members that
 * an answer had stay in the next ones, with weight 0, when it would have none of them any more.
 * What the newest answer had is remembered here, as copies. Pure; the clock is passed in.
 */

#ifndef DISCOVERY_FLEET_OVERLAP_H
#define DISCOVERY_FLEET_OVERLAP_H

#include "discovery/fleet.h"

/* Of a member whose source a reload took away. */
static const size_t OVERLAP_NO_SOURCE = SIZE_MAX;

/* A member of the newest answer. */
struct overlap_member {
    const char *cluster;
    size_t source;
    struct view_entry entry; /* a copy of its values; nothing of it is being judged any more */
    uint16_t port;
    int64_t until_ms; /* 0: a member by right; else former, and goes at this monotonic time */
};

/* Zeroed memory is an empty one. Sorted by cluster, address and port. */
struct overlap {
    struct arena arena;
    struct overlap_member *members;
    size_t count;
    size_t capacity;
};

void overlap_free(struct overlap *overlap);

/* Forget the members of source `source`: they were never true here, and nobody waits for them. */
void overlap_forget(struct overlap *overlap, size_t source);

/*
 * Whether the newest answer had `cluster`, and every member by right that it had of it is of a
 * source that has one of the `views`: then nobody of it is missed because a source is silent.
 */
bool overlap_is_known(const struct overlap *overlap, const char *cluster,
                      struct view *const *views);

/* From one answer to the next. */
struct overlap_step {
    const struct overlap *before;
    struct overlap *after; /* empty at first */
    int64_t now_ms;
    int64_t lasts_ms;
    bool targets_by_id; /* an id that is served has no former address */
};

/*
 * Take the cluster to which `members` (at least one, sorted by id, served or not) belong into the
 * next answer: those that are served, and those of the last answer that have to stay beside them,
 * which have an `until_ms`. Clusters are taken in the order of their names. The number of both;
 * `*next` is owned by step->after, and good until more is taken into it.
 */
size_t overlap_cluster(const struct overlap_step *step, const struct fleet_member *members,
                       size_t count, const struct overlap_member **next);

/*
 * Take over what step->before has of clusters that the next answer does not have, for a zone that
 * does not know all of them yet. After the last overlap_cluster().
 */
void overlap_keep_others(const struct overlap_step *step);

/* The members that stay at `now_ms`, as fleet_members() shows them, in any order; in `arena`,
 * borrowing from `overlap`. */
size_t overlap_members(const struct overlap *overlap, int64_t now_ms, struct arena *arena,
                       struct fleet_member **members);

#endif
