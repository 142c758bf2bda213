/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.c - one walk over the old view and the poll, both sorted by id.
 *
 * Every instance is in one of three places: only in the old view (absent), only in the poll (new),
 * or in both (seen again). The new view is written in the same order, so it is sorted as well.
 */

#include "discovery/guard.h"

#include <stdlib.h>
#include <string.h>

/* What the steps of one guard_apply() share. */
struct pass {
    const struct view *old; /* never NULL */
    const struct membership_rules *rules;
    struct view *view; /* being made */
    view_listener listener;
    void *owner;
};

static const struct view EMPTY_VIEW = {0};

static void pass_tell(const struct pass *pass, const struct view_event *event)
{
    if (pass->listener != NULL) {
        pass->listener(pass->owner, event);
    }
}

/* Put a copy of `accepted` into the view that is being made. */
static struct view_entry *pass_keep(const struct pass *pass, const struct accepted *accepted,
                                    enum membership_reason reason)
{
    struct view *view = pass->view;
    struct view_entry *entry = &view->entries[view->count++];

    entry->accepted = *accepted;
    entry->accepted.id = arena_string(&view->arena, accepted->id);
    entry->accepted.group = arena_string(&view->arena, accepted->group);
    entry->accepted.az = arena_string(&view->arena, accepted->az);
    entry->accepted.hold.by = arena_string(&view->arena, accepted->hold.by);
    entry->accepted.hold.reason = arena_string(&view->arena, accepted->hold.reason);
    entry->reason = reason;
    return entry;
}

static void pass_refuse(const struct pass *pass, const char *id, enum membership_reason reason)
{
    struct view *view = pass->view;
    struct view_refusal *refusal = &view->refusals[view->refusal_count++];

    refusal->id = arena_string(&view->arena, id);
    refusal->reason = reason;
}

/* Whether somebody has to look at it; the other reasons are the ordinary life of an instance. */
static bool reason_is_bad_value(enum membership_reason reason)
{
    switch (reason) {
    case REASON_STATE_UNKNOWN:
    case REASON_BAD_ID:
    case REASON_BAD_GROUP:
    case REASON_BAD_WEIGHT:
    case REASON_NO_ADDRESS:
    case REASON_BAD_ADDRESS:
    case REASON_BAD_PORT:
    case REASON_BAD_HOLD:
    case REASON_BAD_ZONE:
        return true;
    case REASON_MEMBER:
    case REASON_NO_GROUP:
    case REASON_GROUP_NOT_TAKEN:
    case REASON_STATE_GONE:
    case REASON_STATE_PENDING:
    case REASON_NO_WEIGHT:
    default:
        return false;
    }
}

static bool accepted_equals(const struct accepted *left, const struct accepted *right)
{
    return address_compare(&left->address, &right->address) == 0 && left->port == right->port &&
           left->weight == right->weight && strcmp(left->group, right->group) == 0 &&
           strcmp(left->az, right->az) == 0 && hold_equals(&left->hold, &right->hold);
}

/* The reason that was told of a refused instance before; REASON_MEMBER: none. */
static enum membership_reason refusal_reason(const struct view *view, const char *id)
{
    size_t low = 0;
    size_t high = view->refusal_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, view->refusals[middle].id);

        if (order == 0) {
            return view->refusals[middle].reason;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return REASON_MEMBER;
}

/* The entry as it stands, with its absences. */
static struct view_entry *pass_carry(const struct pass *pass, const struct view_entry *entry)
{
    struct view_entry *carried = pass_keep(pass, &entry->accepted, entry->reason);

    carried->missing_polls = entry->missing_polls;
    carried->last_missing_ms = entry->last_missing_ms;
    return carried;
}

/* Whether an absence from the poll tells more than the last one did. */
static bool absence_counts(const struct pass *pass, const struct view_entry *entry)
{
    return entry->missing_polls == 0 ||
           pass->view->poll_started_ms - entry->last_missing_ms >= GUARD_ABSENT_GAP_MS;
}

static void pass_absent(const struct pass *pass, const struct view_entry *entry)
{
    struct view_event event = {
        .kind = EVENT_ABSENT,
        .id = entry->accepted.id,
        .group = entry->accepted.group,
        .decision = {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
        .before = &entry->accepted,
        .after = &entry->accepted,
    };

    if (!absence_counts(pass, entry)) {
        pass_carry(pass, entry);
        return;
    }
    if (entry->missing_polls + 1 >= GUARD_ABSENT_POLLS) {
        event.kind = EVENT_REMOVED;
        event.decision.membership = MEMBERSHIP_OUT;
        event.after = NULL;
    } else {
        struct view_entry *kept = pass_carry(pass, entry);

        kept->missing_polls++;
        kept->last_missing_ms = pass->view->poll_started_ms;
    }
    pass_tell(pass, &event);
}

/* Tell what became of an instance of the poll; `event` is filled but for its kind. */
static void pass_tell_change(const struct pass *pass, struct view_event *event,
                             enum membership_reason told_reason)
{
    enum membership_reason reason = event->decision.reason;

    if (event->before == NULL && event->after != NULL) {
        event->kind = EVENT_ADDED;
        pass_tell(pass, event);
    } else if (event->before != NULL && event->after == NULL) {
        event->kind = EVENT_REMOVED;
        pass_tell(pass, event);
        return;
    } else if (event->before != NULL && !accepted_equals(event->before, event->after)) {
        event->kind = EVENT_CHANGED;
        pass_tell(pass, event);
    }
    if (event->decision.membership != MEMBERSHIP_OUT && reason_is_bad_value(reason) &&
        reason != told_reason) {
        event->kind = EVENT_BAD_VALUE;
        pass_tell(pass, event);
    }
}

/* `entry` is how the instance stands in the old view, or NULL. */
static void pass_seen(const struct pass *pass, const struct instance *instance,
                      const struct view_entry *entry)
{
    const struct accepted *before = entry == NULL ? NULL : &entry->accepted;
    struct accepted values = {0};
    struct decision decision =
        membership_decide(instance, pass->rules, before, &pass->view->arena, &values);
    const struct accepted *after = NULL;

    if (decision.membership == MEMBERSHIP_IN) {
        after = &pass_keep(pass, &values, decision.reason)->accepted;
    } else if (decision.membership == MEMBERSHIP_KEEP && before != NULL) {
        after = &pass_keep(pass, before, decision.reason)->accepted;
    } else if (decision.membership == MEMBERSHIP_KEEP && reason_is_bad_value(decision.reason)) {
        pass_refuse(pass, instance->id, decision.reason);
    }
    pass_tell_change(
        pass,
        &(struct view_event){
            .id = instance->id,
            .group = before != NULL && instance->group == NULL ? before->group : instance->group,
            .decision = decision,
            .before = before,
            .after = after,
        },
        entry == NULL ? refusal_reason(pass->old, instance->id) : entry->reason);
}

/* The old view once more, for a poll that is not believed. */
static void pass_repeat(const struct pass *pass, enum view_event_kind kind)
{
    for (size_t i = 0; i < pass->old->count; i++) {
        pass_carry(pass, &pass->old->entries[i]);
    }
    for (size_t i = 0; i < pass->old->refusal_count; i++) {
        pass_refuse(pass, pass->old->refusals[i].id, pass->old->refusals[i].reason);
    }
    pass->view->poll_started_ms = pass->old->poll_started_ms;
    pass_tell(pass, &(struct view_event){
                        .kind = kind,
                        .decision = {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
    });
}

static void pass_merge(const struct pass *pass, const struct inventory *poll)
{
    const struct view *old = pass->old;
    size_t entry = 0;

    for (size_t i = 0; i < poll->count; i++) {
        const struct instance *instance = &poll->instances[i];
        const char *id = instance->id;
        const struct view_entry *known = NULL;

        while (entry < old->count && strcmp(old->entries[entry].accepted.id, id) < 0) {
            pass_absent(pass, &old->entries[entry++]);
        }
        if (entry < old->count && strcmp(old->entries[entry].accepted.id, id) == 0) {
            known = &old->entries[entry++];
        }
        pass_seen(pass, instance, known);
    }
    while (entry < old->count) {
        pass_absent(pass, &old->entries[entry++]);
    }
}

struct view *guard_apply(const struct view *old, const struct inventory *poll,
                         const struct membership_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner)
{
    struct view *view = memory_new(sizeof(*view));
    struct pass pass = {
        .old = old == NULL ? &EMPTY_VIEW : old,
        .rules = rules,
        .view = view,
        .listener = listener,
        .owner = owner,
    };

    arena_init(&view->arena);
    view->entries =
        arena_array(&view->arena, pass.old->count + poll->count, sizeof(*view->entries));
    view->refusals =
        arena_array(&view->arena, pass.old->refusal_count + poll->count, sizeof(*view->refusals));
    view->poll_started_ms = started_ms;
    if (old != NULL && started_ms < old->poll_started_ms) {
        pass_repeat(&pass, EVENT_POLL_TOO_OLD);
    } else if (poll->count == 0 && pass.old->count > 0) {
        pass_repeat(&pass, EVENT_EMPTY_POLL);
    } else {
        pass_merge(&pass, poll);
    }
    return view;
}

void view_free(struct view *view)
{
    if (view != NULL) {
        arena_free(&view->arena);
        free(view);
    }
}

const struct view_entry *view_find(const struct view *view, const char *id)
{
    size_t low = 0;
    size_t high = view->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, view->entries[middle].accepted.id);

        if (order == 0) {
            return &view->entries[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}
