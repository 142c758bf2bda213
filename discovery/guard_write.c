/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_write.c - the verdicts into the view, and the events to them.
 *
 * All of it is told while both are there: how a member was, and how it is from now on.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"

void guard_tell(const struct guard_pass *pass, const struct view_event *event)
{
    if (pass->listener != NULL) {
        pass->listener(pass->owner, event);
    }
}

static const struct accepted *verdict_before(const struct verdict *verdict)
{
    return verdict->old_entry == NULL ? NULL : &verdict->old_entry->accepted;
}

/* The problem that the view before had with the instance. */
static enum membership_reason verdict_old_reason(const struct verdict *verdict)
{
    if (verdict->old_entry != NULL) {
        return verdict->old_entry->reason;
    }
    return verdict->old_outsider == NULL ? REASON_MEMBER : verdict->old_outsider->reason;
}

static bool verdict_has_new_problem(const struct verdict *verdict)
{
    return verdict->decision.membership != MEMBERSHIP_OUT &&
           membership_reason_is_problem(verdict->decision.reason) &&
           verdict->decision.reason != verdict_old_reason(verdict);
}

/* `after` is how the instance is served from now on, or NULL. */
static void verdict_tell(const struct guard_pass *pass, const struct verdict *verdict,
                         const struct accepted *after)
{
    const struct accepted *before = verdict_before(verdict);
    const char *group = verdict->instance == NULL ? NULL : verdict->instance->group;
    struct view_event event = {
        .id = verdict->id,
        .group = group == NULL && before != NULL ? before->group : group,
        .decision = verdict->decision,
        .before = before,
        .after = after,
    };

    if (before == NULL && after != NULL) {
        event.kind = EVENT_ADDED;
        guard_tell(pass, &event);
    } else if (before != NULL && after == NULL) {
        event.kind = EVENT_REMOVED;
        event.decision.membership = MEMBERSHIP_OUT;
        guard_tell(pass, &event);
        return;
    } else if (before != NULL && !accepted_equals(before, after)) {
        event.kind = EVENT_CHANGED;
        guard_tell(pass, &event);
    }
    if (verdict->is_newly_absent) {
        event.kind = EVENT_ABSENT;
        guard_tell(pass, &event);
    }
    if (verdict_has_new_problem(verdict)) {
        event.kind = EVENT_BAD_VALUE;
        guard_tell(pass, &event);
    }
    if (verdict->is_newly_waiting) {
        event.kind = EVENT_FLAPPING;
        event.before = after;
        event.after =
            verdict->entry.wanted == NULL ? &verdict->entry.accepted : verdict->entry.wanted;
        guard_tell(pass, &event);
    }
}

/* ---- the lists beside the members ---- */

static bool verdict_takes_out(const struct verdict *verdict)
{
    return verdict->fate == FATE_GONE || verdict->fate == FATE_LOST;
}

static bool verdict_is_member(const struct verdict *verdict)
{
    return verdict->fate == FATE_MEMBER || verdict->fate == FATE_DUE ||
           verdict->fate == FATE_FROZEN;
}

/* One of those that the poll shows without being members. */
static bool verdict_is_outsider(const struct verdict *verdict)
{
    return verdict->fate == FATE_OUTSIDER ||
           (verdict_takes_out(verdict) && verdict->instance != NULL);
}

/* The first of the departures that is still wanted: by `explain`, the mass or the flap rule. */
static size_t departures_first(const struct guard_pass *pass, size_t coming)
{
    const struct view *view = pass->view;
    int64_t window_ms =
        pass->rules->flap_ms > GUARD_LOSS_WINDOW_MS ? pass->rules->flap_ms : GUARD_LOSS_WINDOW_MS;
    size_t first = 0;

    while (first < view->departure_count &&
           view->departure_count - first + coming > GUARD_DEPARTURES &&
           pass->at.started_ms - view->departures[first].at.started_ms >= window_ms) {
        first++;
    }
    return first;
}

static void departures_write(const struct guard_pass *pass, struct view_lists *lists, size_t first)
{
    for (size_t i = first; i < pass->view->departure_count; i++) {
        view_lists_add_departure(lists, &pass->view->departures[i]);
    }
    for (size_t i = 0; i < pass->count; i++) {
        const struct verdict *verdict = pass->verdicts[i];

        if (verdict_takes_out(verdict)) {
            view_lists_add_departure(lists, &(struct view_departure){
                                                .id = verdict->id,
                                                .group = verdict_before(verdict)->group,
                                                .reason = verdict->decision.reason,
                                                .at = pass->at,
                                                .is_loss = verdict->fate == FATE_LOST,
                                            });
        }
    }
}

/* Those who wait for the flap rule are looked at by every poll; and who was a member until now was
 * judged beside its last good values, which it does not have the next time. */
static uint64_t outsider_print(const struct verdict *verdict)
{
    bool is_settled = verdict->outsider.reason != REASON_MEMBER && verdict->old_entry == NULL;

    return is_settled ? verdict->print : 0;
}

/* Those that the poll repeats, and those that verdicts make, in the order of their ids. */
static void outsiders_write(const struct guard_pass *pass, struct view_lists *lists)
{
    const struct view *view = pass->view;
    size_t next = 0;

    for (size_t i = 0; i <= pass->count; i++) {
        const struct verdict *verdict = i == pass->count ? NULL : pass->verdicts[i];

        if (verdict != NULL && !verdict_is_outsider(verdict)) {
            continue;
        }
        for (; next < view->outsider_count &&
               (verdict == NULL || strcmp(view->outsiders[next].id, verdict->id) <= 0);
             next++) {
            if (view->outsiders[next].is_repeated) {
                view_lists_add_outsider(lists, &view->outsiders[next]);
            }
        }
        if (verdict != NULL) {
            struct view_outsider outsider = verdict->outsider;

            outsider.print = outsider_print(verdict);
            view_lists_add_outsider(lists, &outsider);
        }
    }
}

/* False, and nothing is made, when the view's lists stay as they are. */
static bool lists_make(const struct guard_pass *pass, struct view_lists *lists)
{
    struct view *view = pass->view;
    size_t leaving = 0;
    size_t outsiders = 0;
    size_t first = 0;

    for (size_t i = 0; i < pass->count; i++) {
        leaving += verdict_takes_out(pass->verdicts[i]);
        outsiders += verdict_is_outsider(pass->verdicts[i]);
    }
    first = departures_first(pass, leaving);
    if (leaving == 0 && outsiders == 0 && first == 0 && pass->freeze_count == 0 &&
        view->freeze_count == 0 && pass->repeated_outsider_count == view->outsider_count) {
        for (size_t i = 0; i < view->outsider_count; i++) {
            view->outsiders[i].is_repeated = false;
        }
        return false;
    }
    view_lists_init(lists, pass->repeated_outsider_count + outsiders,
                    view->departure_count - first + leaving, pass->freeze_count);
    departures_write(pass, lists, first);
    for (size_t i = 0; i < pass->freeze_count; i++) {
        view_lists_add_freeze(lists, &pass->freezes[i]);
    }
    outsiders_write(pass, lists);
    return true;
}

/* ---- the members ---- */

/* Whether the same instance once more would leave the member exactly as it is. */
static bool entry_is_settled(const struct verdict *verdict)
{
    const struct view_entry *entry = &verdict->entry;

    return verdict->fate == FATE_MEMBER && verdict->instance != NULL && entry->missing_polls == 0 &&
           entry->wanted == NULL && !entry->is_frozen;
}

/* Members by id, in the making. */
struct members {
    struct view_entry **entries;
    uint64_t *prints;
    size_t count;
};

static bool text_is_same(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

/* Whether the verdict leaves the member exactly as it is. */
static bool entry_stays(const struct verdict *verdict)
{
    const struct view_entry *entry = &verdict->entry;
    const struct view_entry *old = verdict->old_entry;

    return old != NULL && verdict_is_member(verdict) && entry->wanted == NULL &&
           old->wanted == NULL && entry->reason == old->reason &&
           entry->missing_polls == old->missing_polls &&
           entry->last_missing_ms == old->last_missing_ms &&
           entry->is_untagged == old->is_untagged && entry->is_frozen == old->is_frozen &&
           entry->changed.number == old->changed.number &&
           entry->changed.started_ms == old->changed.started_ms &&
           entry->wanted_since_ms == old->wanted_since_ms &&
           entry->unsettled_ms == old->unsettled_ms && text_is_same(entry->value, old->value) &&
           accepted_equals(&entry->accepted, &old->accepted);
}

/* Put what the verdict makes of the instance behind those that are there. */
static void verdict_write(const struct guard_pass *pass, const struct verdict *verdict,
                          struct members *members)
{
    struct view *view = pass->view;
    struct view_entry *entry = NULL;

    if (verdict_is_member(verdict)) {
        entry = entry_stays(verdict) ? view_entry_ref(verdict->old_entry)
                                     : view_entry_new(&verdict->entry);
        members->prints[members->count] = entry_is_settled(verdict) ? verdict->print : 0;
        members->entries[members->count++] = entry;
    }
    verdict_tell(pass, verdict, entry == NULL ? NULL : &entry->accepted);
    if (entry != NULL && entry == verdict->old_entry) {
        entry->is_judged = false;
    } else if (entry != NULL && verdict->old_entry != NULL) {
        view_group_replace(view, verdict->old_entry, entry);
    } else if (entry != NULL) {
        view_group_enter(view, entry);
    } else if (verdict->old_entry != NULL) {
        view_group_leave(view, verdict->old_entry);
    }
    if (verdict->old_entry != NULL) {
        view_entry_unref(verdict->old_entry);
    }
}

/* Move the members from place `*next` up to `end`, which have no verdict. */
static void repeated_move(const struct view *view, size_t *next, size_t end,
                          struct members *members)
{
    size_t count = end - *next;

    if (count > 0 && &members->entries[members->count] != &view->entries[*next]) {
        memmove(&members->entries[members->count], &view->entries[*next],
                count * sizeof(struct view_entry *));
        memmove(&members->prints[members->count], &view->prints[*next],
                count * sizeof(*view->prints));
    }
    members->count += count;
    *next = end;
}

static size_t newcomer_count(const struct guard_pass *pass)
{
    size_t count = 0;

    for (size_t i = 0; i < pass->count; i++) {
        count += pass->verdicts[i]->old_entry == NULL && verdict_is_member(pass->verdicts[i]);
    }
    return count;
}

/* Without newcomers the arrays are written to behind the place that is read. */
static void members_write(const struct guard_pass *pass)
{
    struct view *view = pass->view;
    struct members members = {view->entries, view->prints, 0};
    size_t newcomers = newcomer_count(pass);
    size_t next = 0;

    if (newcomers > 0) {
        members.entries = memory_grow(NULL, view->count + newcomers, sizeof(struct view_entry *));
        members.prints = memory_grow(NULL, view->count + newcomers, sizeof(*members.prints));
    }
    for (size_t i = 0; i < pass->count; i++) {
        const struct verdict *verdict = pass->verdicts[i];

        repeated_move(view, &next, verdict->place, &members);
        next += verdict->old_entry != NULL;
        verdict_write(pass, verdict, &members);
    }
    repeated_move(view, &next, view->count, &members);
    if (newcomers > 0) {
        free(view->entries);
        free(view->prints);
        view->capacity = view->count + newcomers;
    }
    view->entries = members.entries;
    view->prints = members.prints;
    view->count = members.count;
    view_drop_empty_groups(view);
}

void guard_write(const struct guard_pass *pass)
{
    struct view *view = pass->view;
    struct view_lists lists;
    bool has_lists = lists_make(pass, &lists);

    view->poll = pass->at;
    if (pass->count > 0) {
        members_write(pass);
    }
    if (has_lists) { /* the last, as verdicts borrow from those before */
        view_set_lists(view, &lists);
    }
    view->is_restored = false;
}
