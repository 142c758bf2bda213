/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.h - removal needs evidence: (accepted view, poll, clock) -> (view, events).
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

/* A poll by which something was decided. */
struct view_poll {
    uint64_t number;    /* of the view's complete polls, from 1; 0: a table from before a restart */
    int64_t started_ms; /* on the monotonic clock */
};

struct view_entry {
    struct accepted accepted;
    enum membership_reason reason; /* REASON_MEMBER, or what the last good values bridge */
    const char *value;       /* the tag's value behind another reason than REASON_MEMBER; or NULL */
    unsigned missing_polls;  /* counted absences in a row */
    int64_t last_missing_ms; /* start of the poll of the newest one; only with missing_polls */
    bool is_untagged;        /* the newest absence is a missing weight tag */
    bool is_frozen;          /* its removal is due, and held back by the mass rule */
    struct view_poll changed; /* the poll that made it as it is: by it the flap rule counts */
    /* The flap rule holds these values back since `wanted_since_ms`; NULL: nothing is. */
    const struct accepted *wanted;
    int64_t wanted_since_ms;
    int64_t unsettled_ms; /* start of the poll by which it last gave up waiting so, or was made
                             other than on disk; 0: never */
};

/* An instance of the newest poll that is no member. */
struct view_outsider {
    const char *id;
    const char *group;             /* NULL: in none */
    enum membership_reason reason; /* REASON_MEMBER: the flap rule lets it wait */
    const char *value;             /* the tag value or state that decided, or NULL */
    struct view_poll since;        /* the poll that first said so, of those in a row */
    int64_t good_since_ms; /* only while the flap rule lets it wait: it is a member since then */
    int64_t unsettled_ms;  /* as in struct view_entry */
};

/* A member that went. */
struct view_departure {
    const char *id;
    const char *group;
    enum membership_reason reason; /* REASON_MEMBER: absent */
    struct view_poll at;
    bool is_loss; /* by absence alone, and accepted by nobody: the mass rule counts it */
};

/* A cluster whose losses are held back. */
struct view_freeze {
    const char *cluster;
    size_t member_count; /* with those that are held back */
    size_t held_count;
    int64_t since_ms;         /* start of the poll by which it froze, or grew */
    unsigned identical_polls; /* in a row that miss the same ones, this one included; such that
                                 began GUARD_ABSENT_GAP_MS apart */
    int64_t counted_ms;       /* start of the newest of them */
};

/* Immutable once made. Entries and outsiders are sorted by id, freezes by cluster, departures by
 * time, the newest last. */
struct view {
    struct arena arena;
    struct view_entry *entries;
    size_t count;
    struct view_outsider *outsiders;
    size_t outsider_count;
    struct view_departure *departures;
    size_t departure_count;
    struct view_freeze *freezes;
    size_t freeze_count;
    struct view_poll poll; /* the newest that was applied */
    bool is_restored;      /* from disk: no poll has confirmed it yet */
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

typedef void (*view_listener)(void *owner, const struct view_event *event);

/*
 * Apply one complete, finished `poll` that began at `started_ms` on the monotonic clock. Returns
 * a new view, owned by the caller, that borrows nothing; `old` (NULL at first) is not changed.
 * `listener` hears every event, a bad value only when it was not there in `old` with that reason.
 */
struct view *guard_apply(const struct view *old, const struct inventory *poll,
                         const struct guard_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner);

/*
 * An operator accepts what the mass rule holds back of `cluster`: a new view without those
 * members, owned by the caller. NULL when nothing of it is held back.
 */
struct view *guard_accept(const struct view *old, const char *cluster,
                          const struct guard_rules *rules, view_listener listener, void *owner);

/* How long the polls have to show `wanted` before it takes the place of `served`, by the flap rule
 * with this `flap_ms`. */
int64_t guard_settling_ms(const struct accepted *served, const struct accepted *wanted,
                          int64_t flap_ms);

void view_free(struct view *view);

/* The entry with `id`, or NULL. */
const struct view_entry *view_find(const struct view *view, const char *id);

/* Likewise of those that are no members. */
const struct view_outsider *view_find_outsider(const struct view *view, const char *id);

/* The newest departure of `id`, or NULL. */
const struct view_departure *view_find_departure(const struct view *view, const char *id);

/* The freeze of `cluster`, or NULL. */
const struct view_freeze *view_find_freeze(const struct view *view, const char *cluster);

#endif
