/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_flap.c - the flap rule: less traffic at once, more only from what stands still.
 *
 * A change counts as restless when the member changed, went, or broke off a wait less than
 * `flap_ms` ago. Then the poll has to show the same for `flap_ms` before it is believed. Without
 * the third of these a member that alternates would get through each time the first two run out.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"
#include "discovery/sorted.h"

static bool is_recent(const struct guard_pass *pass, int64_t then_ms)
{
    return pass->at.started_ms - then_ms < pass->rules->flap_ms;
}

/* What a source's first poll shows may have been so for long. */
static bool change_is_recent(const struct guard_pass *pass, const struct view_poll *changed)
{
    return changed->number > 1 && is_recent(pass, changed->started_ms);
}

/* A wait that was broken off; 0: none was. */
static bool break_is_recent(const struct guard_pass *pass, int64_t unsettled_ms)
{
    return unsettled_ms != 0 && is_recent(pass, unsettled_ms);
}

static int departure_compare(const void *left, const void *right)
{
    const struct view_departure *const *first = left;
    const struct view_departure *const *second = right;

    return strcmp((*first)->id, (*second)->id);
}

static int departed_compare(const void *id, const void *departure)
{
    const struct view_departure *const *member = departure;

    return strcmp(id, (*member)->id);
}

void guard_flap_prepare(struct guard_pass *pass)
{
    const struct view *old = pass->view;
    size_t first = old->departure_count;

    while (first > 0 && is_recent(pass, old->departures[first - 1].at.started_ms)) {
        first--;
    }
    pass->departed_count = old->departure_count - first;
    pass->departed =
        arena_array(&pass->scratch, pass->departed_count, sizeof(struct view_departure *));
    for (size_t i = 0; i < pass->departed_count; i++) {
        pass->departed[i] = &old->departures[first + i];
    }
    if (pass->departed_count > 1) {
        qsort(pass->departed, pass->departed_count, sizeof(struct view_departure *),
              departure_compare);
    }
}

static bool has_departed(const struct guard_pass *pass, const char *id)
{
    return sorted_find(id, pass->departed, pass->departed_count, sizeof(struct view_departure *),
                       departed_compare) != NULL;
}

/* A hold that lasts longer is more of it; 0 is for ever. */
static int hold_compare(const struct hold *left, const struct hold *right)
{
    if (left->kind != right->kind) {
        return left->kind < right->kind ? -1 : 1;
    }
    if (left->kind == HOLD_NONE || left->until_s == right->until_s) {
        return 0;
    }
    if (left->until_s == 0 || right->until_s == 0) {
        return left->until_s == 0 ? 1 : -1;
    }
    return left->until_s < right->until_s ? -1 : 1;
}

/* What of `wanted` gives the member less than `served` does: that needs no waiting. */
static struct accepted accepted_lessen(const struct accepted *served, const struct accepted *wanted)
{
    struct accepted lessened = *served;

    if (wanted->weight < served->weight) {
        lessened.weight = wanted->weight;
    }
    if (hold_compare(&wanted->hold, &served->hold) > 0) {
        lessened.hold = wanted->hold;
    }
    return lessened;
}

/* Whether the two differ in the hold and in nothing else. */
static bool is_of_hold_alone(const struct accepted *served, const struct accepted *wanted)
{
    struct accepted unheld = *served;

    unheld.hold = wanted->hold;
    return accepted_equals(&unheld, wanted);
}

int64_t guard_settling_ms(const struct accepted *served, const struct accepted *wanted,
                          int64_t flap_ms)
{
    return flap_ms > GUARD_ABSENT_GAP_MS && is_of_hold_alone(served, wanted) ? GUARD_ABSENT_GAP_MS
                                                                             : flap_ms;
}

static bool member_must_wait(const struct guard_pass *pass, const struct view_entry *entry,
                             const struct accepted *values)
{
    if (entry->wanted == NULL) {
        return change_is_recent(pass, &entry->changed) ||
               break_is_recent(pass, entry->unsettled_ms) ||
               (pass->view->is_restored && is_of_hold_alone(&entry->accepted, values));
    }
    return !accepted_equals(entry->wanted, values) ||
           pass->at.started_ms - entry->wanted_since_ms <
               guard_settling_ms(&entry->accepted, values, pass->rules->flap_ms);
}

void guard_flap_member(struct guard_pass *pass, struct verdict *verdict,
                       const struct accepted *values)
{
    const struct view_entry *old = verdict->old_entry;
    const struct accepted *served = &old->accepted;
    struct accepted lessened = accepted_lessen(served, values);
    struct view_entry *entry = &verdict->entry;

    *entry = (struct view_entry){
        .accepted = *values,
        .reason = verdict->decision.reason,
        .value = verdict->decision.value,
        .changed = old->changed,
        .unsettled_ms = old->unsettled_ms,
    };
    verdict->fate = FATE_MEMBER;
    if (pass->rules->flap_ms > 0 && !accepted_equals(&lessened, values) &&
        member_must_wait(pass, old, values)) {
        bool is_same = old->wanted != NULL && accepted_equals(old->wanted, values);

        entry->accepted = lessened;
        entry->accepted.id = verdict->id;
        entry->wanted = arena_copy(&pass->scratch, values, sizeof(*values));
        entry->wanted_since_ms = is_same ? old->wanted_since_ms : pass->at.started_ms;
        verdict->is_newly_waiting = old->wanted == NULL;
    }
    if (!accepted_equals(served, &entry->accepted)) {
        entry->changed = pass->at;
        if (pass->view->is_restored) { /* a change after all, though the first poll shows it */
            entry->unsettled_ms = pass->at.started_ms;
        }
    } else if (old->wanted != NULL && entry->wanted == NULL) {
        entry->unsettled_ms = pass->at.started_ms;
    }
}

void guard_flap_newcomer(const struct guard_pass *pass, struct verdict *verdict,
                         const struct accepted *values)
{
    const struct view_outsider *old = verdict->old_outsider;
    bool was_waiting = old != NULL && old->reason == REASON_MEMBER;
    int64_t since_ms = was_waiting ? old->good_since_ms : pass->at.started_ms;
    bool is_restless = was_waiting || has_departed(pass, verdict->id) ||
                       (old != NULL && break_is_recent(pass, old->unsettled_ms));

    if (pass->rules->flap_ms > 0 && is_restless && is_recent(pass, since_ms)) {
        verdict->fate = FATE_OUTSIDER;
        verdict->is_newly_waiting = !was_waiting;
        verdict->entry.accepted = *values;
        verdict->outsider = (struct view_outsider){
            .id = verdict->id,
            .group = values->group,
            .reason = REASON_MEMBER,
            .since = was_waiting ? old->since : pass->at,
            .good_since_ms = since_ms,
            .unsettled_ms = old == NULL ? 0 : old->unsettled_ms,
        };
        return;
    }
    verdict->fate = FATE_MEMBER;
    verdict->entry = (struct view_entry){
        .accepted = *values,
        .reason = verdict->decision.reason,
        .value = verdict->decision.value,
        .changed = pass->at,
    };
}

void guard_flap_outsider(const struct guard_pass *pass, struct verdict *verdict)
{
    const struct view_outsider *old = verdict->old_outsider;

    if (old != NULL) {
        verdict->outsider.unsettled_ms =
            old->reason == REASON_MEMBER ? pass->at.started_ms : old->unsettled_ms;
    }
}
