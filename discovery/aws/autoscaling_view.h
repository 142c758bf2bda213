/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/autoscaling_view.h - one look at Auto Scaling: groups, their instances, hooks.
 *
 * Owned by one thread. Values are as Auto Scaling told them; discovery/lifecycle.h decides what
 * follows.
 */

#ifndef DISCOVERY_AWS_AUTOSCALING_VIEW_H
#define DISCOVERY_AWS_AUTOSCALING_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/arena.h"

/* Lifecycle states that something follows from; every other one is left alone. */
enum lifecycle_state {
    LIFECYCLE_OTHER,   /* known, nothing to do: Pending, Terminated, Detached, … */
    LIFECYCLE_UNKNOWN, /* a state that we do not know, or two different ones in one look */
    LIFECYCLE_IN_SERVICE,
    LIFECYCLE_PENDING_WAIT,
    LIFECYCLE_TERMINATING_WAIT,
    LIFECYCLE_STANDBY,     /* Standby and EnteringStandby */
    LIFECYCLE_WARMED_WAIT, /* Warmed:Pending:Wait and Warmed:Terminating:Wait */
};

struct autoscaling_group {
    const char *name;
    bool has_warm_pool; /* its instances come by DescribeWarmPool only */
};

struct autoscaling_instance {
    const char *id;
    const char *group;
    const char *state_text; /* as it came; "" when there was none */
    enum lifecycle_state state;
    bool is_terminating; /* on its way out; of WARMED_WAIT: not into the pool */
};

struct autoscaling_hook {
    const char *group;
    const char *name;
    bool is_terminating;         /* LifecycleTransition */
    int64_t heartbeat_timeout_s; /* 30 to 7200 */
    int64_t global_timeout_s;    /* no heartbeat makes the wait longer than this */
};

/* A whole look: every group, every hook that was asked for. All of it lies in `arena`. */
struct autoscaling_view {
    struct arena arena;
    struct autoscaling_group *groups; /* as they came */
    size_t group_count;
    size_t group_capacity;
    struct autoscaling_instance *instances; /* sorted by id after autoscaling_view_finish() */
    size_t instance_count;
    size_t instance_capacity;
    struct autoscaling_hook *hooks;
    size_t hook_count;
    size_t hook_capacity;
};

/* Empty; the caller owns it. Freeing NULL does nothing. */
struct autoscaling_view *autoscaling_view_new(void);
void autoscaling_view_free(struct autoscaling_view *view);

/*
 * After the last page: sort by id and keep one entry an id. One that came twice in different
 * states (it moved between two pages, or out of the warm pool) becomes LIFECYCLE_UNKNOWN: the next
 * look will tell.
 */
void autoscaling_view_finish(struct autoscaling_view *view);

/* Add an instance; strings are copied. NULL as its state is LIFECYCLE_UNKNOWN. */
void autoscaling_view_add_instance(struct autoscaling_view *view, const char *id, const char *group,
                                   const char *state_text);

/* Add a copy of `hook`, such as one that was remembered from an earlier look. */
void autoscaling_view_add_hook(struct autoscaling_view *view, const struct autoscaling_hook *hook);

/* The hook `name` of `group` for launches or for ends, or NULL; also for a NULL name. */
const struct autoscaling_hook *autoscaling_view_hook(const struct autoscaling_view *view,
                                                     const char *group, const char *name,
                                                     bool is_terminating);

/* A new, empty group at the end; borrowed until the next call. */
struct autoscaling_group *autoscaling_view_new_group(struct autoscaling_view *view);

#endif
