/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_loss.c - what is held back: told, accepted, renamed; who is
 * remembered of those that went.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>

#include "tests/unit/discovery/fixture.h"

/* Members i-000 and so on of group web. */
static void many_make(struct instance *instances, char (*ids)[24], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "i-%03zu", i);
        instances[i] = fixture_instance(ids[i], "web", "10.0.0.1");
    }
}

static void a_thaw_is_told_before_the_removals(void **state)
{
    enum { COUNT = 8, LEFT = 3 };
    struct instance instances[COUNT];
    char ids[COUNT][24];
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    many_make(instances, ids, COUNT);
    fixture_apply(&view, &recorder, instances, COUNT, 1);
    fixture_apply(&view, &recorder, instances, LEFT, 2000);
    fixture_apply(&view, &recorder, instances, LEFT, 4000);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.events[0].kind, EVENT_FROZEN);
    fixture_apply(&view, &recorder, instances, LEFT, 40000);
    fixture_apply(&view, &recorder, instances, LEFT, 4000 + GUARD_FREEZE_MS);
    assert_int_equal(recorder.count, 1 + COUNT - LEFT);
    assert_int_equal(recorder.events[0].kind, EVENT_THAWED);
    assert_int_equal(recorder_count(&recorder, EVENT_REMOVED, NULL), COUNT - LEFT);
    view_free(view);
}

static void only_what_is_held_back_can_be_accepted(void **state)
{
    enum { COUNT = 8, LEFT = 3 };
    struct instance instances[COUNT];
    char ids[COUNT][24];
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    many_make(instances, ids, COUNT);
    fixture_apply(&view, &recorder, instances, COUNT, 1);
    assert_false(guard_accept(view, "web", fixture_guard_rules(), NULL, NULL));
    fixture_apply(&view, &recorder, instances, LEFT, 2000);
    assert_false(guard_accept(view, "web", fixture_guard_rules(), NULL, NULL));
    fixture_apply(&view, &recorder, instances, LEFT, 4000);
    assert_false(guard_accept(view, "api", fixture_guard_rules(), NULL, NULL));
    recorder.count = 0;
    assert_true(guard_accept(view, "web", fixture_guard_rules(), recorder_hear, &recorder));
    assert_int_equal(view->count, LEFT);
    assert_int_equal(view->freeze_count, 0);
    assert_int_equal(view->departure_count, COUNT - LEFT);
    assert_int_equal(view->poll.number, 3);
    assert_int_equal(recorder.events[0].kind, EVENT_THAWED);
    assert_int_equal(recorder_count(&recorder, EVENT_REMOVED, NULL), COUNT - LEFT);
    assert_false(guard_accept(view, "web", fixture_guard_rules(), NULL, NULL));
    view_free(view);
}

/* A reload may put groups into one cluster while one of them is held back. */
static void a_cluster_that_is_renamed_while_it_is_frozen_stays_whole(void **state)
{
    const char *const rename[] = {"^.*$ -> all"};
    struct instance instances[] = {
        fixture_instance("a-1", "api", "10.0.0.1"), fixture_instance("a-2", "api", "10.0.0.2"),
        fixture_instance("w-1", "web", "10.0.0.3"), fixture_instance("w-2", "web", "10.0.0.4"),
        fixture_instance("x-1", "x", "10.0.0.5"),
    };
    struct guard_rules rules = *fixture_guard_rules();
    struct recorder recorder = {0};
    struct naming *naming = NULL;
    struct view *view = NULL;
    struct inventory *poll = fixture_poll(&instances[4], 1);

    (void)state;
    assert_true(naming_new(&naming, rename, 1, NULL));
    fixture_apply(&view, &recorder, instances, 5, 1);
    fixture_apply(&view, &recorder, &instances[4], 1, 2000);
    fixture_apply(&view, &recorder, &instances[4], 1, 4000);
    assert_int_equal(recorder_count(&recorder, EVENT_FROZEN, NULL), 2);
    assert_int_equal(view->freeze_count, 2);
    assert_string_equal(view->freezes[0].cluster, "api");
    assert_non_null(view_find_freeze(view, "web"));
    rules.naming = naming;
    /* Before the next poll nothing is held by the new name; with it, everything is. */
    assert_false(guard_accept(view, "all", &rules, NULL, NULL));
    view_forget_rules(view);
    recorder.count = 0;
    view = guard_apply(view, poll, &rules, 6000, recorder_hear, &recorder);
    assert_int_equal(view->count, 5);
    assert_int_equal(view->freeze_count, 1);
    assert_string_equal(view->freezes[0].cluster, "all");
    assert_int_equal(view->freezes[0].held_count, 4);
    assert_int_equal(recorder_count(&recorder, EVENT_FROZEN, NULL), 1);
    assert_int_equal(recorder_count(&recorder, EVENT_THAWED, NULL), 2);
    assert_true(guard_accept(view, "all", &rules, NULL, NULL));
    assert_int_equal(view->count, 1);
    view_free(view);
    inventory_free(poll);
    naming_free(naming);
}

static void departures_are_kept_while_somebody_needs_them(void **state)
{
    enum { COUNT = 600 };
    struct instance instances[COUNT];
    char ids[COUNT][24];
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    many_make(instances, ids, COUNT);
    fixture_apply(&view, &recorder, instances, COUNT, 1000);
    for (size_t i = 1; i < COUNT; i++) {
        instances[i].state = STATE_TERMINATED;
    }
    fixture_apply(&view, &recorder, instances, COUNT, 2000);
    assert_int_equal(view->departure_count, COUNT - 1);
    fixture_apply(&view, &recorder, instances, COUNT, 1999 + GUARD_LOSS_WINDOW_MS);
    assert_int_equal(view->departure_count, COUNT - 1);
    fixture_apply(&view, &recorder, instances, COUNT, 2000 + GUARD_LOSS_WINDOW_MS);
    assert_int_equal(view->departure_count, GUARD_DEPARTURES);
    assert_null(view_find_departure(view, "i-001"));
    assert_int_equal(view_find_departure(view, "i-599")->at.number, 2);
    assert_int_equal(view_find_departure(view, "i-599")->reason, REASON_STATE_GONE);
    view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thaw_is_told_before_the_removals),
        cmocka_unit_test(only_what_is_held_back_can_be_accepted),
        cmocka_unit_test(a_cluster_that_is_renamed_while_it_is_frozen_stays_whole),
        cmocka_unit_test(departures_are_kept_while_somebody_needs_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
