/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_look.h - one whole look at Auto Scaling.
 *
 * DescribeAutoScalingGroups (every page), DescribeWarmPool for each group that is taken and has
 * one, and DescribeLifecycleHooks for each that has an instance in a Wait state, in the first look
 * for LOOK_FIRST_HOOKS_MAX others as well, to warn of time-outs that do not fit. Hooks are kept for
 * LIFECYCLE_HOOKS_FRESH_S; a group in which none of ours was found is asked again sooner. Main loop
 * only; one call at a time.
 */

#ifndef DISCOVERY_LIFECYCLE_LOOK_H
#define DISCOVERY_LIFECYCLE_LOOK_H

#include "discovery/aws/autoscaling_reply.h"
#include "discovery/aws/call.h"
#include "discovery/lifecycle_driver.h"

enum {
    /* Accounts have at most some hundred groups, a page holds 100; pages may be short or empty. */
    LOOK_PAGES_LIMIT = 200,
    /* Each is a call: an account with hundreds of groups gets its warnings later. */
    LOOK_FIRST_HOOKS_MAX = 50,
};

/*
 * `view` is finished and belongs to the callee; NULL: the look failed, and `failure` tells why
 * (kind AWS_OTHER also for an answer that could not be read). Both live for the call otherwise.
 */
typedef void (*lifecycle_look_done)(void *owner, struct autoscaling_view *view,
                                    const struct aws_failure *failure);

struct lifecycle_look;

/* `client` and `settings` are borrowed and outlive it. */
struct lifecycle_look *lifecycle_look_new(uv_loop_t *loop, struct aws_client *client,
                                          const struct lifecycle_settings *settings,
                                          lifecycle_look_done done, void *owner);

/* Begin; none may be under way. `done` is called once, never from within. */
void lifecycle_look_start(struct lifecycle_look *look);

/* Ends a look that is under way without a call of `done`. Not from within `done`. */
void lifecycle_look_free(struct lifecycle_look *look);

#endif
