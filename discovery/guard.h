/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.h - removal needs evidence: (accepted view, poll, clock) -> (view, events).
 *
 * The view is what we hold true of one source. A poll changes it instance by instance, and only
 * with evidence: an instance goes when its state or its tags say so, or when it is absent from
 * GUARD_ABSENT_POLLS complete polls in a row that began GUARD_ABSENT_GAP_MS apart; the polls in
 * between count neither way. A poll that found nothing at all removes nobody: it is what wrong
 * credentials or a wrong region look like. Pure; one thread.
 */

#ifndef DISCOVERY_GUARD_H
#define DISCOVERY_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/inventory.h"
#include "discovery/membership.h"

enum {
    /* EC2 is eventually consistent: one page set may miss a live instance. */
    GUARD_ABSENT_POLLS = 2,
    /* A refresh or a tag write makes looks follow each other at once, and those see one and the
     * same stale moment. AWS advises to ask again after a couple of seconds; it is also less than
     * what lies between two polls by default. */
    GUARD_ABSENT_GAP_MS = 2000,
};

struct view_entry {
    struct accepted accepted;
    unsigned missing_polls;  /* counted absences in a row */
    int64_t last_missing_ms; /* start of the poll of the newest one; only with missing_polls */
    enum membership_reason reason; /* REASON_MEMBER, or what the last good values bridge */
};

/* An instance that is no member because of a bad value: remembered, so that it is told once. */
struct view_refusal {
    const char *id;
    enum membership_reason reason;
};

/* Immutable once made. Entries and refusals are sorted by id. */
struct view {
    struct arena arena;
    struct view_entry *entries;
    size_t count;
    struct view_refusal *refusals;
    size_t refusal_count;
    int64_t poll_started_ms; /* start of the newest poll applied */
};

enum view_event_kind {
    EVENT_ADDED,
    EVENT_REMOVED,     /* `decision` says by what; REASON_MEMBER: absent */
    EVENT_CHANGED,     /* address, port, weight, group, zone or hold */
    EVENT_BAD_VALUE,   /* a bad value began to be bridged, or keeps an instance from being added */
    EVENT_ABSENT,      /* absent from one poll: kept for now */
    EVENT_EMPTY_POLL,  /* the poll found nothing and is not believed; `id` is NULL */
    EVENT_POLL_TOO_OLD /* the poll began before the newest applied one; `id` is NULL */
};

/* Strings are borrowed from the views and the poll for the time of the call. */
struct view_event {
    enum view_event_kind kind;
    const char *id;
    const char *group;
    struct decision decision;
    const struct accepted *before; /* NULL when it was not a member */
    const struct accepted *after;  /* NULL when it is none */
};

typedef void (*view_listener)(void *owner, const struct view_event *event);

/*
 * Apply one complete, finished `poll` that began at `started_ms` on the monotonic clock. Returns
 * a new view, owned by the caller, that borrows nothing; `old` (NULL at first) is not changed.
 * `listener` hears every event, a bad value only when it was not there in `old` with that reason.
 */
struct view *guard_apply(const struct view *old, const struct inventory *poll,
                         const struct membership_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner);

void view_free(struct view *view);

/* The entry with `id`, or NULL. */
const struct view_entry *view_find(const struct view *view, const char *id);

#endif
