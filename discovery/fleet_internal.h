/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_internal.h - what fleet.c (who is known), fleet_claims.c (who wants which name),
 * fleet_judge.c (who gets it), fleet_clusters.c (what is served), fleet_overlap.c (who stays a
 * while) and explain*.c (why) share. Nobody else includes it.
 */

#ifndef DISCOVERY_FLEET_INTERNAL_H
#define DISCOVERY_FLEET_INTERNAL_H

#include "discovery/fleet.h"
#include "discovery/fleet_overlap.h"

/* The owners found by the newest fleet_clusters(), sorted by cluster; strings lie in `arena`. */
struct ownership {
    struct arena arena;
    struct cluster_owner *owners;
    size_t count;
};

/* The instances of one source that are in Standby; strings lie in `arena`. */
struct standby {
    struct arena arena;
    const char **ids; /* sorted */
    size_t count;
};

bool standby_contains(const struct standby *standby, const char *id);

struct fleet {
    const struct fleet_settings *settings;
    struct view **views;          /* one a source, NULL before its first poll */
    struct standby *standbys;     /* one a source */
    struct naming **namings;      /* one a zone */
    struct ownership *ownerships; /* one a zone */
    struct overlap *overlaps;     /* one a zone */
};

/* A member of some view that wants to stand under a cluster's name. Borrowed from the view. */
struct claim {
    const char *cluster; /* NULL: the group's name makes none */
    const char *group;
    size_t source;
    const struct view_entry *entry;
};

/* Claims that lie together; never empty. */
struct claim_run {
    const struct claim *claims;
    size_t count;
};

/* Where complaints about one zone go. */
struct complaint_desk {
    const struct fleet_listener *listener; /* NULL: nobody listens */
    const char *origin;
};

void complaint_tell(const struct complaint_desk *desk, const struct error *error);

/* One complaint each: two groups on one name, a member of two sources, one without a port, too
 * many members, too many clusters. */
void complain_taken(const struct fleet *fleet, const struct complaint_desk *desk,
                    const struct claim *winner, const struct claim *loser);
void complain_repeated(const struct fleet *fleet, const struct complaint_desk *desk,
                       const struct fleet_member *first, const struct fleet_member *member);
void complain_portless(const struct fleet *fleet, const struct complaint_desk *desk,
                       const struct fleet_member *member);
void complain_crowded(const struct complaint_desk *desk, const char *cluster, size_t count);
void complain_clusters(const struct complaint_desk *desk, size_t count);

/*
 * Every member of the zone's sources as a claim, sorted by cluster, group, source and id, in
 * `arena`. Groups whose name makes no cluster's name come last, after a complaint.
 */
size_t claims_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct complaint_desk *desk, const struct claim **claims);

/* The claims on the first cluster of the `left` (at least one) sorted ones. */
struct claim_run claim_run_first(const struct claim *claims, size_t left);

/* Whether both are of the same group of the same source. */
bool claim_is_of(const struct claim *claim, const struct claim *other);

/* What is to be judged: one zone at one moment. */
struct judgement_order {
    size_t zone;
    const struct fleet_moment *now;
    struct arena *arena;               /* for the members */
    const struct complaint_desk *desk; /* hears of everything that is refused */
};

/* Every member of the zone with its standing, sorted as fleet_members() has them. */
struct judgement {
    struct fleet_member *members;
    size_t count;
    struct ownership ownership; /* of the clusters that are served; the caller frees its arena */
};

void fleet_judge(const struct fleet *fleet, const struct judgement_order *order,
                 struct judgement *result);

#endif
