/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/autoscaling_view.c - collecting what Auto Scaling tells, and its words for states.
 */

#include "discovery/aws/autoscaling_view.h"

#include <stdlib.h>
#include <string.h>

struct state_word {
    const char *text;
    enum lifecycle_state state;
    bool is_terminating;
};

/* Auto Scaling API reference, Instance, LifecycleState. */
static const struct state_word STATE_WORDS[] = {
    {"InService",                   LIFECYCLE_IN_SERVICE,       false},
    {"Pending:Wait",                LIFECYCLE_PENDING_WAIT,     false},
    {"Terminating:Wait",            LIFECYCLE_TERMINATING_WAIT, true },
    {"Standby",                     LIFECYCLE_STANDBY,          false},
    {"EnteringStandby",             LIFECYCLE_STANDBY,          false},
    {"Warmed:Pending:Wait",         LIFECYCLE_WARMED_WAIT,      false},
    {"Warmed:Terminating:Wait",     LIFECYCLE_WARMED_WAIT,      true },
    {"Pending",                     LIFECYCLE_OTHER,            false},
    {"Pending:Proceed",             LIFECYCLE_OTHER,            false},
    {"Quarantined",                 LIFECYCLE_OTHER,            false},
    {"Terminating",                 LIFECYCLE_OTHER,            true },
    {"Terminating:Proceed",         LIFECYCLE_OTHER,            true },
    {"Terminating:Retained",        LIFECYCLE_OTHER,            true },
    {"Terminated",                  LIFECYCLE_OTHER,            true },
    {"Detaching",                   LIFECYCLE_OTHER,            false},
    {"Detached",                    LIFECYCLE_OTHER,            false},
    {"ReplacingRootVolume",         LIFECYCLE_OTHER,            false},
    {"ReplacingRootVolume:Wait",    LIFECYCLE_OTHER,            false},
    {"ReplacingRootVolume:Proceed", LIFECYCLE_OTHER,            false},
    {"RootVolumeReplaced",          LIFECYCLE_OTHER,            false},
    {"Warmed:Pending",              LIFECYCLE_OTHER,            false},
    {"Warmed:Pending:Proceed",      LIFECYCLE_OTHER,            false},
    {"Warmed:Pending:Retained",     LIFECYCLE_OTHER,            false},
    {"Warmed:Terminating",          LIFECYCLE_OTHER,            true },
    {"Warmed:Terminating:Proceed",  LIFECYCLE_OTHER,            true },
    {"Warmed:Terminating:Retained", LIFECYCLE_OTHER,            true },
    {"Warmed:Terminated",           LIFECYCLE_OTHER,            true },
    {"Warmed:Stopped",              LIFECYCLE_OTHER,            false},
    {"Warmed:Running",              LIFECYCLE_OTHER,            false},
    {"Warmed:Hibernated",           LIFECYCLE_OTHER,            false},
};

static const struct state_word STATE_WORD_UNKNOWN = {"", LIFECYCLE_UNKNOWN, false};

static const struct state_word *state_word_find(const char *text)
{
    for (size_t i = 0; text != NULL && i < sizeof(STATE_WORDS) / sizeof(STATE_WORDS[0]); i++) {
        if (strcmp(text, STATE_WORDS[i].text) == 0) {
            return &STATE_WORDS[i];
        }
    }
    return &STATE_WORD_UNKNOWN;
}

struct autoscaling_view *autoscaling_view_new(void)
{
    struct autoscaling_view *view = memory_new(sizeof(*view));

    arena_init(&view->arena);
    return view;
}

void autoscaling_view_free(struct autoscaling_view *view)
{
    if (view == NULL) {
        return;
    }
    arena_free(&view->arena);
    free(view->groups);
    free(view->instances);
    free(view->hooks);
    free(view);
}

/* `array` with room for one more element of `size` octets. */
static void *array_extend(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity * 2 + 16;
    return memory_grow(array, *capacity, size);
}

struct autoscaling_group *autoscaling_view_new_group(struct autoscaling_view *view)
{
    struct autoscaling_group *group = NULL;

    view->groups =
        array_extend(view->groups, view->group_count, &view->group_capacity, sizeof(*view->groups));
    group = &view->groups[view->group_count++];
    *group = (struct autoscaling_group){.name = ""};
    return group;
}

void autoscaling_view_add_instance(struct autoscaling_view *view, const char *id, const char *group,
                                   const char *state_text)
{
    const struct state_word *word = state_word_find(state_text);

    view->instances = array_extend(view->instances, view->instance_count, &view->instance_capacity,
                                   sizeof(*view->instances));
    view->instances[view->instance_count++] = (struct autoscaling_instance){
        .id = arena_string(&view->arena, id),
        .group = arena_string(&view->arena, group),
        .state_text = arena_string(&view->arena, state_text == NULL ? "" : state_text),
        .state = word->state,
        .is_terminating = word->is_terminating,
    };
}

void autoscaling_view_add_hook(struct autoscaling_view *view, const struct autoscaling_hook *hook)
{
    struct autoscaling_hook *copy = NULL;

    view->hooks =
        array_extend(view->hooks, view->hook_count, &view->hook_capacity, sizeof(*view->hooks));
    copy = &view->hooks[view->hook_count++];
    *copy = *hook;
    copy->group = arena_string(&view->arena, hook->group);
    copy->name = arena_string(&view->arena, hook->name);
}

const struct autoscaling_hook *autoscaling_view_hook(const struct autoscaling_view *view,
                                                     const char *group, const char *name,
                                                     bool is_terminating)
{
    for (size_t i = 0; name != NULL && i < view->hook_count; i++) {
        const struct autoscaling_hook *hook = &view->hooks[i];

        if (hook->is_terminating == is_terminating && strcmp(hook->name, name) == 0 &&
            strcmp(hook->group, group) == 0) {
            return hook;
        }
    }
    return NULL;
}

static int instance_compare(const void *left, const void *right)
{
    const struct autoscaling_instance *a = left;
    const struct autoscaling_instance *b = right;

    return strcmp(a->id, b->id);
}

void autoscaling_view_finish(struct autoscaling_view *view)
{
    size_t kept = 0;

    if (view->instance_count == 0) {
        return;
    }
    qsort(view->instances, view->instance_count, sizeof(*view->instances), instance_compare);
    for (size_t i = 1; i < view->instance_count; i++) {
        struct autoscaling_instance *last = &view->instances[kept];
        const struct autoscaling_instance *next = &view->instances[i];

        if (strcmp(last->id, next->id) != 0) {
            view->instances[++kept] = *next;
        } else if (strcmp(last->state_text, next->state_text) != 0 ||
                   strcmp(last->group, next->group) != 0) {
            last->state = LIFECYCLE_UNKNOWN;
        }
    }
    view->instance_count = kept + 1;
}
