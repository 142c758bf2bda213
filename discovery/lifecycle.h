/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle.h - what to do next for instances that Auto Scaling launches or ends. Pure.
 *
 * Level-triggered: from what is there now (the groups' view of their instances, the tags, the
 * clock) to the actions that are due now. Nothing is remembered between two calls that could not
 * be read again, so restarts and several rollcalls converge without a leader.
 *
 *   Pending:Wait, the launch hook
 *     no weight tag                    TAG_LAUNCH
 *     weight tag                       CONTINUE
 *     drain-since tag (a life before)  TAG_LAUNCH if the weight is 0, UNTAG_DRAIN, CONTINUE
 *   Terminating:Wait, the terminate hook
 *     weight not 0, or no drain-since  TAG_DRAIN
 *     drain-since less than drain_s    HEARTBEAT, when the hook would time out before the end
 *     drained                          UNTAG
 *     no tags                          CONTINUE
 *   Warmed:...:Wait                    as Terminating:Wait; CONTINUE goes to either hook
 *   shutting-down or terminated        CONTINUE: there is nothing left to serve or to drain
 *
 * An instance comes back into a warm pool with its tags on and sessions open, so it is drained
 * like one that ends; a new one has no tags and goes on at once. Only instances that the inventory
 * has, of groups that the source takes, with the configured hook. Auto Scaling User Guide, "How
 * lifecycle hooks work" and "Using lifecycle hooks with a warm pool".
 */

#ifndef DISCOVERY_LIFECYCLE_H
#define DISCOVERY_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/aws/autoscaling_reply.h"
#include "discovery/inventory.h"
#include "zones/arena.h"

struct lifecycle_rules {
    const char *launch_hook;    /* NULL: launches are not ours */
    const char *terminate_hook; /* NULL: ends are not ours */
    int64_t drain_s;            /* max(drain, TTL + 2 resolve intervals) */
    const char *const *groups;  /* globs, as in membership_rules */
    size_t group_count;
    const char *weight_tag;
    const char *address_tag;
    const char *drain_since_tag;
};

enum lifecycle_action_kind {
    ACTION_TAG_LAUNCH,  /* CreateTags weight=65535, address */
    ACTION_TAG_DRAIN,   /* CreateTags weight=0, drain-since=now in Unix seconds, decimal */
    ACTION_UNTAG,       /* DeleteTags of weight, address and drain-since */
    ACTION_UNTAG_DRAIN, /* DeleteTags of drain-since alone */
    ACTION_CONTINUE,    /* CompleteLifecycleAction, CONTINUE */
    ACTION_HEARTBEAT,   /* RecordLifecycleActionHeartbeat */
};

struct lifecycle_action {
    enum lifecycle_action_kind kind;
    const char *id;
    const char *group;
    const char *hook;    /* of CONTINUE and HEARTBEAT */
    const char *address; /* of TAG_LAUNCH */
};

/* When a plan is made, and from what. */
struct lifecycle_moment {
    int64_t now_s; /* Unix time, by the clock that all rollcalls share */
    /* Tags may have changed meanwhile: nothing is planned that rests on how they looked, only
     * HEARTBEAT and, once, TAG_DRAIN. */
    bool is_inventory_old;
};

struct lifecycle_plan {
    struct lifecycle_action *actions; /* sorted by id */
    size_t count;
    int64_t next_s; /* Unix time at which another action becomes due by the clock alone; 0: none */
};

/*
 * What this process has done and may not have seen yet (EC2 is eventually consistent), and when
 * it sent heartbeats. Forgetting it costs a repeated, harmless call.
 */
struct lifecycle_memory;
struct lifecycle_memory *lifecycle_memory_new(void);
void lifecycle_memory_free(struct lifecycle_memory *memory);

/*
 * Note that `action` was carried out at `now_s`, or has failed for good and is not to be repeated
 * while the instance stays in this state. Auto Scaling's "No active Lifecycle Action found" means
 * that it was carried out. An action that is not noted is due again at once.
 */
void lifecycle_note(struct lifecycle_memory *memory, const struct lifecycle_action *action,
                    int64_t now_s, bool is_final_failure);

/*
 * The actions that are due. `groups` and `inventory` (both finished) are whole looks; strings of
 * the plan lie in `arena`. Entries of `memory` about instances that are gone, or in another state
 * than they were, are dropped.
 */
struct lifecycle_plan lifecycle_reconcile(const struct autoscaling_view *groups,
                                          const struct inventory *inventory,
                                          const struct lifecycle_rules *rules,
                                          struct lifecycle_memory *memory,
                                          struct lifecycle_moment moment, struct arena *arena);

/* "tag-launch", "tag-drain", "untag", "untag-drain", "continue", "heartbeat". */
const char *lifecycle_action_name(enum lifecycle_action_kind kind);

/*
 * Ids of instances that are to be served with weight 0 although their tags say otherwise: those in
 * Standby or EnteringStandby. Sorted, in `arena`.
 */
size_t lifecycle_standby(const struct autoscaling_view *groups, struct arena *arena,
                         const char *const **ids);

#endif
