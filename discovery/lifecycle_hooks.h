/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_hooks.h - answers of DescribeLifecycleHooks, kept for a while. Private to
 * lifecycle_look.c.
 */

#ifndef DISCOVERY_LIFECYCLE_HOOKS_H
#define DISCOVERY_LIFECYCLE_HOOKS_H

#include "discovery/aws/autoscaling_reply.h"
#include "discovery/aws/call.h"
#include "discovery/lifecycle_driver.h"

enum {
    /* Hooks change by hand; all that is read from them is that they are there, and time-outs. */
    LIFECYCLE_HOOKS_FRESH_S = 300,
    /* A hook of ours that was just put on a group should not wait for the kept answer to age. */
    LIFECYCLE_HOOKS_MISSING_FRESH_S = 30,
};

struct kept_hooks {
    char *group;
    struct autoscaling_view *view; /* of nothing but the hooks */
    int64_t asked_s;               /* the loop's clock */
    bool has_ours;
};

/* Zeroed but for `settings`, it is empty. */
struct hook_shelf {
    const struct lifecycle_settings *settings;
    struct kept_hooks *kept;
    size_t count;
};

/* Add the hooks that are kept of `group` to `view`. False: nothing fresh is kept. */
bool hook_shelf_use(const struct hook_shelf *shelf, const char *group, int64_t now_s,
                    struct autoscaling_view *view);

/*
 * Read an answer into `view` and keep it. A hook of ours whose time-out is shorter than a drain is
 * worth a warning, when it is first seen. False: it could not be read, and what was kept stays.
 */
bool hook_shelf_put(struct hook_shelf *shelf, const char *group, int64_t now_s,
                    const struct aws_result *result, struct autoscaling_view *view,
                    struct error *error);

/* Forget what nobody asked for lately. */
void hook_shelf_tidy(struct hook_shelf *shelf, int64_t now_s);

void hook_shelf_free(struct hook_shelf *shelf);

#endif
