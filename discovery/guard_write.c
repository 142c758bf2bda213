/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_write.c - the new view out of the verdicts, and the events to it.
 */

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

static void departure_put(const struct guard_pass *pass, struct view *view,
                          const struct verdict *verdict)
{
    view_put_departure(view, &(struct view_departure){
                                 .id = verdict->id,
                                 .group = verdict_before(verdict)->group,
                                 .reason = verdict->decision.reason,
                                 .at = pass->at,
                                 .is_loss = verdict->fate == FATE_LOST,
                             });
}

static void verdict_write(const struct guard_pass *pass, struct view *view,
                          const struct verdict *verdict)
{
    switch (verdict->fate) {
    case FATE_MEMBER:
    case FATE_DUE:
    case FATE_FROZEN:
        verdict_tell(pass, verdict, &view_put_entry(view, &verdict->entry)->accepted);
        break;
    case FATE_GONE:
    case FATE_LOST:
        departure_put(pass, view, verdict);
        if (verdict->instance != NULL) {
            view_put_outsider(view, &verdict->outsider);
        }
        verdict_tell(pass, verdict, NULL);
        break;
    case FATE_OUTSIDER:
    default:
        view_put_outsider(view, &verdict->outsider);
        verdict_tell(pass, verdict, NULL);
        break;
    }
}

static size_t departures_coming(const struct guard_pass *pass)
{
    size_t count = 0;

    for (size_t i = 0; i < pass->count; i++) {
        count += pass->verdicts[i].fate == FATE_GONE || pass->verdicts[i].fate == FATE_LOST;
    }
    return count;
}

/* The first of the old departures that is still wanted: by `explain`, the mass or the flap rule. */
static size_t departures_first(const struct guard_pass *pass, size_t coming)
{
    const struct view *old = pass->old;
    int64_t window_ms =
        pass->rules->flap_ms > GUARD_LOSS_WINDOW_MS ? pass->rules->flap_ms : GUARD_LOSS_WINDOW_MS;
    size_t first = 0;

    while (first < old->departure_count &&
           old->departure_count - first + coming > GUARD_DEPARTURES &&
           pass->at.started_ms - old->departures[first].at.started_ms >= window_ms) {
        first++;
    }
    return first;
}

struct view *guard_write(const struct guard_pass *pass)
{
    size_t coming = departures_coming(pass);
    size_t first = departures_first(pass, coming);
    struct view *view = view_new(&(struct view_room){
        .entries = pass->count,
        .outsiders = pass->poll->count,
        .departures = pass->old->departure_count - first + coming,
        .freezes = pass->freeze_count,
    });

    view->poll = pass->at;
    for (size_t i = first; i < pass->old->departure_count; i++) {
        view_put_departure(view, &pass->old->departures[i]);
    }
    for (size_t i = 0; i < pass->freeze_count; i++) {
        view_put_freeze(view, &pass->freezes[i]);
    }
    for (size_t i = 0; i < pass->count; i++) {
        verdict_write(pass, view, &pass->verdicts[i]);
    }
    return view;
}
