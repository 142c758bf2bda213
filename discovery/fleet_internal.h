/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_internal.h - what fleet.c (who is known), fleet_claims.c (who wants which name)
 * and fleet_clusters.c (what is served) share. Nobody else includes it.
 */

#ifndef DISCOVERY_FLEET_INTERNAL_H
#define DISCOVERY_FLEET_INTERNAL_H

#include "discovery/fleet.h"

/* Which group a cluster name was given to. A group is one of one source. */
struct cluster_owner {
    const char *cluster;
    const char *source; /* its name, not its index: a reload may move it */
    const char *group;
};

/* The owners found by the newest fleet_clusters(), sorted by cluster; strings lie in `arena`. */
struct ownership {
    struct arena arena;
    struct cluster_owner *owners;
    size_t count;
};

struct fleet {
    const struct fleet_settings *settings;
    struct view **views;          /* one a source, NULL before its first poll */
    struct naming **namings;      /* one a zone */
    struct ownership *ownerships; /* one a zone */
};

/* A member of some view that wants to stand under a cluster's name. Borrowed from the view. */
struct claim {
    const char *cluster;
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
    fleet_complaint complaint; /* NULL: nobody listens */
    void *owner;
    const char *origin;
};

void complaint_tell(const struct complaint_desk *desk, const struct error *error);

/*
 * Every member of the zone's sources as a claim, sorted by cluster, group, source and id, in
 * `arena`. Groups whose name makes no cluster's name are left out, after a complaint.
 */
size_t claims_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct complaint_desk *desk, const struct claim **claims);

/* The claims on the first cluster of the `left` (at least one) sorted ones. */
struct claim_run claim_run_first(const struct claim *claims, size_t left);

/* Whether both are of the same group of the same source. */
bool claim_is_of(const struct claim *claim, const struct claim *other);

#endif
