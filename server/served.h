/* SPDX-License-Identifier: MIT */

/*
 * server/served.h - everything that is served at one moment, gathered for those who tell of it: the
 * status document and the metrics.
 */

#ifndef SERVER_SERVED_H
#define SERVER_SERVED_H

#include <stddef.h>
#include <stdint.h>

#include "discovery/aws/call.h"
#include "server/seen.h"
#include "server/site.h"
#include "server/state_keeper.h"
#include "zones/snapshot.h"

/* Where it is gathered from. Borrowed for the call. */
struct served_input {
    const struct site *site;
    const struct snapshot *snapshot; /* the newest that was published */
    const struct seen_table *const *seen;
    size_t seen_count;
    const struct state_keeper_past *state; /* how the state is kept; NULL: not told */
    int64_t now_s;                         /* Unix time */
    int64_t now_ms;                        /* uv_now() */
};

struct served_cluster {
    const char *name;
    struct name srv_name;  /* the root, when it would be too long for a name; the log tells of it */
    uint64_t generation;   /* of the table in which its SRV answer last changed; 0: no answer */
    int64_t answer_octets; /* the whole SRV answer, as TCP carries it; 0: none */
    const struct fleet_member *members; /* at least one; not all of them need be in the answer */
    size_t member_count;
    const struct seen_client *load_balancers;
    size_t load_balancer_count;
};

struct served_zone {
    const char *origin;
    enum zone_state state;
    bool is_stale;                         /* see server/staleness.h */
    uint32_t serial;                       /* 0: the zone could not be built */
    uint16_t udp_size_octets;              /* what clients of the zone get over UDP at most */
    const struct served_cluster *clusters; /* sorted by name */
    size_t cluster_count;
};

struct served_source {
    const char *name;   /* "ec2 main" */
    const char *origin; /* of its zone */
    const struct site_source *past;
    const struct view *view;       /* NULL before its first complete look */
    const struct aws_usage *usage; /* what it asked of AWS, a row an action */
    size_t usage_count;
};

struct served {
    int64_t now_s;
    int64_t now_ms;
    const struct served_zone *zones;
    size_t zone_count;
    const struct served_source *sources; /* in the order that fleet_member.source counts in */
    size_t source_count;
    uint64_t seen_lost_count;              /* seen_lost_count() of all workers */
    const struct state_keeper_past *state; /* borrowed, or NULL */
};

/*
 * Gather into `arena`; some of it is borrowed from the site until its next look or reload. With
 * `cluster` only clusters of that name, and only the zones that have one. Main thread.
 */
struct served served_gather(const struct served_input *input, const char *cluster,
                            struct arena *arena);

/* "loading", "partial", "complete" */
const char *served_zone_state_name(enum zone_state state);

/* "served", "drained", "maint", or why else the member is not in the answer: "name-taken", ... */
const char *served_member_state(const struct fleet_member *member);

#endif
