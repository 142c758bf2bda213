/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_promises.c - what the guard promises, whatever a source does:
 * promises P1 to P5, P9 and P15, and its cost with a large fleet. The stories behind them are in
 * tests/scenarios/guard.
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
#include <time.h>

#include "tests/unit/discovery/fixture.h"

enum {
    INTERLEAVINGS = 100000,
    POLLERS_MAX = 3,
    POLLS_EACH = 4,
    FLEET_SIZE = 20,
    LARGE_FLEET = 10000,
    FLAP_MS = 10000,
};

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void view_step(struct view **view, const struct instance *instances, size_t count,
                      const struct guard_rules *rules, int64_t started_ms)
{
    struct inventory *poll = fixture_poll(instances, count);

    *view = guard_apply(*view, poll, rules, started_ms, NULL, NULL);
    inventory_free(poll);
}

/* A poll that is under way: what it will say was true when it began. */
struct polling {
    int64_t started_ms;
    int64_t ended_ms;
};

static int polling_compare(const void *left, const void *right)
{
    const struct polling *first = left;
    const struct polling *second = right;

    return (first->ended_ms > second->ended_ms) - (first->ended_ms < second->ended_ms);
}

/* Two or three pollers, each with one poll after the other, sorted by their ends. */
static size_t pollings_make(uint64_t *seed, struct polling *pollings)
{
    size_t pollers = 2 + random_next(seed) % (POLLERS_MAX - 1);
    size_t count = 0;

    for (size_t i = 0; i < pollers; i++) {
        int64_t now_ms = 1;

        for (size_t j = 0; j < POLLS_EACH; j++) {
            struct polling *polling = &pollings[count++];

            polling->started_ms = now_ms + (int64_t)(random_next(seed) % 100);
            polling->ended_ms = polling->started_ms + (int64_t)(random_next(seed) % 300);
            now_ms = polling->ended_ms;
        }
    }
    qsort(pollings, count, sizeof(*pollings), polling_compare);
    return count;
}

/* Promise P1: polls may end in any order, the view is that of the one that began last. */
static void a_poll_that_began_before_the_newest_applied_one_is_discarded(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= INTERLEAVINGS; round++) {
        uint64_t seed = round * UINT64_C(0x9E3779B97F4A7C15);
        struct polling pollings[POLLERS_MAX * POLLS_EACH];
        size_t count = pollings_make(&seed, pollings);
        struct view *view = NULL;
        int64_t newest_ms = 0;
        uint64_t number = 0;

        for (size_t i = 0; i < count; i++) {
            struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
            bool is_newest = pollings[i].started_ms >= newest_ms;
            char weight[24];

            (void)snprintf(weight, sizeof(weight), "%" PRId64, pollings[i].started_ms);
            instance.weight_tag = weight;
            newest_ms = is_newest ? pollings[i].started_ms : newest_ms;
            number += is_newest;
            view_step(&view, &instance, 1, fixture_guard_rules(), pollings[i].started_ms);
            if (view->entries[0]->accepted.weight != newest_ms ||
                view->poll.started_ms != newest_ms || view->poll.number != number) {
                fail_msg("round %" PRIu64 ", end %zu: weight %u of %" PRId64 ", poll %" PRIu64
                         " of %" PRIu64,
                         round, i, view->entries[0]->accepted.weight, newest_ms, view->poll.number,
                         number);
            }
        }
        view_free(view);
    }
}

/* A fleet in one group, and the view of it. */
struct fleet_stage {
    char ids[FLEET_SIZE][24];
    char addresses[FLEET_SIZE][32];
    struct instance instances[FLEET_SIZE];
    struct view *view;
    int64_t now_ms;
};

static int stage_setup(void **state)
{
    struct fleet_stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    for (size_t i = 0; i < FLEET_SIZE; i++) {
        (void)snprintf(stage->ids[i], sizeof(stage->ids[i]), "i-%02zu", i);
        (void)snprintf(stage->addresses[i], sizeof(stage->addresses[i]), "10.0.0.%zu", i + 1);
        stage->instances[i] = fixture_instance(stage->ids[i], "web", stage->addresses[i]);
    }
    stage->now_ms = 1000;
    view_step(&stage->view, stage->instances, FLEET_SIZE, fixture_guard_rules(), stage->now_ms);
    assert_int_equal(stage->view->count, FLEET_SIZE);
    *state = stage;
    return 0;
}

static int stage_teardown(void **state)
{
    struct fleet_stage *stage = *state;

    view_free(stage->view);
    free(stage);
    return 0;
}

/* The next poll, 5 s later, shows the first `count` instances. */
static void stage_poll(struct fleet_stage *stage, size_t count)
{
    stage->now_ms += 5000;
    view_step(&stage->view, stage->instances, count, fixture_guard_rules(), stage->now_ms);
}

/* Promise P2: no number of empty answers is evidence, and no single poll is. */
static void the_last_member_goes_only_with_evidence(void **state)
{
    struct fleet_stage *stage = *state;

    for (size_t i = 1; i < FLEET_SIZE; i++) {
        stage->instances[i].state = STATE_TERMINATED;
    }
    stage_poll(stage, FLEET_SIZE);
    assert_int_equal(stage->view->count, 1);
    for (int i = 0; i < 1000; i++) {
        stage_poll(stage, 0);
        assert_int_equal(stage->view->count, 1);
    }
    /* Others are shown, it is not: held by the mass rule, as it is all that is left. */
    stage->instances[0].group = "other";
    stage->instances[0].id = "i-aa";
    stage_poll(stage, FLEET_SIZE);
    stage_poll(stage, FLEET_SIZE);
    assert_non_null(view_find(stage->view, "i-00"));
    assert_true(view_find(stage->view, "i-00")->is_frozen);
    stage->instances[0].group = "web";
    stage->instances[0].id = "i-00";
    stage->instances[0].state = STATE_TERMINATED;
    stage_poll(stage, FLEET_SIZE);
    assert_null(view_find(stage->view, "i-00"));
}

/* What a damaged disk may hold in the place of `view`: the first `count` ids, and nothing true. */
static struct view *view_damage(const struct view *view, size_t count, uint64_t *seed)
{
    struct view *damaged = view_new();

    for (size_t i = 0; i < count; i++) {
        struct view_entry entry = {
            .accepted = {.id = view->entries[i]->accepted.id, .group = "garbage", .az = "?"}
        };

        entry.accepted.address.length = ADDRESS_V4_LENGTH;
        entry.accepted.address.octets[0] = (uint8_t)random_next(seed);
        entry.accepted.weight = (uint16_t)random_next(seed);
        entry.accepted.port = (uint16_t)random_next(seed);
        entry.accepted.hold.kind = (enum hold_kind)(random_next(seed) % 3);
        (void)view_add(damaged, &entry);
    }
    damaged->is_restored = true;
    return damaged;
}

/* Promise P3: a table that was damaged, on disk say, is right again after one good poll. */
static void a_good_poll_repairs_any_view(void **state)
{
    struct fleet_stage *stage = *state;
    struct guard_rules rules = *fixture_guard_rules();
    uint64_t seed = 7;

    rules.flap_ms = FLAP_MS;
    for (int round = 0; round < 200; round++) {
        /* Some have been forgotten. */
        size_t count = stage->view->count - random_next(&seed) % 5;
        struct view *damaged = view_damage(stage->view, count, &seed);

        view_free(stage->view);
        stage->view = damaged;
        stage->now_ms += 5000;
        view_step(&stage->view, stage->instances, FLEET_SIZE, &rules, stage->now_ms);
        assert_int_equal(stage->view->count, FLEET_SIZE);
        assert_false(stage->view->is_restored);
        for (size_t i = 0; i < FLEET_SIZE; i++) {
            const struct accepted *accepted = &stage->view->entries[i]->accepted;
            char address[ADDRESS_MAX_TEXT];

            assert_string_equal(accepted->group, "web");
            assert_string_equal(address_to_text(&accepted->address, address), stage->addresses[i]);
            assert_int_equal(accepted->weight, 65535);
            assert_int_equal(accepted->port, 0);
            assert_int_equal(accepted->hold.kind, HOLD_NONE);
        }
    }
}

/* Promise P3: members that never were, few beside the true ones, are gone after two. */
static void ghosts_go_with_the_second_poll(void **state)
{
    struct fleet_stage *stage = *state;

    stage->view->is_restored = true;
    stage->view->poll = (struct view_poll){0};
    stage_poll(stage, FLEET_SIZE - 2);
    assert_int_equal(stage->view->count, FLEET_SIZE);
    stage_poll(stage, FLEET_SIZE - 2);
    assert_int_equal(stage->view->count, FLEET_SIZE - 2);
    assert_null(view_find(stage->view, "i-18"));
    assert_null(view_find(stage->view, "i-19"));
}

/* Promise P4: an answer that is empty, or without tags, or once without somebody, removes nobody.
 * A failed or half answer never gets here: the sources deliver whole polls only. */
static void no_single_poll_without_evidence_removes_anybody(void **state)
{
    struct fleet_stage *stage = *state;
    uint64_t seed = 99;

    for (int round = 0; round < 500; round++) {
        struct instance shown[FLEET_SIZE];
        struct view *view = NULL;
        size_t count = 0;

        view_step(&view, stage->instances, FLEET_SIZE, fixture_guard_rules(), stage->now_ms);
        for (size_t i = 0; i < FLEET_SIZE; i++) {
            uint64_t fault = random_next(&seed) % 6;

            shown[count] = stage->instances[i];
            if (fault == 0) {
                shown[count].weight_tag = NULL;
            } else if (fault == 1) {
                shown[count].group = NULL;
            } else if (fault == 2) {
                shown[count].state = random_next(&seed) % 2 ? STATE_UNKNOWN : STATE_PENDING;
            } else if (fault == 3) {
                shown[count].weight_tag = "x";
                shown[count].private_address = NULL;
            }
            count += fault != 4;
        }
        view_step(&view, shown, round % 10 == 0 ? 0 : count, fixture_guard_rules(),
                  stage->now_ms + 5000);
        assert_int_equal(view->count, FLEET_SIZE);
        view_free(view);
    }
}

/* Promise P5: of every size that a cluster may have, absence takes what the rule allows at most. */
static void absence_takes_at_most_two_or_a_quarter(void **state)
{
    struct fleet_stage *stage = *state;

    /* A neighbour in another cluster, so that no poll is empty. */
    stage->instances[0].group = "other";
    for (size_t size = 1; size < FLEET_SIZE; size++) {
        for (size_t lost = 1; lost <= size; lost++) {
            bool may_go = lost < size && (lost <= 2 || 4 * lost <= size);
            struct view *view = NULL;

            view_step(&view, stage->instances, 1 + size, fixture_guard_rules(), 1000);
            view_step(&view, stage->instances, 1 + size - lost, fixture_guard_rules(), 6000);
            view_step(&view, stage->instances, 1 + size - lost, fixture_guard_rules(), 11000);
            if (view->count != 1 + size - (may_go ? lost : 0) || view->freeze_count == may_go) {
                fail_msg("%zu of %zu: %zu are left", lost, size, view->count - 1);
            }
            view_free(view);
        }
    }
}

/* Promise P5: explicit drains always pass, also of everybody and in a frozen cluster. */
static void explicit_removals_pass_while_a_cluster_is_frozen(void **state)
{
    struct fleet_stage *stage = *state;

    stage_poll(stage, 10);
    stage_poll(stage, 10);
    assert_int_equal(stage->view->freeze_count, 1);
    assert_int_equal(stage->view->freezes[0].held_count, 10);
    for (size_t i = 0; i < FLEET_SIZE; i++) {
        stage->instances[i].weight_tag = "0";
    }
    stage_poll(stage, 10);
    assert_int_equal(stage->view->entries[0]->accepted.weight, 0);
    for (size_t i = 0; i < FLEET_SIZE; i++) {
        stage->instances[i].weight_tag = NULL;
    }
    stage_poll(stage, 10);
    assert_int_equal(stage->view->count, 10);
    for (size_t i = 0; i < FLEET_SIZE; i++) {
        stage->instances[i].state = STATE_TERMINATED;
    }
    stage_poll(stage, FLEET_SIZE);
    assert_int_equal(stage->view->count, 0);
    assert_int_equal(stage->view->freeze_count, 0);
}

/* What an answer shows of the first member, in one number. */
static int64_t answer_of(const struct view *view)
{
    const struct view_entry *entry = view_find(view, "i-00");

    return entry == NULL ? -1
                         : (int64_t)entry->accepted.weight * 100000 + entry->accepted.port * 3 +
                               (int64_t)entry->accepted.hold.kind;
}

static void state_flap(struct instance *instance, int turn)
{
    instance->state = turn % 2 ? STATE_STOPPED : STATE_RUNNING;
}

static void weight_flap(struct instance *instance, int turn)
{
    instance->weight_tag = turn % 2 ? "10" : "65535";
}

static void hold_flap(struct instance *instance, int turn)
{
    instance->hold_tag = turn % 2 ? "maint" : NULL;
}

static void port_flap(struct instance *instance, int turn)
{
    static const char *const ports[] = {NULL, "80", "81"};

    instance->port_tag = ports[turn % 3];
}

static void tag_flap(struct instance *instance, int turn)
{
    static const char *const weights[] = {"100", "0", NULL};

    instance->weight_tag = weights[turn % 3];
}

/* Promise P9: in no 10 s does a member that flaps once a second change the answer twice, but that
 * what takes traffic away never waits. */
static void a_member_that_flaps_each_second_changes_the_answer_rarely(void **state)
{
    static void (*const flaps[])(struct instance *, int) = {state_flap, weight_flap, hold_flap,
                                                            port_flap, tag_flap};
    struct fleet_stage *stage = *state;
    struct guard_rules rules = *fixture_guard_rules();

    rules.flap_ms = FLAP_MS;
    for (size_t i = 0; i < sizeof(flaps) / sizeof(flaps[0]); i++) {
        struct instance steady = stage->instances[0];
        struct view *view = NULL;
        int64_t now_ms = 100000;
        int64_t more_ms = 0;
        unsigned changes = 0;

        view_step(&view, stage->instances, FLEET_SIZE, &rules, now_ms);
        for (int turn = 1; turn <= 120; turn++) {
            int64_t before = answer_of(view);

            now_ms += 1000;
            flaps[i](&stage->instances[0], turn);
            view_step(&view, stage->instances, FLEET_SIZE, &rules, now_ms);
            if (answer_of(view) == before) {
                continue;
            }
            changes++;
            if (answer_of(view) > before && turn > 1) {
                assert_true(more_ms == 0 || now_ms - more_ms >= FLAP_MS);
                more_ms = now_ms;
            }
        }
        /* Down, and what only the way down has: weight 100, 0, gone. */
        if (changes > 3) {
            fail_msg("flap %zu: %u changes in two minutes", i, changes);
        }
        /* Once it stands still, it is served as it is. */
        stage->instances[0] = steady;
        for (int turn = 0; turn <= FLAP_MS / 1000; turn++) {
            now_ms += 1000;
            view_step(&view, stage->instances, FLEET_SIZE, &rules, now_ms);
        }
        assert_int_equal(view_find(view, "i-00")->accepted.weight, 65535);
        assert_int_equal(view_find(view, "i-00")->accepted.hold.kind, HOLD_NONE);
        assert_int_equal(view_find(view, "i-00")->accepted.port, 0);
        view_free(view);
    }
}

/* Promise P15: without its tags an instance is unknown, neither added nor removed. */
static void an_instance_without_tags_is_neither_added_nor_removed(void **state)
{
    struct fleet_stage *stage = *state;
    struct instance newcomer = {.id = "i-new", .private_address = "10.0.9.9"};
    static const enum instance_state states[] = {STATE_PENDING, STATE_RUNNING, STATE_UNKNOWN};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct instance shown[FLEET_SIZE + 1];

        memcpy(shown, stage->instances, sizeof(stage->instances));
        newcomer.state = states[i];
        shown[FLEET_SIZE] = newcomer;
        shown[3] = (struct instance){.id = "i-03", .state = states[i]};
        stage->now_ms += 5000;
        view_step(&stage->view, shown, FLEET_SIZE + 1, fixture_guard_rules(), stage->now_ms);
        assert_null(view_find(stage->view, "i-new"));
        assert_int_equal(view_find_outsider(stage->view, "i-new")->reason, REASON_NO_GROUP);
        assert_non_null(view_find(stage->view, "i-03"));
        assert_int_equal(view_find(stage->view, "i-03")->accepted.weight, 65535);
        stage_poll(stage, FLEET_SIZE);
    }
}

static int64_t clock_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* No step is quadratic: 10,000 instances that change, go, freeze and come back are milliseconds;
 * the bound leaves room for sanitizers and a slow machine. */
static void ten_thousand_instances_take_milliseconds(void **state)
{
    struct instance *instances = calloc(LARGE_FLEET, sizeof(*instances));
    struct guard_rules rules = *fixture_guard_rules();
    struct arena arena;
    struct view *view = NULL;
    int64_t now_ms = 1000;

    (void)state;
    assert_non_null(instances);
    arena_init(&arena);
    rules.flap_ms = FLAP_MS;
    for (size_t i = 0; i < LARGE_FLEET; i++) {
        instances[i] = fixture_instance(arena_format(&arena, "i-%08zu", i),
                                        arena_format(&arena, "group-%zu", i % 100),
                                        arena_format(&arena, "10.1.%zu.%zu", i / 250, i % 250));
    }
    for (int step = 0; step < 8; step++) {
        static const char *const names[] = {"added",     "unchanged", "unchanged",  "half gone",
                                            "half gone", "frozen",    "terminated", "back"};
        int64_t began_us = 0;
        size_t count = step >= 3 && step <= 5 ? LARGE_FLEET / 2 : LARGE_FLEET;
        struct inventory *poll = NULL;

        for (size_t i = 0; i < LARGE_FLEET; i++) {
            instances[i].state = step == 6 ? STATE_TERMINATED : STATE_RUNNING;
        }
        poll = fixture_poll(instances, count);
        now_ms += 5000;
        began_us = clock_us();
        view = guard_apply(view, poll, &rules, now_ms, NULL, NULL);
        began_us = clock_us() - began_us;
        print_message("%s: %" PRId64 " us\n", names[step], began_us);
        assert_true(began_us < 1000000);
        inventory_free(poll);
    }
    assert_int_equal(view->outsider_count, LARGE_FLEET);
    view_free(view);
    arena_free(&arena);
    free(instances);
}

#define STAGE_TEST(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_that_began_before_the_newest_applied_one_is_discarded),
        STAGE_TEST(the_last_member_goes_only_with_evidence),
        STAGE_TEST(a_good_poll_repairs_any_view),
        STAGE_TEST(ghosts_go_with_the_second_poll),
        STAGE_TEST(no_single_poll_without_evidence_removes_anybody),
        STAGE_TEST(absence_takes_at_most_two_or_a_quarter),
        STAGE_TEST(explicit_removals_pass_while_a_cluster_is_frozen),
        STAGE_TEST(a_member_that_flaps_each_second_changes_the_answer_rarely),
        STAGE_TEST(an_instance_without_tags_is_neither_added_nor_removed),
        cmocka_unit_test(ten_thousand_instances_take_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
