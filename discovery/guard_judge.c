/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_judge.c - a verdict for every instance, one walk over the view and the poll.
 *
 * Both are sorted by id. Every instance is in one of three places: only in the view (absent), only
 * in the poll (new), or in both (seen again). What was seen again with the same fingerprint, where
 * that is known to change nothing, needs no verdict: in most polls that is everybody.
 */

#include <string.h>

#include "discovery/guard_internal.h"

enum { FIRST_VERDICTS = 16 };

static struct verdict *verdict_add(struct guard_pass *pass, const char *id)
{
    struct verdict *verdict = arena_alloc(&pass->scratch, sizeof(*verdict));

    if (pass->count == pass->capacity) {
        pass->capacity = pass->capacity == 0 ? FIRST_VERDICTS : 2 * pass->capacity;
        pass->verdicts = memory_grow(pass->verdicts, pass->capacity, sizeof(struct verdict *));
    }
    pass->verdicts[pass->count++] = verdict;
    verdict->id = id;
    return verdict;
}

/* The member is not in the poll, or without what makes it one. */
static void absence_note(const struct guard_pass *pass, struct verdict *verdict, bool is_untagged)
{
    const struct view_entry *old = verdict->old_entry;
    struct view_entry *entry = &verdict->entry;

    *entry = *old;
    entry->is_frozen = false;
    entry->is_untagged = is_untagged;
    if (is_untagged || old->is_untagged) {
        entry->reason = verdict->decision.reason;
        entry->value = NULL;
    }
    /* An absence right after another tells no more than that one did. */
    if (old->missing_polls == 0 ||
        pass->at.started_ms - old->last_missing_ms >= GUARD_ABSENT_GAP_MS) {
        entry->missing_polls++;
        entry->last_missing_ms = pass->at.started_ms;
    }
    verdict->is_newly_absent = old->missing_polls == 0;
    verdict->fate = entry->missing_polls >= GUARD_ABSENT_POLLS ? FATE_DUE : FATE_MEMBER;
}

static void judge_absent(struct guard_pass *pass, size_t place)
{
    struct view_entry *entry = pass->view->entries[place];
    struct verdict *verdict = verdict_add(pass, entry->accepted.id);

    entry->is_judged = true;
    verdict->place = place;
    verdict->old_entry = entry;
    verdict->decision = (struct decision){MEMBERSHIP_KEEP, REASON_MEMBER, NULL};
    absence_note(pass, verdict, false);
}

static bool state_is_gone(enum instance_state state)
{
    return state == STATE_SHUTTING_DOWN || state == STATE_TERMINATED || state == STATE_STOPPING ||
           state == STATE_STOPPED;
}

/* A hold that the poll shows came with the other tags: then the missing one was taken away. */
static bool instance_has_hold(struct guard_pass *pass, const struct instance *instance)
{
    struct hold hold;

    return instance->hold_tag != NULL &&
           hold_parse(&hold, instance->hold_tag, &pass->scratch, NULL);
}

/* A hold with an end says nothing here, where nobody knows the time of day: it may be long over,
 * as nobody takes it off then. */
static bool hold_counts_for_sure(const struct hold *hold)
{
    return hold->kind != HOLD_NONE && hold->until_s == 0;
}

/* Whether "it is no member any more" may be a stale read that has no tags: nobody said so before,
 * by weight 0 or a hold, and its state does not say so now. */
static bool end_is_doubtful(struct guard_pass *pass, const struct verdict *verdict)
{
    const struct accepted *served = &verdict->old_entry->accepted;

    if (verdict->decision.reason != REASON_NO_WEIGHT &&
        verdict->decision.reason != REASON_NO_GROUP) {
        return false;
    }
    return served->weight > 0 && !hold_counts_for_sure(&served->hold) &&
           !state_is_gone(verdict->instance->state) && !instance_has_hold(pass, verdict->instance);
}

static void outsider_note(const struct guard_pass *pass, struct verdict *verdict)
{
    const struct view_outsider *old = verdict->old_outsider;
    enum membership_reason reason = verdict->decision.reason;

    verdict->outsider = (struct view_outsider){
        .id = verdict->id,
        .group = verdict->instance->group,
        .reason = reason,
        .value = verdict->decision.value,
        .since = old != NULL && old->reason == reason ? old->since : pass->at,
    };
    guard_flap_outsider(pass, verdict);
}

/* It cannot be judged now: the member stays as it was, and it has been seen. */
static void entry_keep(struct verdict *verdict)
{
    verdict->entry = *verdict->old_entry;
    verdict->entry.reason = verdict->decision.reason;
    verdict->entry.value = verdict->decision.value;
    verdict->entry.missing_polls = 0;
    verdict->entry.last_missing_ms = 0;
    verdict->entry.is_untagged = false;
    verdict->entry.is_frozen = false;
    verdict->fate = FATE_MEMBER;
}

/* The poll shows the instance; the verdict has all but what is decided. */
static void judge_seen(struct guard_pass *pass, struct verdict *verdict)
{
    const struct view_entry *entry = verdict->old_entry;
    struct accepted values = {0};

    verdict->decision =
        membership_decide(verdict->instance, pass->rules->membership,
                          entry == NULL ? NULL : &entry->accepted, &pass->scratch, &values);
    if (verdict->decision.membership == MEMBERSHIP_IN && entry != NULL) {
        guard_flap_member(pass, verdict, &values);
    } else if (verdict->decision.membership == MEMBERSHIP_IN) {
        guard_flap_newcomer(pass, verdict, &values);
    } else if (entry == NULL) {
        verdict->fate = FATE_OUTSIDER;
        outsider_note(pass, verdict);
    } else if (verdict->decision.membership == MEMBERSHIP_KEEP) {
        entry_keep(verdict);
    } else {
        verdict->fate = FATE_GONE;
        outsider_note(pass, verdict);
        if (end_is_doubtful(pass, verdict)) {
            verdict->decision.membership = MEMBERSHIP_KEEP;
            absence_note(pass, verdict, true);
        }
    }
}

/* How far the walk has come in the view. */
struct walk {
    size_t entry;
    size_t outsider;
};

/* The first place from `place` on at which the poll does not repeat the members in their order: in
 * most polls there is none. Equal fingerprints are of the same id. */
static size_t walk_skip(const struct guard_pass *pass, struct walk *walk, size_t place)
{
    const struct view *view = pass->view;
    size_t entry = walk->entry;

    while (place < pass->poll->count && entry < view->count &&
           pass->poll->prints[place] == view->prints[entry]) {
        place++;
        entry++;
    }
    walk->entry = entry;
    return place;
}

/* Whether the poll repeats, at `place`, somebody who is no member. */
static bool walk_repeats_outsider(struct guard_pass *pass, struct walk *walk, size_t place)
{
    const struct view *view = pass->view;

    if (walk->outsider == view->outsider_count ||
        view->outsiders[walk->outsider].print != pass->poll->prints[place]) {
        return false;
    }
    view->outsiders[walk->outsider++].is_repeated = true;
    pass->repeated_outsider_count++;
    return true;
}

/* Judge the instance at `place`, and those before it that the poll does not show. */
static void walk_judge(struct guard_pass *pass, struct walk *walk, size_t place)
{
    const struct view *view = pass->view;
    const struct instance *instance = &pass->poll->instances[place];
    struct verdict *verdict = NULL;
    int order = -1;

    while (walk->entry < view->count &&
           (order = strcmp(view->entries[walk->entry]->accepted.id, instance->id)) < 0) {
        judge_absent(pass, walk->entry++);
    }
    verdict = verdict_add(pass, instance->id);
    verdict->instance = instance;
    verdict->print = pass->poll->prints[place];
    verdict->place = walk->entry;
    if (order == 0) {
        verdict->old_entry = view->entries[walk->entry++];
        verdict->old_entry->is_judged = true;
    }
    order = -1;
    while (walk->outsider < view->outsider_count &&
           (order = strcmp(view->outsiders[walk->outsider].id, instance->id)) < 0) {
        walk->outsider++;
    }
    if (order == 0) {
        verdict->old_outsider = &view->outsiders[walk->outsider++];
    }
    judge_seen(pass, verdict);
}

void guard_judge(struct guard_pass *pass)
{
    const struct view *view = pass->view;
    bool is_full = view->is_restored || pass->at.number % GUARD_FULL_POLLS == 0;
    struct walk walk = {0, 0};
    size_t place = 0;

    while ((place = is_full ? place : walk_skip(pass, &walk, place)) < pass->poll->count) {
        if (is_full || !walk_repeats_outsider(pass, &walk, place)) {
            walk_judge(pass, &walk, place);
        }
        place++;
    }
    while (walk.entry < view->count) {
        judge_absent(pass, walk.entry++);
    }
}
