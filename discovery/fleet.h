/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet.h - every source's view put together: the clusters of each zone.
 *
 * The fleet owns the accepted views. It is made from the configuration, fed with polls, and
 * asked for clusters when something changed. Main thread only; no I/O; the clock is passed in.
 */

#ifndef DISCOVERY_FLEET_H
#define DISCOVERY_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/guard.h"
#include "discovery/naming.h"
#include "zones/cluster.h"
#include "zones/zone.h"

/*
 * What a runaway source may cost us. Far above any load balancer's slots and any DNS message
 * (about 2,000 SRV records), low enough that a rebuild stays in milliseconds.
 */
enum { FLEET_MAX_MEMBERS = 4096, FLEET_MAX_CLUSTERS = 1024 };

/* Beyond the TTL, of an overlap: a load balancer that just asked asks again well within. */
enum { FLEET_OVERLAP_MS = 10 * 1000 };

/* What the configuration says of one cluster. */
struct cluster_rule {
    const char *name;
    uint16_t port; /* 0: the source's */
    bool merge;    /* several groups may feed this cluster */
};

struct fleet_zone {
    const char *origin; /* for messages */
    uint32_t ttl_seconds;
    const struct zone *zone; /* how clusters and targets are named; NULL: nobody asks */
    const char *const *rename;
    size_t rename_count;
    const struct cluster_rule *clusters;
    size_t cluster_count;
};

/* What a source calls the values of a member, for messages; NULL: as EC2 tags are called by
 * default. */
struct value_names {
    const char *weight; /* "srv_weight" */
    const char *address;
    const char *port;
    const char *hold;
};

struct fleet_source {
    const char *name; /* as the log says it: "ec2 main", "file on-prem"; unique */
    size_t zone;      /* index into the zones */
    struct membership_rules rules;
    struct value_names names;
};

struct fleet_settings {
    const struct fleet_zone *zones;
    size_t zone_count;
    const struct fleet_source *sources;
    size_t source_count;
};

/* When something is asked of the fleet, by both clocks: holds end by the one that people read, and
 * all else is timed by the one that nobody sets. */
struct fleet_moment {
    int64_t now_s;  /* Unix time */
    int64_t now_ms; /* monotonic: uv_now() */
};

struct fleet;

/* `settings` is borrowed and must outlive the fleet. False: a rename rule is bad. */
bool fleet_new(struct fleet **fleet, const struct fleet_settings *settings, struct error *error);

/* NULL does nothing. */
void fleet_free(struct fleet *fleet);

/*
 * After a reload: take from `old` the view and the standby list of every source that has the same
 * name here, so that nothing is lost between the reload and the first poll. A zone of the same
 * origin remembers which group owns each cluster name, and whom the last fleet_clusters() gave.
 * `old` is left without them.
 */
void fleet_adopt(struct fleet *fleet, struct fleet *old);

/*
 * Apply a complete poll of source `source`; `poll` is only read. Events go to `listener`.
 */
void fleet_apply(struct fleet *fleet, size_t source, const struct inventory *poll,
                 int64_t started_ms, view_listener listener, void *owner);

/*
 * An operator accepts what the mass rule holds back of `cluster`, in every source. The number of
 * members that are let go.
 */
size_t fleet_accept(struct fleet *fleet, const char *cluster, view_listener listener, void *owner);

/*
 * Take `view`, which is marked as restored, for what source `source` is known to have until its
 * first poll. The fleet owns it from now on. NULL: forget what it was restored to.
 */
void fleet_restore(struct fleet *fleet, size_t source, struct view *view);

/*
 * Source `source` looks elsewhere since a reload, and `poll` is a complete look there: forget the
 * members that it does not show with group and weight, and whatever the guard holds back. Those who
 * are in both places keep their last good values. Unlike after fleet_restore() with NULL, whom it
 * gave may stay beside those who take the place, by the overlap rule of fleet_clusters(). Without a
 * poll (NULL) all are forgotten. How many were.
 */
size_t fleet_retain(struct fleet *fleet, size_t source, const struct inventory *poll);

/* Whether `poll` would give the source a member if nothing were known of it. */
bool fleet_poll_has_members(const struct fleet *fleet, size_t source, const struct inventory *poll);

/*
 * The instances of source `source` that Auto Scaling has in Standby: members among them are served
 * with weight 0. `ids` is sorted by strcmp(), and copied; it takes the place of the list before.
 * True when the two differ: what is served may have changed.
 */
bool fleet_set_standby(struct fleet *fleet, size_t source, const char *const *ids, size_t count);

/* Whether `id` is on that list. */
bool fleet_is_standby(const struct fleet *fleet, size_t source, const char *id);

/*
 * Whether none, some or all of the zone's sources have delivered. No source: ZONE_COMPLETE. While
 * none of them has ever shown a member the zone is ZONE_PARTIAL at most: that is what a wrong
 * region, account, filter or tag name looks like, and NXDOMAIN would empty HAProxy's backends.
 */
enum zone_state fleet_zone_state(const struct fleet *fleet, size_t zone);

/*
 * A complaint about what is not served: a group whose name is bad or taken by another group, a
 * member that two sources have, what goes over a limit.
 */
typedef void (*fleet_complaint)(void *owner, const char *origin, const struct error *error);

struct fleet_listener {
    fleet_complaint complaint;
    void *owner;
};

/*
 * The clusters of a zone, sorted by name, in `arena`; what they point to is the fleet's, and stays
 * until the next fleet_clusters() of the zone, fleet_restore(), fleet_adopt() out of the fleet, or
 * its end. A cluster that has the version of an earlier call is the same as then; after
 * fleet_adopt() versions count on. Every view's members are put under the cluster that their
 * group's name gives. When two groups claim one name and the cluster does not
 * say `merge`, the group that had it before keeps it (at first: the one that sorts first), the
 * other is not served, and `listener` hears both names; once per call, the caller
 * deduplicates; a `listener` of NULL hears nothing.
 * Groups of the same name in two sources are two groups. Of two members with one id in a merged
 * cluster the one of the first source is served. Over FLEET_MAX_MEMBERS the first ids are served,
 * over FLEET_MAX_CLUSTERS those that were served before and then the first names, so that what
 * is removed always goes.
 * While the zone is ZONE_PARTIAL a cluster that says `merge` is left out: the part that is known
 * would look like the whole. Not so when the last call gave it and every source of its members then
 * (also of those that it did not serve, if it served nobody) has a view: a source that a reload
 * adds, and that does not answer, takes nothing away.
 * Members in maintenance are left out and drained ones have weight 0, as long as the hold has not
 * expired at `now`. An operator's word counts even when it leaves a cluster without any member
 * that takes traffic; `listener` hears of it.
 * The overlap rule: when a cluster has members, but nobody left of those (by address and port) that
 * the last call gave for it, those stay beside the new ones, with weight 0, for its TTL and
 * FLEET_OVERLAP_MS: HAProxy may not recover by itself when all its servers go at once. Who is out
 * by a hold, or for another reason that is still known, does not stay; a cluster that is empty has
 * nobody who stays.
 */
size_t fleet_clusters(struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                      struct arena *arena, const struct cluster **clusters,
                      const struct fleet_listener *listener);

/* The next Unix time after `now_s` at which a hold expires and fleet_clusters() may give another
 * answer; 0: none. */
int64_t fleet_next_change_s(const struct fleet *fleet, int64_t now_s);

/* Likewise the next monotonic time, at which an overlap ends; 0: none. */
int64_t fleet_next_change_ms(const struct fleet *fleet, int64_t now_ms);

/* Whether a known member is in its cluster's answer, and if not, why. */
enum fleet_standing {
    STANDING_SERVED,     /* it is, with `weight` */
    STANDING_MAINT,      /* its hold takes it out */
    STANDING_NO_CLUSTER, /* its group's name makes no cluster's name */
    STANDING_NAME_TAKEN, /* another group has the cluster's name */
    STANDING_REPEATED,   /* a source before this one has a member with its id */
    STANDING_NO_PORT,    /* nobody gives a port */
    STANDING_OVER_LIMIT, /* FLEET_MAX_MEMBERS or FLEET_MAX_CLUSTERS */
    STANDING_WAITING,    /* a merged cluster whose sources have not all delivered */
    STANDING_OVERLAP,    /* gone, and served with weight 0 beside those who took its place */
};

/* A member of some source's view, as it stands at one moment. */
struct fleet_member {
    /* Both are borrowed until something happens to the fleet: a poll, fleet_accept() and the like,
     * or fleet_clusters(). */
    const char *cluster;            /* NULL on STANDING_NO_CLUSTER */
    const struct view_entry *entry; /* of STANDING_OVERLAP: how it was served, and nothing else */
    size_t source;
    enum fleet_standing standing;
    enum hold_kind hold; /* that counts now; entry->accepted.hold is what was written */
    bool is_standby;
    uint16_t port;    /* by which it is, or would be, served; 0: none */
    uint16_t weight;  /* likewise; entry->accepted.weight is that of the tag */
    int64_t until_ms; /* of STANDING_OVERLAP: the monotonic time at which it goes */
};

/*
 * Everything known of a zone, served or not, in `arena`: sorted by cluster, then id, then source;
 * members without a cluster come last. By the rules and the owners of names of fleet_clusters(),
 * which it does not change; tells no complaints.
 */
size_t fleet_members(const struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                     struct arena *arena, const struct fleet_member **members);

/* "served", "maint", "name-taken", ... */
const char *fleet_standing_name(enum fleet_standing standing);

/* The view of a source, NULL before its first poll. Borrowed until the next call that changes it:
 * fleet_apply(), fleet_accept(), fleet_restore(), fleet_retain(), fleet_adopt(). */
const struct view *fleet_view(const struct fleet *fleet, size_t source);

/* What it was made with. */
const struct fleet_settings *fleet_settings(const struct fleet *fleet);

/* Which group a cluster name was given to. A group is one of one source. */
struct cluster_owner {
    const char *cluster;
    const char *source; /* its name, not its index: a reload may move it */
    const char *group;
};

/* The owners of a zone's cluster names, sorted by cluster. Borrowed until the next
 * fleet_clusters() or fleet_set_owners() of the zone. */
size_t fleet_owners(const struct fleet *fleet, size_t zone, const struct cluster_owner **owners);

/* Let a zone begin with these owners, sorted by cluster; they are copied. */
void fleet_set_owners(struct fleet *fleet, size_t zone, const struct cluster_owner *owners,
                      size_t count);

#endif
