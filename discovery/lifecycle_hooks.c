/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_hooks.c - the shelf of hooks, and whether their time-outs fit the drain.
 */

#include "discovery/lifecycle_hooks.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"

static struct kept_hooks *kept_find(const struct hook_shelf *shelf, const char *group)
{
    for (size_t i = 0; i < shelf->count; i++) {
        if (strcmp(shelf->kept[i].group, group) == 0) {
            return &shelf->kept[i];
        }
    }
    return NULL;
}

static bool hook_is_ours(const struct lifecycle_rules *rules, const struct autoscaling_hook *hook)
{
    const char *ours = hook->is_terminating ? rules->terminate_hook : rules->launch_hook;

    return ours != NULL && strcmp(ours, hook->name) == 0;
}

bool hook_shelf_use(const struct hook_shelf *shelf, const char *group, int64_t now_s,
                    struct autoscaling_view *view)
{
    const struct kept_hooks *kept = kept_find(shelf, group);
    int64_t fresh_s = 0;

    if (kept == NULL) {
        return false;
    }
    fresh_s = kept->has_ours ? LIFECYCLE_HOOKS_FRESH_S : LIFECYCLE_HOOKS_MISSING_FRESH_S;
    if (now_s - kept->asked_s >= fresh_s) {
        return false;
    }
    for (size_t i = 0; i < kept->view->hook_count; i++) {
        autoscaling_view_add_hook(view, &kept->view->hooks[i]);
    }
    return true;
}

static void time_outs_check(const struct hook_shelf *shelf, const struct autoscaling_hook *hook)
{
    const struct lifecycle_settings *settings = shelf->settings;
    int64_t needed_s = settings->rules.drain_s + LIFECYCLE_MARGIN_S;

    if (!hook->is_terminating || needed_s < hook->heartbeat_timeout_s) {
        return;
    }
    if (needed_s >= hook->global_timeout_s) {
        log_event(LEVEL_WARNING,
                  "drain is longer than the hook can last: instances end before they are drained",
                  log_text("source", settings->name), log_text("group", hook->group),
                  log_text("hook", hook->name), log_number("drain-s", settings->rules.drain_s),
                  log_number("global-timeout-s", hook->global_timeout_s));
    } else {
        log_event(LEVEL_WARNING,
                  "drain is longer than the hook's heartbeat time-out: it depends on heartbeats",
                  log_text("source", settings->name), log_text("group", hook->group),
                  log_text("hook", hook->name), log_number("drain-s", settings->rules.drain_s),
                  log_number("heartbeat-timeout-s", hook->heartbeat_timeout_s));
    }
}

static struct kept_hooks *kept_add(struct hook_shelf *shelf, const char *group)
{
    struct kept_hooks *kept = NULL;

    shelf->kept = memory_grow(shelf->kept, shelf->count + 1, sizeof(*shelf->kept));
    kept = &shelf->kept[shelf->count++];
    *kept = (struct kept_hooks){.group = memory_string(group)};
    return kept;
}

bool hook_shelf_put(struct hook_shelf *shelf, const char *group, int64_t now_s,
                    const struct aws_result *result, struct autoscaling_view *view,
                    struct error *error)
{
    struct autoscaling_view *found = autoscaling_view_new();
    struct kept_hooks *kept = kept_find(shelf, group);
    bool was_ours = kept != NULL && kept->has_ours;

    if (!autoscaling_hooks_parse(result->body, result->body_length, found, error)) {
        autoscaling_view_free(found);
        return false;
    }
    if (kept == NULL) {
        kept = kept_add(shelf, group);
    }
    autoscaling_view_free(kept->view);
    kept->view = found;
    kept->asked_s = now_s;
    kept->has_ours = false;
    for (size_t i = 0; i < found->hook_count; i++) {
        autoscaling_view_add_hook(view, &found->hooks[i]);
        if (hook_is_ours(&shelf->settings->rules, &found->hooks[i])) {
            kept->has_ours = true;
            if (!was_ours) {
                time_outs_check(shelf, &found->hooks[i]);
            }
        }
    }
    return true;
}

static void kept_free(struct kept_hooks *kept)
{
    free(kept->group);
    autoscaling_view_free(kept->view);
}

void hook_shelf_tidy(struct hook_shelf *shelf, int64_t now_s)
{
    size_t count = 0;

    for (size_t i = 0; i < shelf->count; i++) {
        if (now_s - shelf->kept[i].asked_s < (int64_t)2 * LIFECYCLE_HOOKS_FRESH_S) {
            shelf->kept[count++] = shelf->kept[i];
        } else {
            kept_free(&shelf->kept[i]);
        }
    }
    shelf->count = count;
}

void hook_shelf_free(struct hook_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++) {
        kept_free(&shelf->kept[i]);
    }
    free(shelf->kept);
}
