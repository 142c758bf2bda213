/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_driver.h - the I/O around discovery/lifecycle.h for one ec2 source.
 *
 * A round looks at the groups, their warm pools and their hooks, asks lifecycle_reconcile() what
 * is due and does it, one call at a time: that is pace enough for the API buckets that a whole
 * account shares. A round follows every look of the source, so that Auto Scaling's word is never
 * older than EC2's; without one it comes after two polls, or when the clock makes something due,
 * and after failures later, with full jitter. Nothing happens before the source's first look.
 *
 * What goes wrong with an action is sorted by what helps: throttles, no answer and several server
 * errors end the round and are tried in the next one; a single server error leaves its call to the
 * next round; missing rights make one alarm for a kind and a group, and are tried again after
 * LIFECYCLE_DENIED_WAIT_S; "No active Lifecycle Action" means that somebody else has done
 * it; any other refusal is final and told once. Main loop only.
 */

#ifndef DISCOVERY_LIFECYCLE_DRIVER_H
#define DISCOVERY_LIFECYCLE_DRIVER_H

#include <uv.h>

#include "discovery/inventory.h"
#include "discovery/lifecycle.h"

enum {
    /* An operator has to grant the right; asking faster would only fill the audit trail. */
    LIFECYCLE_DENIED_WAIT_S = 300,
    /* Between the end of a drain and CONTINUE: a look, DeleteTags and another look. */
    LIFECYCLE_MARGIN_S = 30,
};

struct lifecycle_settings {
    const char *name; /* of the ec2 source: "main" */
    int64_t poll_ms;
    struct lifecycle_rules rules;
};

struct lifecycle_listener {
    void *owner;
    /* Tags were written, or there is more to do: the source should look soon. */
    void (*on_written)(void *owner);
    /* The instances in Standby, in every round; sorted, lives for the call. */
    void (*on_standby)(void *owner, const char *const *ids, size_t count);
};

struct lifecycle_driver;
struct aws_client;

/*
 * `client` (discovery/aws/call.h) and `settings` are borrowed; they are not used any more once the
 * driver is stopped. Asks nobody before the first
 * lifecycle_driver_take(). A listener may not stop the driver from within.
 */
struct lifecycle_driver *lifecycle_driver_new(uv_loop_t *loop, struct aws_client *client,
                                              const struct lifecycle_settings *settings,
                                              const struct lifecycle_listener *listener);

/*
 * A whole and finished look of the source, which the driver owns from now on. It began at
 * `started_ms` by the loop's clock; once it is older than 3 polls, only heartbeats and drains are
 * planned from it.
 */
void lifecycle_driver_take(struct lifecycle_driver *driver, struct inventory *inventory,
                           int64_t started_ms);

/* End what is under way; frees itself once its handles are closed. NULL does nothing. */
void lifecycle_driver_stop(struct lifecycle_driver *driver);

#endif
