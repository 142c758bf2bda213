/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_internal.h - what fleet.c (who is known), fleet_claims.c (which groups want which
 * name), fleet_judge.c (who gets it), fleet_clusters.c (what is served), fleet_members.c (all that
 * is known) and explain*.c (why) share. Nobody else includes it.
 */

#ifndef DISCOVERY_FLEET_INTERNAL_H
#define DISCOVERY_FLEET_INTERNAL_H

#include "discovery/fleet.h"
#include "discovery/fleet_roster.h"

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
    struct roster *rosters;       /* one a zone */
    uint64_t last_version;        /* the newest of a cluster */
};

/* Give the groups of a source's view, which has changed, their clusters' names. */
void fleet_name_groups(struct fleet *fleet, size_t source);

/* A group of some view whose members want to stand under a cluster's name. */
struct claim {
    const char *cluster; /* NULL: the group's name makes none */
    size_t source;
    const struct view_group *group;
};

/* The claims on one cluster, which lie together; never empty. */
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
 * Every group of the zone's sources as a claim, sorted by cluster, group and source, in `arena`.
 * Groups whose name makes no cluster's name come last, after a complaint.
 */
size_t claims_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct complaint_desk *desk, const struct claim **claims);

/* One cluster name in the judging. */
struct candidate {
    struct claim_run run; /* every claim on it */
    const struct cluster_rule *rule;
    enum fleet_standing standing; /* of the cluster as a whole: STANDING_SERVED, or why not */
    const struct claim *winner;   /* of the group that has the name; NULL: any, by `merge` */
};

/* The clusters of one zone at one moment, judged one after the other. */
struct judging {
    const struct fleet *fleet;
    size_t zone;
    const struct fleet_moment *now;
    struct arena *arena;
    const struct complaint_desk *desk;
    enum zone_state state;
    const struct claim *claims;
    size_t claim_count; /* on a cluster's name */
    size_t claim_next;
    const struct claim *unnamed;
    size_t unnamed_count;
    size_t room;     /* clusters that can be served at all */
    size_t new_left; /* clusters that were not served before and still find room */
    size_t over_limit;
    size_t owner_next;          /* among the owners of before */
    struct ownership ownership; /* of the clusters that are served; the caller frees its arena */
};

/* Begin. Everything is borrowed; `desk` hears of every group and cluster that is refused. */
void judging_open(struct judging *judging, const struct fleet *fleet, size_t zone,
                  const struct fleet_moment *now, struct arena *arena,
                  const struct complaint_desk *desk);

/* The next cluster by name; false, and the last complaint, when there is none. */
bool judging_next(struct judging *judging, struct candidate *candidate);

/*
 * The members of a cluster with their standing, sorted by id and source, in the arena. `desk`
 * hears of every member that is refused.
 */
size_t candidate_members(const struct judging *judging, const struct candidate *candidate,
                         const struct complaint_desk *desk, struct fleet_member **members);

/* Likewise those that have no cluster. */
size_t unnamed_members(const struct judging *judging, struct fleet_member **members);

#endif
