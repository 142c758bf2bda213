/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_plan.c - the order against what the tags say now.
 */

#include "discovery/tag_plan.h"

#include <string.h>

/* The hold that an instance's tag says, HOLD_NONE when there is none or nobody can read it. */
static struct hold hold_of(const struct candidate *candidate, struct arena *arena)
{
    struct hold hold = {.by = "", .reason = ""};

    if (candidate->instance != NULL && candidate->instance->hold_tag != NULL &&
        hold_parse(&hold, candidate->instance->hold_tag, arena, NULL)) {
        return hold;
    }
    return (struct hold){.by = "", .reason = ""};
}

/* Whoever held it first stays its holder: a repeated order is no change. */
static bool hold_is_same(const struct hold *now, const struct hold *wanted)
{
    return now->kind == wanted->kind && now->until_s == wanted->until_s &&
           strcmp(now->reason, wanted->reason) == 0;
}

/* Returns whether writing the tag would change anything. */
static bool entry_judge(struct plan_entry *entry, const struct tag_change *change, int64_t now_s,
                        struct arena *arena)
{
    const struct instance *instance = entry->candidate->instance;
    const struct hold hold = hold_of(entry->candidate, arena);

    if (instance == NULL) {
        return false;
    }
    entry->after = change->value;
    entry->before = change->kind == CHANGE_WEIGHT ? instance->weight_tag : instance->hold_tag;
    switch (change->kind) {
    case CHANGE_HOLD:
        entry->is_done = hold_now(&hold, now_s) != HOLD_NONE;
        return !(entry->is_done && hold_is_same(&hold, &change->hold));
    case CHANGE_READY:
        entry->is_done = entry->before == NULL;
        break;
    case CHANGE_WEIGHT:
        entry->is_done = entry->before != NULL && strcmp(entry->before, entry->after) == 0;
        break;
    }
    return !entry->is_done;
}

static void entries_make(struct tag_plan *plan, const struct tag_plan_order *order,
                         struct arena *arena)
{
    unsigned percent = order->percent;
    size_t wanted = (plan->count * percent + 99) / 100;
    size_t done = 0;

    for (size_t i = 0; i < plan->count; i++) {
        struct plan_entry *entry = &plan->entries[i];

        entry->candidate = order->selection->chosen[i];
        entry->is_chosen = entry_judge(entry, order->change, order->now_s, arena);
        done += entry->is_done;
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_entry *entry = &plan->entries[i];

        if (percent < 100 && entry->is_chosen) {
            entry->is_chosen = !entry->is_done && done < wanted;
            done += entry->is_chosen;
        }
        if (!entry->is_chosen) {
            entry->after = entry->before;
        }
        plan->chosen += entry->is_chosen;
    }
}

/* ---- effects ---- */

static const struct plan_entry *entry_find(const struct tag_plan *plan,
                                           const struct candidate *candidate)
{
    size_t low = 0;
    size_t high = plan->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct candidate *other = plan->entries[middle].candidate;

        /* Both lie in one array that is sorted as the entries are. */
        if (other == candidate) {
            return &plan->entries[middle];
        }
        if (other < candidate) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool is_in_answer(const struct fleet_member *member)
{
    return member->standing == STANDING_SERVED || member->standing == STANDING_MAINT ||
           member->standing == STANDING_WAITING;
}

static bool is_in_service_after(const struct tag_change *change, const struct fleet_member *member)
{
    const struct accepted *accepted = &member->entry->accepted;
    bool is_held =
        change->kind == CHANGE_HOLD || (change->kind == CHANGE_WEIGHT && member->hold != HOLD_NONE);
    uint16_t weight = change->kind == CHANGE_WEIGHT ? change->weight : accepted->weight;

    return !is_held && !member->is_standby && weight > 0;
}

static struct plan_effect *effect_find(struct tag_plan *plan, const struct candidate *candidate)
{
    for (size_t i = 0; candidate->cluster != NULL && i < plan->effect_count; i++) {
        struct plan_effect *effect = &plan->effects[i];

        if (strcmp(effect->cluster, candidate->cluster) == 0 &&
            strcmp(effect->origin, candidate->origin) == 0) {
            return effect;
        }
    }
    return NULL;
}

static void effects_open(struct tag_plan *plan, struct arena *arena)
{
    plan->effects = arena_array(arena, plan->chosen, sizeof(*plan->effects));
    for (size_t i = 0; i < plan->count; i++) {
        const struct candidate *candidate = plan->entries[i].candidate;

        if (plan->entries[i].is_chosen && candidate->cluster != NULL &&
            effect_find(plan, candidate) == NULL) {
            plan->effects[plan->effect_count++] =
                (struct plan_effect){.origin = candidate->origin, .cluster = candidate->cluster};
        }
    }
}

static void effects_count(struct tag_plan *plan, const struct tag_plan_order *order)
{
    for (size_t i = 0; i < order->candidate_count; i++) {
        const struct candidate *candidate = &order->candidates[i];
        const struct fleet_member *member = candidate->member;
        struct plan_effect *effect = effect_find(plan, candidate);

        if (effect == NULL || member == NULL || !is_in_answer(member)) {
            continue;
        }
        const struct plan_entry *entry = entry_find(plan, candidate);
        bool is_before =
            member->entry->accepted.weight > 0 && member->hold == HOLD_NONE && !member->is_standby;

        effect->members++;
        effect->before += is_before;
        effect->after += entry != NULL && entry->is_chosen
                             ? is_in_service_after(order->change, member)
                             : is_before;
    }
}

void tag_plan_make(struct tag_plan *plan, const struct tag_plan_order *order, struct arena *arena)
{
    size_t count = order->selection->count;

    *plan = (struct tag_plan){
        .entries = arena_array(arena, count, sizeof(*plan->entries)),
        .count = count,
    };
    entries_make(plan, order, arena);
    effects_open(plan, arena);
    effects_count(plan, order);
}

const struct plan_effect *tag_plan_breach(const struct tag_plan *plan)
{
    for (size_t i = 0; i < plan->effect_count; i++) {
        const struct plan_effect *effect = &plan->effects[i];

        if (effect->after < effect->before && 2 * effect->after < effect->members) {
            return effect;
        }
    }
    return NULL;
}
