/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_model.c - random fleets and faults against an oracle of our own.
 *
 * The oracle remembers what each believed poll showed of each instance, and nothing that the guard
 * says of itself but who is a member. From that alone it judges every departure: was there
 * evidence? And at the end, when the source has stood still long enough: is the view the truth?
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/discovery/fixture.h"

enum {
    SIZE = 14, /* instances 0 to 9 are in "web", the others in "api" */
    WEB = 10,
    STEPS = 120,
    ROUNDS = 1500,
    FLAP_MS = 10000,
    STILL_MS = 200000, /* longer than any rule waits */
};

/* What a poll shows of an instance. */
enum showing { SHOWN_WELL, SHOWN_DRAINED, SHOWN_UNTAGGED, SHOWN_GONE, SHOWN_PENDING, NOT_SHOWN };

struct snapshot {
    int64_t started_ms;
    enum showing shown[SIZE];
    bool was_member[SIZE];  /* before this poll */
    bool was_drained[SIZE]; /* served with weight 0 before it */
};

struct model {
    uint64_t seed;
    uint64_t round;
    enum showing world[SIZE];
    struct view *view;
    struct guard_rules rules;
    struct snapshot past[STEPS + 100]; /* the believed polls */
    size_t past_count;
    bool is_lost[STEPS + 100][SIZE]; /* by absence, with that poll */
};

static uint64_t random_next(struct model *model)
{
    model->seed ^= model->seed << 13;
    model->seed ^= model->seed >> 7;
    model->seed ^= model->seed << 17;
    return model->seed;
}

static const char *const ids[SIZE] = {"i-00", "i-01", "i-02", "i-03", "i-04", "i-05", "i-06",
                                      "i-07", "i-08", "i-09", "i-10", "i-11", "i-12", "i-13"};

static bool cluster_holds(size_t first, size_t index)
{
    return (first < WEB) == (index < WEB);
}

static bool is_missing(enum showing shown)
{
    return shown == NOT_SHOWN || shown == SHOWN_UNTAGGED;
}

static struct inventory *world_poll(const struct model *model)
{
    static const enum instance_state states[] = {[SHOWN_WELL] = STATE_RUNNING,
                                                 [SHOWN_DRAINED] = STATE_RUNNING,
                                                 [SHOWN_UNTAGGED] = STATE_RUNNING,
                                                 [SHOWN_GONE] = STATE_TERMINATED,
                                                 [SHOWN_PENDING] = STATE_PENDING};
    struct instance shown[SIZE];
    size_t count = 0;

    for (size_t i = 0; i < SIZE; i++) {
        if (model->world[i] != NOT_SHOWN) {
            shown[count] = fixture_instance(ids[i], i < WEB ? "web" : "api", "10.0.0.1");
            shown[count].state = states[model->world[i]];
            shown[count].weight_tag = model->world[i] == SHOWN_UNTAGGED  ? NULL
                                      : model->world[i] == SHOWN_DRAINED ? "0"
                                                                         : "100";
            count++;
        }
    }
    return fixture_poll(shown, count);
}

/* Absent from this poll and from one that began 2 s or more before, and never seen in between. */
static bool is_absent_twice(const struct model *model, size_t index)
{
    const struct snapshot *now = &model->past[model->past_count - 1];

    for (size_t i = model->past_count; i > 0 && is_missing(model->past[i - 1].shown[index]); i--) {
        if (now->started_ms - model->past[i - 1].started_ms >= GUARD_ABSENT_GAP_MS) {
            return true;
        }
    }
    return false;
}

/* Whether the polls before `last` missed the same members of the cluster as it does, for 60 s and
 * three polls 2 s apart. */
static bool is_proved(const struct model *model, size_t index)
{
    const struct snapshot *last = &model->past[model->past_count - 1];
    int64_t counted_ms = INT64_MAX;
    unsigned polls = 0;

    for (size_t i = model->past_count; i > 0; i--) {
        const struct snapshot *earlier = &model->past[i - 1];

        if (!is_missing(earlier->shown[index])) {
            return false;
        }
        if (counted_ms - earlier->started_ms >= GUARD_ABSENT_GAP_MS) {
            counted_ms = earlier->started_ms;
            polls++;
        }
        if (polls >= GUARD_FREEZE_POLLS &&
            last->started_ms - earlier->started_ms >= GUARD_FREEZE_MS) {
            return true;
        }
    }
    return false;
}

/* Of the cluster of `index`: members before this poll that did not go by their word, and those
 * that absence has taken within the window, with this poll. */
static bool is_within_the_limit(const struct model *model, size_t index)
{
    const struct snapshot *now = &model->past[model->past_count - 1];
    size_t left = 0;
    size_t lost = 0;

    for (size_t i = 0; i < SIZE; i++) {
        if (!cluster_holds(index, i)) {
            continue;
        }
        left += view_find(model->view, ids[i]) != NULL;
        for (size_t j = 0; j < model->past_count; j++) {
            lost += model->is_lost[j][i] &&
                    now->started_ms - model->past[j].started_ms < GUARD_LOSS_WINDOW_MS;
        }
    }
    return left > 0 && (lost <= GUARD_LOSS_MIN || lost * 100 <= (left + lost) * GUARD_LOSS_PERCENT);
}

#define model_fail(model, index, what)                                                             \
    fail_msg("round %" PRIu64 ", poll %zu, %s: %s", (model)->round, (model)->past_count,           \
             ids[index], what)

/* Everybody that went with the newest poll: was there evidence? */
static void departures_check(struct model *model)
{
    size_t last = model->past_count - 1;
    const struct snapshot *now = &model->past[last];

    for (size_t i = 0; i < SIZE; i++) {
        bool is_explained =
            now->shown[i] == SHOWN_GONE || (now->shown[i] == SHOWN_UNTAGGED && now->was_drained[i]);

        model->is_lost[last][i] =
            now->was_member[i] && view_find(model->view, ids[i]) == NULL && !is_explained;
        if (now->was_member[i] && is_explained && view_find(model->view, ids[i]) != NULL) {
            model_fail(model, i, "stays against its word");
        }
    }
    for (size_t i = 0; i < SIZE; i++) {
        if (!model->is_lost[last][i]) {
            continue;
        }
        if (!is_missing(now->shown[i])) {
            model_fail(model, i, "went although it was seen");
        }
        if (!is_absent_twice(model, i)) {
            model_fail(model, i, "went with one absence");
        }
        if (!is_within_the_limit(model, i) && !is_proved(model, i)) {
            model_fail(model, i, "went with a mass, without proof");
        }
    }
}

/* What is served must be what was asked for, or less. */
static void weights_check(const struct model *model)
{
    const struct snapshot *now = &model->past[model->past_count - 1];

    for (size_t i = 0; i < SIZE; i++) {
        const struct view_entry *entry = view_find(model->view, ids[i]);

        if (entry != NULL && now->shown[i] == SHOWN_DRAINED && entry->accepted.weight != 0) {
            model_fail(model, i, "takes traffic although it is drained");
        }
    }
}

static void model_poll(struct model *model, int64_t started_ms)
{
    struct snapshot *now = &model->past[model->past_count++];
    struct inventory *poll = world_poll(model);
    const struct view *old = model->view;
    size_t member_count = old == NULL ? 0 : old->count;

    now->started_ms = started_ms;
    memcpy(now->shown, model->world, sizeof(now->shown));
    for (size_t i = 0; i < SIZE; i++) {
        const struct view_entry *entry = old == NULL ? NULL : view_find(old, ids[i]);

        now->was_member[i] = entry != NULL;
        now->was_drained[i] = entry != NULL && entry->accepted.weight == 0;
    }
    model->view = guard_apply(model->view, poll, &model->rules, started_ms, NULL, NULL);
    if (model->view->poll.started_ms != started_ms) {
        model->past_count--; /* it was empty, and is not believed */
        assert_int_equal(poll->count, 0);
        assert_int_equal(model->view->count, member_count);
    } else {
        departures_check(model);
        weights_check(model);
    }
    inventory_free(poll);
}

/* Something happens to somebody: mostly small, at times a whole cluster or the whole API. */
static void world_change(struct model *model)
{
    uint64_t kind = random_next(model) % 20;
    enum showing shown = (enum showing)(random_next(model) % (NOT_SHOWN + 1));

    if (kind < 12) {
        model->world[random_next(model) % SIZE] = shown;
    } else if (kind < 14) {
        for (size_t i = 0; i < SIZE; i++) {
            model->world[i] = random_next(model) % 2 ? model->world[i] : shown;
        }
    } else if (kind < 15) {
        for (size_t i = 0; i < WEB; i++) {
            model->world[i] = NOT_SHOWN;
        }
    } else if (kind < 17) {
        for (size_t i = 0; i < SIZE; i++) {
            model->world[i] = SHOWN_WELL;
        }
    }
}

/* After everything has stood still, the members are those that are there. */
static void truth_check(const struct model *model)
{
    for (size_t i = 0; i < SIZE; i++) {
        const struct view_entry *entry = view_find(model->view, ids[i]);
        bool is_there = model->world[i] == SHOWN_WELL || model->world[i] == SHOWN_DRAINED;

        if ((entry != NULL) != is_there && model->world[i] != SHOWN_PENDING) {
            model_fail(model, i, "is not as it is in truth");
        }
        if (is_there && entry->accepted.weight != (model->world[i] == SHOWN_WELL ? 100 : 0)) {
            model_fail(model, i, "has not the weight that it has in truth");
        }
    }
    assert_int_equal(model->view->freeze_count, 0);
}

static void nobody_goes_without_evidence_and_the_truth_wins(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct model *model = calloc(1, sizeof(*model));
        int64_t now_ms = 1000;
        int64_t end_ms = 0;

        assert_non_null(model);
        model->round = round;
        model->seed = round * UINT64_C(0x9E3779B97F4A7C15);
        model->rules = *fixture_guard_rules();
        model->rules.flap_ms = round % 3 == 0 ? 0 : FLAP_MS;
        model_poll(model, now_ms);
        for (int step = 0; step < STEPS; step++) {
            now_ms += 100 + (int64_t)(random_next(model) % (round % 2 ? 5000 : 25000));
            world_change(model);
            model_poll(model, now_ms);
        }
        model->world[0] = SHOWN_WELL; /* a poll that finds nothing is never believed */
        for (end_ms = now_ms + STILL_MS; now_ms < end_ms; now_ms += 5000) {
            model_poll(model, now_ms + 5000);
        }
        truth_check(model);
        view_free(model->view);
        free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_goes_without_evidence_and_the_truth_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
