/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_work.h - carries a plan's actions out, one call at a time.
 *
 * What is most pressing first: heartbeats, drains, launches, CONTINUE, and last the tags that come
 * off. Equal tags for many instances of a group go in one call of at most TAG_WRITE_MAX; when it is
 * refused, in smaller ones, until whoever is to blame stands alone. A right that is missing keeps
 * back that kind of action in that group, a server error the actions of its call. Every action that
 * took effect, was found done, or is refused for good is told to the lifecycle memory; the others
 * are due again in the next plan. Main loop only.
 */

#ifndef DISCOVERY_LIFECYCLE_WORK_H
#define DISCOVERY_LIFECYCLE_WORK_H

#include "discovery/aws/call.h"
#include "discovery/lifecycle_driver.h"

/*
 * A plan is as old as the look behind it. A drain that is written from a look of long ago could
 * follow another rollcall's whole drain; both are shorter than the shortest useful drain.
 */
enum { WORK_CALLS_MAX = 100, WORK_TIME_MAX_MS = 10000 };

struct lifecycle_work_result {
    bool wants_look; /* tags changed, or a limit ended it: the next round should come soon */
    bool try_later;  /* something is left over: throttled, a server error, or no answer */
};

typedef void (*lifecycle_work_done)(void *owner, struct lifecycle_work_result result);

struct lifecycle_work;

/* `client`, `settings` and `memory` are borrowed and outlive it. */
struct lifecycle_work *lifecycle_work_new(uv_loop_t *loop, struct aws_client *client,
                                          const struct lifecycle_settings *settings,
                                          struct lifecycle_memory *memory, lifecycle_work_done done,
                                          void *owner);

/* Begin; none may be under way. `plan` is borrowed until `done`, which may come from within when
 * there is nothing that can be done. */
void lifecycle_work_start(struct lifecycle_work *work, const struct lifecycle_plan *plan);

/* Ends what is under way without a call of `done`; a call that was sent may still take effect.
 * Not from within `done`. */
void lifecycle_work_free(struct lifecycle_work *work);

#endif
