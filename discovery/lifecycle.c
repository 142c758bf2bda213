/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle.c - the table at the head of lifecycle.h, one instance after the other.
 *
 * Every step is chosen by what can be read again, and is safe to take twice: that is what makes
 * restarts, stale reads and several rollcalls harmless. What goes on after a step is decided by
 * seeing its effect, never by having sent it.
 */

#include "discovery/lifecycle.h"

#include <string.h>

#include "discovery/lifecycle_memory.h"
#include "discovery/membership.h"

enum {
    /* EC2 shows a tag within seconds; a write that is not seen after this long is repeated. */
    SETTLE_S = 30,
    /*
     * A completed hook that still waits is usually waiting for another hook. Auto Scaling may also
     * have let the instance go round and come back unseen, so it is asked again, seldom.
     */
    CONTINUE_REPEAT_S = 300,
    /* Hosts further off than this cannot sign requests: such a time in the future is damage. */
    CLOCK_SKEW_MAX_S = 300,
    /* Between the end of a drain and CONTINUE: a look, DeleteTags, another look, and retries. */
    HEARTBEAT_MARGIN_S = 60,
    /* Of a heartbeat time-out, so that two may be lost. */
    HEARTBEAT_PARTS = 3,
    /* Launching and terminating: both may be waiting where a warm pool is entered. */
    HOOKS_MAX = 2,
    /* Unix seconds until the year 33658; more digits are no time. */
    SINCE_MAX_DIGITS = 12,
};

/* One instance in one reconciliation. */
struct step {
    const struct lifecycle_rules *rules;
    const struct instance *instance;
    const struct lifecycle_entry *entry;
    const struct autoscaling_hook *hooks[HOOKS_MAX]; /* ours, to be completed; NULL: none */
    int64_t now_s;
    bool is_inventory_old;
    struct lifecycle_plan *plan;
    struct arena *arena;
};

static const char *const action_names[] = {
    [ACTION_TAG_LAUNCH] = "tag-launch", [ACTION_TAG_DRAIN] = "tag-drain",
    [ACTION_UNTAG] = "untag",           [ACTION_UNTAG_DRAIN] = "untag-drain",
    [ACTION_CONTINUE] = "continue",     [ACTION_HEARTBEAT] = "heartbeat",
};

const char *lifecycle_action_name(enum lifecycle_action_kind kind)
{
    return action_names[kind];
}

/* Something becomes due at `due_s` by the clock alone. */
static void plan_wake(struct step *step, int64_t due_s)
{
    struct lifecycle_plan *plan = step->plan;

    if (plan->next_s == 0 || due_s < plan->next_s) {
        plan->next_s = due_s;
    }
}

static void plan_add(struct step *step, enum lifecycle_action_kind kind,
                     const struct autoscaling_hook *hook, const char *address)
{
    struct arena *arena = step->arena;

    step->plan->actions[step->plan->count++] = (struct lifecycle_action){
        .kind = kind,
        .id = arena_string(arena, step->instance->id),
        .group = arena_string(arena, step->hooks[0] != NULL ? step->hooks[0]->group
                                                            : step->hooks[1]->group),
        .hook = hook == NULL ? NULL : arena_string(arena, hook->name),
        .address = arena_string(arena, address),
    };
}

static const struct lifecycle_note *step_note(const struct step *step,
                                              enum lifecycle_action_kind kind,
                                              const struct autoscaling_hook *hook)
{
    return lifecycle_entry_note(step->entry, kind, hook == NULL ? NULL : hook->name);
}

/*
 * Whether it was done less than `repeat_s` ago, so that its effect may still be on its way. A note
 * from the future was written before the clock was set back and says nothing.
 */
static bool is_recent(struct step *step, const struct lifecycle_note *note, int64_t repeat_s)
{
    if (note == NULL || note->is_final_failure || note->at_s > step->now_s ||
        step->now_s - note->at_s >= repeat_s) {
        return false;
    }
    plan_wake(step, note->at_s + repeat_s);
    return true;
}

/* Plan it, unless it was done lately or has failed for good, or rests on an old picture. */
static void act(struct step *step, enum lifecycle_action_kind kind,
                const struct autoscaling_hook *hook, const char *address, int64_t repeat_s)
{
    const struct lifecycle_note *note = step_note(step, kind, hook);

    if (step->is_inventory_old && kind != ACTION_HEARTBEAT && kind != ACTION_TAG_DRAIN) {
        return;
    }
    if (!is_recent(step, note, repeat_s) && (note == NULL || !note->is_final_failure)) {
        plan_add(step, kind, hook, address);
    }
}

static void continue_hooks(struct step *step)
{
    for (size_t i = 0; i < HOOKS_MAX; i++) {
        if (step->hooks[i] != NULL) {
            act(step, ACTION_CONTINUE, step->hooks[i], NULL, CONTINUE_REPEAT_S);
        }
    }
}

/* Our part is done: what the tags look like now is an old picture or somebody else's wish. */
static bool is_continued(struct step *step)
{
    for (size_t i = 0; i < HOOKS_MAX; i++) {
        const struct autoscaling_hook *hook = step->hooks[i];

        if (hook != NULL &&
            is_recent(step, step_note(step, ACTION_CONTINUE, hook), CONTINUE_REPEAT_S)) {
            return true;
        }
    }
    return false;
}

static bool is_gone(const struct instance *instance)
{
    return instance->state == STATE_SHUTTING_DOWN || instance->state == STATE_TERMINATED;
}

/* Zero and nothing else: text that is no weight leaves the instance served as it was. */
static bool weight_is_zero(const struct instance *instance)
{
    return instance->weight_tag != NULL && strcmp(instance->weight_tag, "0") == 0;
}

static void launch_step(struct step *step)
{
    const struct instance *instance = step->instance;
    const char *address = instance->private_address;
    bool had_life_before = instance->drain_since_tag != NULL;

    if (is_gone(instance)) {
        /* Nothing to serve; Auto Scaling replaces it once it goes on, and not before. */
        continue_hooks(step);
        return;
    }
    if (instance->state == STATE_STOPPING || instance->state == STATE_STOPPED ||
        is_continued(step)) {
        return;
    }
    if (instance->weight_tag == NULL || (had_life_before && weight_is_zero(instance))) {
        if (address == NULL) {
            address = instance->ipv6_address;
        }
        if (address != NULL) {
            act(step, ACTION_TAG_LAUNCH, NULL, address, SETTLE_S);
        }
        return;
    }
    if (had_life_before) {
        /* Left on, it would say at the next scale-in that the drain was over long ago. */
        act(step, ACTION_UNTAG_DRAIN, NULL, NULL, SETTLE_S);
        return;
    }
    continue_hooks(step);
}

/* Strict decimal digits. */
static bool since_parse(const char *text, int64_t *since_s)
{
    size_t length = strnlen(text, SINCE_MAX_DIGITS + 1);

    if (length == 0 || length > SINCE_MAX_DIGITS || strspn(text, "0123456789") != length) {
        return false;
    }
    *since_s = 0;
    for (size_t i = 0; i < length; i++) {
        *since_s = *since_s * 10 + (text[i] - '0');
    }
    return true;
}

/*
 * Whether the instance drains, and since when. A time that cannot be read, or lies too far ahead,
 * would end the drain never or at once, and differently after each restart; so the drain is said
 * to begin anew, which costs drain_s at most. Likewise when the weight is not 0: what was served
 * was not drained, whatever the other tag says.
 */
static bool is_draining(const struct step *step, int64_t *since_s)
{
    const struct instance *instance = step->instance;
    bool is_readable = instance->drain_since_tag != NULL &&
                       since_parse(instance->drain_since_tag, since_s) &&
                       *since_s <= step->now_s + CLOCK_SKEW_MAX_S;

    if (instance->weight_tag == NULL && !is_readable) {
        /* Not served, for a time that nobody knows; to serve it again at 0 would drain no better.
         */
        *since_s = step->now_s - step->rules->drain_s;
        return true;
    }
    return is_readable && (instance->weight_tag == NULL || weight_is_zero(instance));
}

/* Keep the hook open until `end_s`, when it would not stay open by itself. */
static void heartbeat_step(struct step *step, int64_t since_s, int64_t end_s)
{
    const struct autoscaling_hook *hook = step->hooks[1] != NULL ? step->hooks[1] : step->hooks[0];
    const struct lifecycle_note *note = step_note(step, ACTION_HEARTBEAT, hook);
    int64_t part_s = hook->heartbeat_timeout_s / HEARTBEAT_PARTS;
    int64_t last_s = since_s > step->now_s ? step->now_s - part_s : since_s;
    int64_t due_s = 0;

    if (part_s < 1 || (note != NULL && note->is_final_failure)) {
        return;
    }
    if (note != NULL && note->at_s <= step->now_s && note->at_s > last_s) {
        last_s = note->at_s;
    }
    due_s = last_s + part_s;
    if (end_s + HEARTBEAT_MARGIN_S < last_s + hook->heartbeat_timeout_s) {
        return;
    }
    if (due_s < step->now_s) {
        due_s = step->now_s;
    }
    if (due_s >= since_s + hook->global_timeout_s) {
        return; /* nothing keeps a hook open beyond */
    }
    if (due_s > step->now_s) {
        plan_wake(step, due_s);
        return;
    }
    act(step, ACTION_HEARTBEAT, hook, NULL, 0);
}

/* The end of a drain that is under way: not earlier than our own write of it is old. */
static int64_t drain_end_s(const struct step *step, int64_t since_s)
{
    const struct lifecycle_note *note = step_note(step, ACTION_TAG_DRAIN, NULL);

    if (note != NULL && !note->is_final_failure && note->at_s <= step->now_s &&
        note->at_s > since_s) {
        since_s = note->at_s;
    }
    return since_s + step->rules->drain_s;
}

/* An old picture will not show our own drain: to write it again would begin it anew each time. */
static bool is_draining_unseen(const struct step *step, int64_t *since_s)
{
    const struct lifecycle_note *note = step_note(step, ACTION_TAG_DRAIN, NULL);

    if (!step->is_inventory_old || note == NULL || note->is_final_failure ||
        note->at_s > step->now_s) {
        return false;
    }
    *since_s = note->at_s;
    return true;
}

static void end_step(struct step *step)
{
    const struct instance *instance = step->instance;
    int64_t since_s = 0;
    int64_t end_s = 0;

    if (is_gone(instance) || (instance->weight_tag == NULL && instance->drain_since_tag == NULL)) {
        continue_hooks(step);
        return;
    }
    if (is_continued(step) || is_recent(step, step_note(step, ACTION_UNTAG, NULL), SETTLE_S)) {
        return;
    }
    if (!is_draining(step, &since_s) && !is_draining_unseen(step, &since_s)) {
        act(step, ACTION_TAG_DRAIN, NULL, NULL, SETTLE_S);
        return;
    }
    end_s = drain_end_s(step, since_s);
    if (step->now_s >= end_s) {
        act(step, ACTION_UNTAG, NULL, NULL, SETTLE_S);
        return;
    }
    plan_wake(step, end_s);
    heartbeat_step(step, since_s, end_s);
}

/* Our hooks that may hold an instance in this state; false when none does. */
static bool hooks_find(struct step *step, const struct autoscaling_view *groups,
                       const struct autoscaling_instance *instance)
{
    bool may_launch = instance->state == LIFECYCLE_PENDING_WAIT ||
                      (instance->state == LIFECYCLE_WARMED_WAIT && !instance->is_terminating);
    bool may_end =
        instance->state == LIFECYCLE_TERMINATING_WAIT || instance->state == LIFECYCLE_WARMED_WAIT;

    if (may_launch) {
        step->hooks[0] =
            autoscaling_view_hook(groups, instance->group, step->rules->launch_hook, false);
    }
    if (may_end) {
        step->hooks[1] =
            autoscaling_view_hook(groups, instance->group, step->rules->terminate_hook, true);
    }
    return step->hooks[0] != NULL || step->hooks[1] != NULL;
}

struct lifecycle_plan lifecycle_reconcile(const struct autoscaling_view *groups,
                                          const struct inventory *inventory,
                                          const struct lifecycle_rules *rules,
                                          struct lifecycle_memory *memory,
                                          struct lifecycle_moment moment, struct arena *arena)
{
    struct lifecycle_plan plan = {
        .actions = arena_array(arena, groups->instance_count * HOOKS_MAX, sizeof(*plan.actions)),
    };

    for (size_t i = 0; i < groups->instance_count; i++) {
        const struct autoscaling_instance *seen = &groups->instances[i];
        struct step step = {.rules = rules,
                            .now_s = moment.now_s,
                            .is_inventory_old = moment.is_inventory_old,
                            .plan = &plan,
                            .arena = arena};

        if (!hooks_find(&step, groups, seen) ||
            !group_is_taken(rules->groups, rules->group_count, seen->group)) {
            continue;
        }
        /* Kept even while EC2's look lacks the instance, which may be older than this one. */
        step.entry = lifecycle_memory_visit(memory, seen);
        step.instance = inventory_find(inventory, seen->id);
        if (step.instance == NULL) {
            continue;
        }
        if (seen->state == LIFECYCLE_PENDING_WAIT) {
            launch_step(&step);
        } else {
            end_step(&step);
        }
    }
    lifecycle_memory_sweep(memory);
    return plan;
}

size_t lifecycle_standby(const struct autoscaling_view *groups, struct arena *arena,
                         const char *const **ids)
{
    const char **standby = arena_array(arena, groups->instance_count, sizeof(*standby));
    size_t count = 0;

    for (size_t i = 0; i < groups->instance_count; i++) {
        if (groups->instances[i].state == LIFECYCLE_STANDBY) {
            standby[count++] = arena_string(arena, groups->instances[i].id);
        }
    }
    *ids = standby;
    return count;
}
