/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.h - removal needs evidence: (accepted view, poll, clock) -> (changes to the view,
 * events).
 *
 * The view is what we hold true of one source. A poll changes it instance by instance, and only
 * with evidence:
 *
 * - An instance goes when its state or its tags say so, or when it is absent from
 *   GUARD_ABSENT_POLLS complete polls in a row that began GUARD_ABSENT_GAP_MS apart; the polls in
 *   between count neither way. A member of a weight above 0 whose weight tag is missing counts as
 *   absent: tags come late in EC2, and a stale read has none. So does one whose group is missing.
 *   With weight 0 or a hold without an end before, or a hold now, it goes at once: that is the end
 *   of a drain.
 * - A poll that found nothing at all removes nobody: it is what wrong credentials or a wrong
 *   region look like. A poll that began before the newest applied one is discarded.
 * - The mass rule: when absence alone would take more than GUARD_LOSS_MIN members and more than
 *   GUARD_LOSS_PERCENT of a cluster within GUARD_LOSS_WINDOW_MS, or leave nobody with a weight and
 *   without a hold, all of them stay (the cluster is frozen) until GUARD_FREEZE_POLLS polls in a
 *   row miss the same ones and GUARD_FREEZE_MS have passed since the newest of them, or until
 *   guard_accept().
 * - The flap rule: once a member has changed, or gone, a change within `flap_ms` that gives it more
 *   traffic, or another address, waits until the polls have shown the same for `flap_ms`. What
 *   gives it less always passes at once. What a source's first poll shows is no change, unless the
 *   disk has it otherwise. When only a hold is taken off, GUARD_ABSENT_GAP_MS are enough: that is
 * an operator's word, and all that can be wrong with it is a stale read; after a restart it waits
 * so long in any case, as what the disk has may be seconds old.
 *
 * Pure; the clock is the start of the poll; one thread.
 */

#ifndef DISCOVERY_GUARD_H
#define DISCOVERY_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/inventory.h"
#include "discovery/membership.h"
#include "discovery/naming.h"
#include "discovery/view.h"

enum {
    /* EC2 is eventually consistent: one page set may miss a live instance. */
    GUARD_ABSENT_POLLS = 2,
    /* A refresh or a tag write makes looks follow each other at once, and those see one and the
     * same stale moment. AWS advises to ask again after a couple of seconds; it is also less than
     * what lies between two polls by default. */
    GUARD_ABSENT_GAP_MS = 2000,
    /* The mass rule. Two members may always go, as a group of a few would never get rid of any; a
     * quarter is more than a scale-in step takes, and less than HAProxy can do without. */
    GUARD_LOSS_MIN = 2,
    GUARD_LOSS_PERCENT = 25,
    GUARD_LOSS_WINDOW_MS = 60 * 1000,
    GUARD_FREEZE_POLLS = 3,
    GUARD_FREEZE_MS = 60 * 1000,
    /* Every so many polls everybody is judged anew, also whom the poll repeats: whatever a
     * fingerprint may have passed over does not stay. */
    GUARD_FULL_POLLS = 60,
    /* Departures that are remembered, so that `explain` can tell of who is gone. */
    GUARD_DEPARTURES = 256,
};

/* What a source's polls are judged by. Borrowed. */
struct guard_rules {
    const struct membership_rules *membership;
    const struct naming *naming; /* from group to cluster, the unit of the mass rule; NULL: a group
                                    is its own cluster, and so is one whose name makes none */
    int64_t flap_ms;             /* the zone's TTL; 0: no flap rule */
};

enum view_event_kind {
    EVENT_ADDED,
    EVENT_REMOVED,      /* `decision` says by what; REASON_MEMBER: absent */
    EVENT_CHANGED,      /* address, port, weight, group, zone or hold */
    EVENT_BAD_VALUE,    /* a bad value began to be bridged, or keeps an instance from being added */
    EVENT_ABSENT,       /* absent from one poll: kept for now */
    EVENT_EMPTY_POLL,   /* the poll found nothing and is not believed; `id` is NULL */
    EVENT_POLL_TOO_OLD, /* the poll began before the newest applied one; `id` is NULL */
    EVENT_FROZEN,   /* the mass rule begins to hold `count` members of `cluster`, or holds more of
                       them than before; `id` is NULL */
    EVENT_THAWED,   /* it holds no longer: they came back, or the removals follow; `id` is NULL */
    EVENT_FLAPPING, /* the flap rule begins to hold a change back: `before` is how it is served now
                       (NULL: not at all), `after` what waits */
};

/* Strings are borrowed from the views and the poll for the time of the call. */
struct view_event {
    enum view_event_kind kind;
    const char *id;
    const char *group;
    struct decision decision;
    const struct accepted *before; /* NULL when it was not a member */
    const struct accepted *after;  /* NULL when it is none */
    const char *cluster;           /* of EVENT_FROZEN and EVENT_THAWED */
    size_t count;                  /* likewise */
};

/* It must not look at the view: that is half way from one poll to the next. */
typedef void (*view_listener)(void *owner, const struct view_event *event);

/*
 * Apply one complete, finished `poll` that began at `started_ms` on the monotonic clock to `view`
 * (NULL at first, and then a new one), which is returned and borrows nothing of the poll.
 * `listener` hears every event, a bad value only when it was not there before with that reason. A
 * member that the poll shows as the one before did costs a comparison of two numbers.
 */
struct view *guard_apply(struct view *view, const struct inventory *poll,
                         const struct guard_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner);

/*
 * An operator accepts what the mass rule holds back of `cluster`: those members go. False when
 * nothing of it is held back.
 */
bool guard_accept(struct view *view, const char *cluster, const struct guard_rules *rules,
                  view_listener listener, void *owner);

/* How long the polls have to show `wanted` before it takes the place of `served`, by the flap rule
 * with this `flap_ms`. */
int64_t guard_settling_ms(const struct accepted *served, const struct accepted *wanted,
                          int64_t flap_ms);

#endif
