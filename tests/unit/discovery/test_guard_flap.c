/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_flap.c - which changes give a member less, and which have to
 * wait.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "tests/unit/discovery/fixture.h"

enum { FLAP_MS = 10000 };

struct flapping {
    struct guard_rules rules;
    struct recorder recorder;
    struct view *view;
    struct instance instance;
};

static int setup(void **state)
{
    struct flapping *flapping = calloc(1, sizeof(*flapping));

    assert_non_null(flapping);
    flapping->rules = *fixture_guard_rules();
    flapping->rules.flap_ms = FLAP_MS;
    flapping->instance = fixture_instance("i-1", "web", "10.0.0.1");
    *state = flapping;
    return 0;
}

static int teardown(void **state)
{
    struct flapping *flapping = *state;

    view_free(flapping->view);
    free(flapping);
    return 0;
}

static const struct view_entry *poll_at(struct flapping *flapping, int64_t started_ms)
{
    struct inventory *poll = fixture_poll(&flapping->instance, 1);

    flapping->recorder.count = 0;
    flapping->view = guard_apply(flapping->view, poll, &flapping->rules, started_ms, recorder_hear,
                                 &flapping->recorder);
    inventory_free(poll);
    return view_find(flapping->view, "i-1");
}

/* A member that has changed a moment ago gets another value: at once, or not? */
static void what_gives_less_passes_and_all_else_waits(void **state)
{
    static const struct {
        const char *why;
        const char *weight[2];
        const char *hold[2];
        const char *address[2];
        const char *group[2];
        const char *az[2];
        bool waits;
    } cases[] = {
  /* clang-format off */
        {"less weight",           {"9", "8"}, {0},                       {0}, {0}, {0}, false},
        {"more weight",           {"9", "10"}, {0},                      {0}, {0}, {0}, true },
        {"drain",                 {"9", "9"}, {NULL, "drain"},           {0}, {0}, {0}, false},
        {"maint after drain",     {"9", "9"}, {"drain", "maint"},        {0}, {0}, {0}, false},
        {"drain after maint",     {"9", "9"}, {"maint", "drain"},        {0}, {0}, {0}, true },
        {"ready",                 {"9", "9"}, {"drain", NULL},           {0}, {0}, {0}, true },
        {"a hold for longer",     {"9", "9"},
         {"drain until=2030-01-01T00:00:00Z", "drain until=2030-01-02T00:00:00Z"}, {0}, {0}, {0}, false},
        {"a hold for shorter",    {"9", "9"},
         {"drain until=2030-01-02T00:00:00Z", "drain until=2030-01-01T00:00:00Z"}, {0}, {0}, {0}, true },
        {"a hold without end",    {"9", "9"},
         {"drain until=2030-01-02T00:00:00Z", "drain"},                  {0}, {0}, {0}, false},
        {"a hold gets an end",    {"9", "9"},
         {"drain", "drain until=2030-01-02T00:00:00Z"},                  {0}, {0}, {0}, true },
        {"a hold's words",        {"9", "9"}, {"drain", "drain by=ann"}, {0}, {0}, {0}, true },
        {"maint, more weight",    {"9", "99"}, {NULL, "maint"},          {0}, {0}, {0}, true },
        {"another address",       {"9", "9"}, {0}, {"10.0.0.1", "10.0.0.2"}, {0}, {0},  true },
        {"another group",         {"9", "9"}, {0}, {0}, {"web", "api"},  {0},           true },
        {"another zone",          {"9", "9"}, {0}, {0}, {0}, {"a", "b"},                true },
        {"nothing",               {"9", "9"}, {0},                       {0}, {0}, {0}, false},
  /* clang-format on */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct flapping *flapping = *state;
        const struct view_entry *entry = NULL;

        view_free(flapping->view);
        flapping->view = NULL;
        flapping->instance = fixture_instance("i-1", "web", "10.0.0.1");
        poll_at(flapping, 1000);
        flapping->instance.port_tag = "80"; /* so that it has changed */
        for (int turn = 0; turn < 2; turn++) {
            flapping->instance.weight_tag = cases[i].weight[turn];
            flapping->instance.hold_tag = cases[i].hold[turn];
            flapping->instance.address_tag = cases[i].address[turn];
            flapping->instance.az = cases[i].az[turn];
            if (cases[i].group[turn] != NULL) {
                flapping->instance.group = cases[i].group[turn];
            }
            entry = poll_at(flapping, 20000 + turn * 1000);
        }
        if ((entry->wanted != NULL) != cases[i].waits ||
            recorder_count(&flapping->recorder, EVENT_FLAPPING, "i-1") != cases[i].waits) {
            fail_msg("%s: %s", cases[i].why, cases[i].waits ? "does not wait" : "waits");
        }
        entry = poll_at(flapping, 21000 + FLAP_MS);
        if (entry->wanted != NULL || recorder_count(&flapping->recorder, EVENT_FLAPPING, NULL)) {
            fail_msg("%s: waits for ever", cases[i].why);
        }
    }
}

/* "maint" and a higher weight at once: the hold counts now, the weight later. */
static void the_part_that_gives_less_does_not_wait_for_the_other(void **state)
{
    struct flapping *flapping = *state;
    const struct view_entry *entry = NULL;

    flapping->instance.weight_tag = "10";
    poll_at(flapping, 1000);
    flapping->instance.weight_tag = "20";
    poll_at(flapping, 2000);
    flapping->instance.weight_tag = "30";
    flapping->instance.hold_tag = "maint by=ann";
    entry = poll_at(flapping, 3000);
    assert_int_equal(entry->accepted.hold.kind, HOLD_MAINT);
    assert_int_equal(entry->accepted.weight, 20);
    assert_int_equal(entry->wanted->weight, 30);
    assert_int_equal(entry->wanted_since_ms, 3000);
    assert_int_equal(entry->changed.number, 3);
    assert_int_equal(recorder_count(&flapping->recorder, EVENT_CHANGED, NULL), 1);
    assert_int_equal(recorder_count(&flapping->recorder, EVENT_FLAPPING, NULL), 1);
    entry = poll_at(flapping, 3000 + FLAP_MS);
    assert_int_equal(entry->accepted.weight, 30);
    assert_null(entry->wanted);
}

/* What has waited long enough was something else: that begins its own wait. */
static void another_value_at_the_end_of_a_wait_waits_itself(void **state)
{
    struct flapping *flapping = *state;
    const struct view_entry *entry = NULL;

    flapping->instance.weight_tag = "10";
    poll_at(flapping, 1000);
    flapping->instance.weight_tag = "20";
    poll_at(flapping, 2000);
    flapping->instance.weight_tag = "30";
    poll_at(flapping, 3000);
    flapping->instance.weight_tag = "40";
    entry = poll_at(flapping, 3000 + FLAP_MS);
    assert_int_equal(entry->accepted.weight, 20);
    assert_int_equal(entry->wanted->weight, 40);
    assert_int_equal(flapping->recorder.count, 0);
    entry = poll_at(flapping, 3000 + 2 * FLAP_MS);
    assert_int_equal(entry->accepted.weight, 40);
}

/* What waits outlives polls that do not show it, and is no evidence of anything. */
static void a_wait_goes_on_over_an_absence(void **state)
{
    struct flapping *flapping = *state;
    const struct view_entry *entry = NULL;

    flapping->instance.weight_tag = "10";
    poll_at(flapping, 1000);
    flapping->instance.weight_tag = "20";
    poll_at(flapping, 2000);
    flapping->instance.weight_tag = "30";
    poll_at(flapping, 3000);
    flapping->instance.weight_tag = NULL;
    entry = poll_at(flapping, 5000);
    assert_true(entry->is_untagged);
    assert_int_equal(entry->wanted->weight, 30);
    flapping->instance.weight_tag = "30";
    entry = poll_at(flapping, 3000 + FLAP_MS);
    assert_false(entry->is_untagged);
    assert_int_equal(entry->accepted.weight, 30);
}

static void without_the_rule_nothing_waits(void **state)
{
    struct flapping *flapping = *state;
    static const char *const weights[] = {"1", "2", "3", "4"};

    flapping->rules.flap_ms = 0;
    for (int i = 0; i < 4; i++) {
        flapping->instance.weight_tag = weights[i];
        assert_int_equal(poll_at(flapping, 1000 + i)->accepted.weight, i + 1);
    }
}

#define FLAP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLAP_TEST(what_gives_less_passes_and_all_else_waits),
        FLAP_TEST(the_part_that_gives_less_does_not_wait_for_the_other),
        FLAP_TEST(another_value_at_the_end_of_a_wait_waits_itself),
        FLAP_TEST(a_wait_goes_on_over_an_absence),
        FLAP_TEST(without_the_rule_nothing_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
