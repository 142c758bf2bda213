/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_judge.c - a verdict for every instance, one walk over the old view and the poll.
 *
 * Both are sorted by id. Every instance is in one of three places: only in the old view (absent),
 * only in the poll (new), or in both (seen again).
 */

#include <string.h>

#include "discovery/guard_internal.h"

static struct verdict *verdict_add(struct guard_pass *pass, const char *id)
{
    struct verdict *verdict = &pass->verdicts[pass->count++];

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

static void judge_absent(struct guard_pass *pass, const struct view_entry *entry)
{
    struct verdict *verdict = verdict_add(pass, entry->accepted.id);

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

static void judge_seen(struct guard_pass *pass, const struct instance *instance,
                       const struct view_entry *entry, const struct view_outsider *outsider)
{
    struct verdict *verdict = verdict_add(pass, instance->id);
    struct accepted values = {0};

    verdict->instance = instance;
    verdict->old_entry = entry;
    verdict->old_outsider = outsider;
    verdict->decision =
        membership_decide(instance, pass->rules->membership,
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

void guard_judge(struct guard_pass *pass)
{
    const struct view *old = pass->old;
    size_t entry = 0;
    size_t outsider = 0;

    pass->verdicts = memory_new((old->count + pass->poll->count) * sizeof(*pass->verdicts));
    for (size_t i = 0; i < pass->poll->count; i++) {
        const struct instance *instance = &pass->poll->instances[i];
        const struct view_entry *old_entry = NULL;
        const struct view_outsider *old_outsider = NULL;

        while (entry < old->count && strcmp(old->entries[entry].accepted.id, instance->id) < 0) {
            judge_absent(pass, &old->entries[entry++]);
        }
        if (entry < old->count && strcmp(old->entries[entry].accepted.id, instance->id) == 0) {
            old_entry = &old->entries[entry++];
        }
        while (outsider < old->outsider_count &&
               strcmp(old->outsiders[outsider].id, instance->id) < 0) {
            outsider++;
        }
        if (outsider < old->outsider_count &&
            strcmp(old->outsiders[outsider].id, instance->id) == 0) {
            old_outsider = &old->outsiders[outsider++];
        }
        judge_seen(pass, instance, old_entry, old_outsider);
    }
    while (entry < old->count) {
        judge_absent(pass, &old->entries[entry++]);
    }
}
