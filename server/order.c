/* SPDX-License-Identifier: MIT */

/*
 * server/order.c - the flow. Nothing is written before everything that can be refused has been.
 */

#include "server/order.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "discovery/log.h"
#include "server/look.h"
#include "server/order_report.h"
#include "server/order_write.h"

enum { USER_NAME_SIZE = 65, PASSWD_SIZE = 4096 };

/* Of whoever sits there, not of root that sudo made of him; without spaces or control octets. */
static void user_name(char name[USER_NAME_SIZE])
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs in a verb */
    const char *sudo = getenv("SUDO_USER");
    struct passwd passwd;
    struct passwd *found = NULL;
    char strings[PASSWD_SIZE];

    if (sudo != NULL && sudo[0] != '\0') {
        (void)snprintf(name, USER_NAME_SIZE, "%s", sudo);
    } else if (getpwuid_r(geteuid(), &passwd, strings, sizeof(strings), &found) == 0 &&
               found != NULL) {
        (void)snprintf(name, USER_NAME_SIZE, "%s", passwd.pw_name);
    } else {
        (void)snprintf(name, USER_NAME_SIZE, "uid-%u", (unsigned)geteuid());
    }
    for (char *octet = name; *octet != '\0'; octet++) {
        if (*octet <= ' ' || *octet >= 0x7F) {
            *octet = '_';
        }
    }
}

static void on_complaint(void *owner, const char *text)
{
    (void)owner;
    fprintf(stderr, "%s\n", text);
}

static void on_warning(const char *source, const struct error *error)
{
    fprintf(stderr, "rollcall: warning: %s: %s\n", source, error->text);
}

/* Nothing was written. */
static enum exit_status order_fail(struct order *order, const struct error *error)
{
    fprintf(stderr, "rollcall: %s\n", error->text);
    if (order->request.options->is_json) {
        order->error = *error;
        order_report_json(order, stdout);
    }
    return STATUS_FAILED;
}

static bool order_plan(struct order *order, const struct look *look, int64_t now_s,
                       struct error *error)
{
    const struct selection_ground ground = {.fleet = look->fleet,
                                            .settings = &order->config->fleet,
                                            .inventories = look->inventories,
                                            .now_s = now_s};
    const struct candidate *candidates = NULL;
    size_t count = selection_candidates(&ground, &order->arena, &candidates);

    if (!selection_make(&order->selection, candidates, count, &order->request.selection,
                        &order->arena, error)) {
        return false;
    }
    selection_explain(&order->selection, &ground, &order->arena);
    const struct tag_plan_order wanted = {.selection = &order->selection,
                                          .candidates = candidates,
                                          .candidate_count = count,
                                          .change = &order->request.change,
                                          .percent = order->request.percent,
                                          .now_s = now_s};
    tag_plan_make(&order->plan, &wanted, &order->arena);
    order->outcomes = arena_array(&order->arena, order->plan.count, sizeof(*order->outcomes));
    return true;
}

static bool floor_check(const struct order *order, struct error *error)
{
    const struct plan_effect *effect = tag_plan_breach(&order->plan);

    if (effect == NULL || order->request.options->order.is_forced) {
        return true;
    }
    return error_set(error,
                     "refused, nothing was changed: of the %zu members of cluster %s, %zu would be "
                     "in service (now: %zu), less than half; --force does it all the same",
                     effect->members, effect->cluster, effect->after, effect->before);
}

/* One line for each order: who, what, how many, why. */
static void audit(struct order *order)
{
    const struct order_request *request = &order->request;
    const struct order_counts counts = order_count(order);
    const char *clusters = "";
    const char *reason = request->options->order.reason;

    for (size_t i = 0; i < order->plan.effect_count; i++) {
        clusters = arena_format(&order->arena, "%s%s%s", clusters, i == 0 ? "" : ",",
                                order->plan.effects[i].cluster);
    }
    log_event(LEVEL_NOTICE, "tags changed by an operator", log_text("verb", request->verb->name),
              log_text("by", request->by), log_text("clusters", clusters),
              log_text("value", request->change.value == NULL ? "none" : request->change.value),
              log_number("changed", (int64_t)counts.changed),
              log_number("refused", (int64_t)counts.refused),
              log_number("not-found", (int64_t)counts.not_found),
              log_number("unknown", (int64_t)counts.unknown),
              log_text("reason", reason == NULL ? "" : reason));
}

static bool text_equal(const char *left, const char *right)
{
    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

/* No answer came: another look may tell whether it took effect all the same. */
static void doubt_settle(struct order *order)
{
    struct look look;
    struct error error;

    if (order_count(order).unknown == 0 || !look_take(&look, order->config, on_warning, &error)) {
        return;
    }
    for (size_t i = 0; i < order->plan.count; i++) {
        const struct plan_entry *entry = &order->plan.entries[i];
        const struct instance *now = NULL;

        if (!entry->is_chosen || order->outcomes[i] != TAG_UNKNOWN) {
            continue;
        }
        now = inventory_find(look.inventories[entry->candidate->source], entry->candidate->id);
        if (now != NULL && text_equal(order->request.change.kind == CHANGE_WEIGHT ? now->weight_tag
                                                                                  : now->hold_tag,
                                      entry->after)) {
            order->outcomes[i] = TAG_WRITTEN;
        }
    }
    look_free(&look, order->config);
}

/* ---- after the writing ---- */

/* What was so before counts too: whoever waits need not be the one who wrote. */
static bool is_awaited(const struct order *order, size_t index)
{
    const struct plan_entry *entry = &order->plan.entries[index];
    const struct order_verb *verb = order->request.verb;

    if (entry->candidate->member == NULL || entry->candidate->cluster == NULL) {
        return false;
    }
    if (entry->is_chosen) {
        return order->outcomes[index] == TAG_WRITTEN;
    }
    return entry->is_done &&
           (verb->kind != CHANGE_HOLD || entry->candidate->member->hold == verb->hold);
}

static void goal_make(struct order *order, struct convergence_goal *goal)
{
    struct convergence_target *targets =
        arena_array(&order->arena, order->plan.count, sizeof(*targets));

    *goal = (struct convergence_goal){
        .targets = targets,
        .wish = order->request.verb->kind == CHANGE_HOLD    ? WISH_HELD
                : order->request.verb->kind == CHANGE_READY ? WISH_READY
                                                            : WISH_WEIGHT,
        .kind = order->request.verb->hold,
        .weight = order->request.change.weight,
        .resolve_ms = order->request.resolve_ms,
    };
    for (size_t i = 0; i < order->plan.count; i++) {
        const struct plan_entry *entry = &order->plan.entries[i];

        if (is_awaited(order, i)) {
            targets[goal->target_count++] = (struct convergence_target){
                entry->candidate->origin, entry->candidate->cluster, entry->candidate->id};
        }
    }
}

static void order_follow(struct order *order)
{
    const struct options *options = order->request.options;
    struct convergence_goal goal;

    order->poke = order_poke(order->config->control_path, &order->poke_error);
    if (!options->order.waits || order->poke != CONTROL_ANSWERED) {
        return;
    }
    goal_make(order, &goal);
    if (goal.target_count == 0) {
        struct error idle;

        order_report_idle(order, &idle);
        fprintf(stderr, "rollcall: %s\n", idle.text);
        if (order->error.text[0] == '\0') {
            order->error = idle;
        }
        return;
    }
    const struct order_wait wait = {.socket_path = order->config->control_path,
                                    .goal = &goal,
                                    .outcome = order->request.verb->outcome,
                                    .timeout_ms = order->request.wait_timeout_ms,
                                    .is_quiet = options->is_json};
    order->has_waited = true;
    order_wait(&wait, &order->wait, &order->arena);
}

static void order_report(const struct order *order)
{
    if (order->request.options->is_json) {
        order_report_json(order, stdout);
    } else if (order->has_waited) {
        order_report_wait(order, stdout, stderr);
    }
}

static void poke_report(const struct order *order)
{
    if (order->poke == CONTROL_ABSENT) {
        struct error absent;

        control_absent(&absent, order->config->control_path, order->request.options->config_path);
        fprintf(stderr, "rollcall: visible at the next poll: %s\n", absent.text);
    } else if (order->poke == CONTROL_FAILED) {
        fprintf(stderr, "rollcall: visible at the next poll, the server could not be told: %s\n",
                order->poke_error.text);
    }
}

/* File members have no tags: named by id, that is a failure. Of a cluster they are left alone,
 * unless it has no others. */
static bool has_untagged(const struct order *order)
{
    size_t untagged = 0;

    for (size_t i = 0; i < order->plan.count; i++) {
        untagged += order->plan.entries[i].candidate->instance == NULL;
    }
    return untagged > 0 &&
           (order->request.selection.cluster == NULL || untagged == order->plan.count);
}

static enum exit_status order_status(const struct order *order)
{
    const struct order_counts counts = order_count(order);

    if (counts.not_found + counts.refused + counts.unknown > 0 || has_untagged(order) ||
        (order->request.options->order.waits && order->is_written && !order->has_waited)) {
        return STATUS_FAILED;
    }
    return order->has_waited && !order->wait.is_reached ? STATUS_NOT_CONVERGED : STATUS_DONE;
}

/* What the plan says is allowed: write it, or show it. */
static enum exit_status order_execute(struct order *order)
{
    const struct options *options = order->request.options;

    if (!options->order.is_dry_run) {
        order->is_written = true;
        if (order->plan.chosen > 0) {
            order_write(order->config, &order->plan, &order->request.change, order->outcomes,
                        &order->error);
            doubt_settle(order);
            audit(order);
        }
    }
    if (!options->is_json) {
        order_report_table(order, stdout);
        order_report_others(order, stdout);
        (void)fflush(stdout);
    }
    if (order->error.text[0] != '\0') {
        fprintf(stderr, "rollcall: %s\n", order->error.text);
    }
    if (!options->order.is_dry_run && order->plan.count > 0) {
        order_follow(order);
        poke_report(order);
    }
    order_report(order);
    return order_status(order);
}

/* --wait without anybody to ask would be found out only after the writing. */
static bool wait_check(const struct order *order, struct error *error)
{
    const struct order_options *options = &order->request.options->order;
    const char *path = order->config->control_path;
    enum control_result result = CONTROL_ANSWERED;

    if (options->waits && !options->is_dry_run) {
        result = order_poke(path, error);
    }
    if (result == CONTROL_ANSWERED) {
        return true;
    }
    if (result == CONTROL_ABSENT) {
        control_absent(error, path, order->request.options->config_path);
    }
    return error_prefix(error, "nothing was changed: --wait asks the server on this host");
}

static enum exit_status order_go(struct order *order, int64_t now_s)
{
    enum exit_status status = STATUS_FAILED;
    struct look look;
    struct error error;

    order->config = config_load(order->request.options->config_path, on_complaint, NULL);
    if (order->config == NULL) {
        return STATUS_FAILED;
    }
    if (!wait_check(order, &error) || !look_take(&look, order->config, on_warning, &error)) {
        status = order_fail(order, &error);
        goto out;
    }
    if (!order_plan(order, &look, now_s, &error)) {
        status = order_fail(order, &error);
    } else if (!floor_check(order, &error)) {
        if (order->request.options->order.is_dry_run && !order->request.options->is_json) {
            order_report_table(order, stdout);
        }
        status = order_fail(order, &error);
    } else {
        status = order_execute(order);
    }
    look_free(&look, order->config);

out:
    config_free(order->config);
    return status;
}

enum exit_status order_run(const struct order_verb *verb, const struct options *options)
{
    struct order order = {.poke = CONTROL_ANSWERED};
    enum exit_status status = STATUS_USAGE;
    char by[USER_NAME_SIZE];
    const struct order_author author = {.name = by, .now_s = (int64_t)time(NULL)};
    struct error error;

    arena_init(&order.arena);
    user_name(by);
    if (order_request_read(&order.request, verb, options, &author, &order.arena, &error)) {
        order_report_weight(&order.request, stdout);
        status = order_go(&order, author.now_s);
    } else {
        fprintf(stderr, "rollcall: %s: %s\nTry: rollcall help %s\n", verb->name, error.text,
                verb->name);
    }
    arena_free(&order.arena);
    return status;
}
