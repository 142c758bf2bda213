/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard.c - what a poll may change, and what it may not.
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

static void new_instances_are_added_in_order(void **state)
{
    const struct instance instances[] = {
        fixture_instance("i-3", "web", "10.0.0.3"),
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "api", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, instances, 3, 1000);
    assert_int_equal(view->count, 3);
    assert_int_equal(view->poll.started_ms, 1000);
    assert_string_equal(view->entries[0]->accepted.id, "i-1");
    assert_string_equal(view->entries[2]->accepted.id, "i-3");
    assert_int_equal(recorder.count, 3);
    assert_int_equal(recorder_count(&recorder, EVENT_ADDED, NULL), 3);
    assert_false(recorder.events[0].has_before);
    assert_true(recorder.events[0].has_after);
    assert_non_null(view_find(view, "i-2"));
    assert_null(view_find(view, "i-4"));
    assert_null(view_find(view, ""));
    fixture_apply(&view, &recorder, instances, 3, 2000);
    assert_int_equal(recorder.count, 0);
    view_free(view);
}

static void each_state_does_what_it_says(void **state)
{
    static const struct {
        enum instance_state state;
        bool new_is_added;
        bool member_stays;
    } cases[] = {
        {STATE_UNKNOWN,       false, true },
        {STATE_PENDING,       false, true },
        {STATE_RUNNING,       true,  true },
        {STATE_SHUTTING_DOWN, false, false},
        {STATE_TERMINATED,    false, false},
        {STATE_STOPPING,      false, false},
        {STATE_STOPPED,       false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
        struct recorder recorder = {0};
        struct view *view = NULL;

        instance.state = cases[i].state;
        fixture_apply(&view, &recorder, &instance, 1, 1);
        assert_int_equal(view->count, cases[i].new_is_added);
        instance.state = STATE_RUNNING;
        fixture_apply(&view, &recorder, &instance, 1, 2);
        instance.state = cases[i].state;
        fixture_apply(&view, &recorder, &instance, 1, 3);
        assert_int_equal(view->count, cases[i].member_stays);
        assert_int_equal(recorder_count(&recorder, EVENT_REMOVED, "i-1"), !cases[i].member_stays);
        if (!cases[i].member_stays) {
            assert_int_equal(recorder.events[0].reason, REASON_STATE_GONE);
            assert_int_equal(recorder.events[0].membership, MEMBERSHIP_OUT);
            assert_true(recorder.events[0].has_before);
            assert_false(recorder.events[0].has_after);
        }
        view_free(view);
    }
}

static void absence_counts_from_the_second_poll_in_a_row(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, both, 2, 1);
    fixture_apply(&view, &recorder, both, 1, 2);
    assert_int_equal(view->count, 2);
    assert_int_equal(view_find(view, "i-2")->missing_polls, 1);
    assert_int_equal(recorder_count(&recorder, EVENT_ABSENT, "i-2"), 1);

    fixture_apply(&view, &recorder, both, 2, 3);
    assert_int_equal(view_find(view, "i-2")->missing_polls, 0);
    assert_int_equal(recorder.count, 0);

    fixture_apply(&view, &recorder, both, 1, 4);
    fixture_apply(&view, &recorder, both, 1, 4 + GUARD_ABSENT_GAP_MS);
    assert_int_equal(view->count, 1);
    assert_int_equal(recorder_count(&recorder, EVENT_REMOVED, "i-2"), 1);
    assert_int_equal(recorder.events[0].reason, REASON_MEMBER);
    assert_string_equal(recorder.events[0].group, "web");
    view_free(view);
}

static void looks_in_quick_succession_count_as_one_absence(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    const int64_t first_ms = 5000;
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, both, 2, first_ms - 1);
    fixture_apply(&view, &recorder, both, 1, first_ms);
    for (int64_t later_ms = 0; later_ms < GUARD_ABSENT_GAP_MS; later_ms += 199) {
        fixture_apply(&view, &recorder, both, 1, first_ms + later_ms);
        assert_non_null(view_find(view, "i-2"));
        assert_int_equal(recorder.count, 0);
        /* A poll that is not believed forgets neither the absence nor its time. */
        fixture_apply(&view, &recorder, NULL, 0, first_ms + later_ms);
    }
    fixture_apply(&view, &recorder, both, 1, first_ms + GUARD_ABSENT_GAP_MS - 1);
    assert_non_null(view_find(view, "i-2"));
    fixture_apply(&view, &recorder, both, 1, first_ms + GUARD_ABSENT_GAP_MS);
    assert_null(view_find(view, "i-2"));
    assert_int_equal(recorder_count(&recorder, EVENT_REMOVED, "i-2"), 1);
    view_free(view);
}

static void an_instance_that_came_back_begins_its_absence_anew(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, both, 2, 1);
    fixture_apply(&view, &recorder, both, 1, 2);
    fixture_apply(&view, &recorder, both, 2, 3);
    fixture_apply(&view, &recorder, both, 1, 2 + GUARD_ABSENT_GAP_MS);
    assert_int_equal(recorder_count(&recorder, EVENT_ABSENT, "i-2"), 1);
    fixture_apply(&view, &recorder, both, 1, 1 + 2 * GUARD_ABSENT_GAP_MS);
    assert_non_null(view_find(view, "i-2"));
    fixture_apply(&view, &recorder, both, 1, 2 + 2 * GUARD_ABSENT_GAP_MS);
    assert_null(view_find(view, "i-2"));
    view_free(view);
}

static void an_instance_that_cannot_be_judged_is_not_absent(void **state)
{
    struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, both, 2, 1);
    fixture_apply(&view, &recorder, both, 1, 2);
    both[1].state = STATE_PENDING;
    fixture_apply(&view, &recorder, both, 2, 3);
    assert_int_equal(view_find(view, "i-2")->missing_polls, 0);
    fixture_apply(&view, &recorder, both, 1, 4);
    assert_int_equal(view->count, 2);
    view_free(view);
}

static void a_poll_that_found_nothing_removes_nobody(void **state)
{
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, both, 2, 1);
    fixture_apply(&view, &recorder, both, 1, 2);
    for (int64_t started_ms = 3; started_ms < 10; started_ms++) {
        fixture_apply(&view, &recorder, NULL, 0, started_ms);
        assert_int_equal(view->count, 2);
        assert_int_equal(view_find(view, "i-2")->missing_polls, 1);
        assert_int_equal(view->poll.started_ms, 2);
        assert_int_equal(recorder.count, 1);
        assert_int_equal(recorder.events[0].kind, EVENT_EMPTY_POLL);
    }
    view_free(view);
}

static void an_empty_first_poll_is_an_empty_view(void **state)
{
    const struct instance gone = {.id = "i-1", .group = "web", .state = STATE_TERMINATED};
    const struct instance here = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, NULL, 0, 1);
    assert_int_equal(view->count, 0);
    assert_int_equal(recorder.count, 0);
    fixture_apply(&view, &recorder, NULL, 0, 2);
    assert_int_equal(view->poll.started_ms, 2);
    assert_int_equal(recorder.count, 0);
    /* The last member goes on explicit evidence, and empty polls are believed again. */
    fixture_apply(&view, &recorder, &here, 1, 3);
    fixture_apply(&view, &recorder, &gone, 1, 4);
    assert_int_equal(view->count, 0);
    fixture_apply(&view, &recorder, NULL, 0, 5);
    assert_int_equal(recorder.count, 0);
    view_free(view);
}

static void a_poll_that_began_earlier_is_discarded(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, &instance, 1, 100);
    instance.weight_tag = "0";
    fixture_apply(&view, &recorder, &instance, 1, 99);
    assert_int_equal(view->entries[0]->accepted.weight, 65535);
    assert_int_equal(view->poll.started_ms, 100);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.events[0].kind, EVENT_POLL_TOO_OLD);
    fixture_apply(&view, &recorder, NULL, 0, 98);
    assert_int_equal(recorder.events[0].kind, EVENT_POLL_TOO_OLD);
    fixture_apply(&view, &recorder, &instance, 1, 100);
    assert_int_equal(view->entries[0]->accepted.weight, 0);
    view_free(view);
}

static void a_bad_value_is_told_once_each_time_it_begins(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, &instance, 1, 1);
    for (int64_t begin = 2; begin < 10; begin += 4) {
        instance.weight_tag = "many";
        fixture_apply(&view, &recorder, &instance, 1, begin);
        assert_int_equal(recorder.count, 1);
        assert_int_equal(recorder.events[0].kind, EVENT_BAD_VALUE);
        assert_int_equal(recorder.events[0].reason, REASON_BAD_WEIGHT);
        assert_true(recorder.events[0].has_after);
        assert_int_equal(view->entries[0]->accepted.weight, 65535);
        assert_int_equal(view->entries[0]->reason, REASON_BAD_WEIGHT);
        fixture_apply(&view, &recorder, &instance, 1, begin + 1);
        assert_int_equal(recorder.count, 0);
        instance.weight_tag = "65535";
        fixture_apply(&view, &recorder, &instance, 1, begin + 2);
        assert_int_equal(recorder.count, 0);
        assert_int_equal(view->entries[0]->reason, REASON_MEMBER);
    }
    view_free(view);
}

static void a_refused_newcomer_is_told_once_and_added_when_it_is_well(void **state)
{
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    instances[1].address_tag = "nowhere";
    fixture_apply(&view, &recorder, instances, 2, 1);
    assert_int_equal(view->count, 1);
    assert_int_equal(recorder_count(&recorder, EVENT_BAD_VALUE, "i-2"), 1);
    assert_int_equal(view->outsider_count, 1);
    fixture_apply(&view, &recorder, instances, 2, 2);
    assert_int_equal(recorder.count, 0);
    /* Neither an empty nor a late poll forgets it. */
    fixture_apply(&view, &recorder, NULL, 0, 3);
    fixture_apply(&view, &recorder, instances, 2, 1);
    fixture_apply(&view, &recorder, instances, 2, 4);
    assert_int_equal(recorder.count, 0);
    /* Another reason is another begin. */
    instances[1].weight_tag = "x";
    fixture_apply(&view, &recorder, instances, 2, 5);
    assert_int_equal(recorder_count(&recorder, EVENT_BAD_VALUE, "i-2"), 1);
    instances[1].weight_tag = "1";
    instances[1].address_tag = NULL;
    fixture_apply(&view, &recorder, instances, 2, 6);
    assert_int_equal(view->count, 2);
    assert_int_equal(view->outsider_count, 0);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.events[0].kind, EVENT_ADDED);
    view_free(view);
}

static void every_change_of_a_member_is_told(void **state)
{
    static const struct {
        const char *why;
        size_t offset;
        const char *text;
    } cases[] = {
        {"weight",  offsetof(struct instance, weight_tag),  "0"         },
        {"address", offsetof(struct instance, address_tag), "10.0.0.2"  },
        {"port",    offsetof(struct instance, port_tag),    "80"        },
        {"group",   offsetof(struct instance, group),       "api"       },
        {"zone",    offsetof(struct instance, az),          "eu-west-1b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
        struct recorder recorder = {0};
        struct view *view = NULL;

        fixture_apply(&view, &recorder, &instance, 1, 1);
        memcpy((char *)&instance + cases[i].offset, &cases[i].text, sizeof(cases[i].text));
        fixture_apply(&view, &recorder, &instance, 1, 2);
        if (recorder.count != 1 || recorder.events[0].kind != EVENT_CHANGED) {
            fail_msg("%s: %zu events", cases[i].why, recorder.count);
        }
        view_free(view);
    }
}

static void a_missing_tag_or_group_is_believed_the_second_time(void **state)
{
    static const struct {
        size_t offset; /* of what goes */
        enum membership_reason reason;
    } cases[] = {
        {offsetof(struct instance, weight_tag), REASON_NO_WEIGHT},
        {offsetof(struct instance, group),      REASON_NO_GROUP },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const char *const nothing = NULL;
        struct instance both[] = {
            fixture_instance("i-1", "web", "10.0.0.1"),
            fixture_instance("i-2", "web", "10.0.0.2"),
        };
        struct recorder recorder = {0};
        struct view *view = NULL;

        fixture_apply(&view, &recorder, both, 2, 1);
        memcpy((char *)&both[1] + cases[i].offset, &nothing, sizeof(nothing));
        fixture_apply(&view, &recorder, both, 2, 2);
        assert_int_equal(recorder_count(&recorder, EVENT_ABSENT, "i-2"), 1);
        assert_int_equal(recorder.events[0].reason, cases[i].reason);
        assert_true(view_find(view, "i-2")->is_untagged);
        assert_int_equal(view_find(view, "i-2")->accepted.weight, 65535);
        assert_null(view_find_outsider(view, "i-2"));
        fixture_apply(&view, &recorder, both, 2, 2 + GUARD_ABSENT_GAP_MS);
        assert_int_equal(view->count, 1);
        assert_int_equal(recorder.count, 1);
        assert_int_equal(recorder.events[0].kind, EVENT_REMOVED);
        assert_int_equal(recorder.events[0].membership, MEMBERSHIP_OUT);
        assert_int_equal(recorder.events[0].reason, cases[i].reason);
        assert_string_equal(recorder.events[0].group, "web");
        assert_int_equal(view_find_outsider(view, "i-2")->reason, cases[i].reason);
        assert_true(view_find_departure(view, "i-2")->is_loss);
        view_free(view);
    }
}

/* What was said before - weight 0, a hold, a state - makes the missing tag an end and no fault. */
static void a_tag_that_goes_after_a_word_is_believed_at_once(void **state)
{
    static const struct {
        const char *why;
        const char *weight_before;
        const char *hold_before;
        const char *hold_now;
        enum instance_state state_now;
        bool goes;
    } cases[] = {
        {"nothing was said",      "1", NULL,    NULL,     STATE_RUNNING,    false},
        {"it was drained",        "0", NULL,    NULL,     STATE_RUNNING,    true },
        {"it was held",           "1", "drain", NULL,     STATE_RUNNING,    true },
        {"it is held now",        "1", NULL,    "maint",  STATE_RUNNING,    true },
        {"that is no hold",       "1", NULL,    "mainly", STATE_RUNNING,    false},
        {"its state says so",     "1", NULL,    NULL,     STATE_TERMINATED, true },
        {"its state says little", "1", NULL,    NULL,     STATE_UNKNOWN,    false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
        struct recorder recorder = {0};
        struct view *view = NULL;

        instance.weight_tag = cases[i].weight_before;
        instance.hold_tag = cases[i].hold_before;
        fixture_apply(&view, &recorder, &instance, 1, 1);
        instance.weight_tag = NULL;
        instance.group = NULL;
        instance.hold_tag = cases[i].hold_now;
        instance.state = cases[i].state_now;
        fixture_apply(&view, &recorder, &instance, 1, 2);
        if ((view->count == 0) != cases[i].goes) {
            fail_msg("%s: %zu left", cases[i].why, view->count);
        }
        if (cases[i].goes) {
            assert_false(view->departures[0].is_loss);
        }
        view_free(view);
    }
}

/* The monotonic clock may have begun anew since it was written. */
static void a_restored_view_takes_any_poll_and_stays_restored_until_one(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, &instance, 1, 1000000);
    view->is_restored = true;
    view->poll.number = 0;
    fixture_apply(&view, &recorder, NULL, 0, 10);
    assert_true(view->is_restored);
    assert_int_equal(recorder.events[0].kind, EVENT_EMPTY_POLL);
    fixture_apply(&view, &recorder, &instance, 1, 20);
    assert_false(view->is_restored);
    assert_int_equal(recorder.count, 0);
    assert_int_equal(view->poll.number, 1);
    assert_int_equal(view->poll.started_ms, 20);
    view_free(view);
}

static void an_outsider_says_why_and_since_when(void **state)
{
    char value[4 * 256 + 2] = "x";
    struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", NULL, "10.0.0.3"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;
    const struct view_outsider *outsider = NULL;

    (void)state;
    /* 256 characters of 4 octets, moved by one: cut where a character ends. */
    for (size_t i = 1; i + 4 < sizeof(value); i += 4) {
        memcpy(&value[i], "\xF0\x9F\x98\x80", 4);
    }
    instances[1].weight_tag = value;
    fixture_apply(&view, &recorder, instances, 3, 1000);
    fixture_apply(&view, &recorder, instances, 3, 2000);
    outsider = view_find_outsider(view, "i-2");
    assert_int_equal(outsider->reason, REASON_BAD_WEIGHT);
    assert_int_equal(strlen(outsider->value), 253);
    assert_string_equal(outsider->group, "web");
    assert_int_equal(outsider->since.number, 1);
    assert_int_equal(outsider->since.started_ms, 1000);
    assert_null(view_find_outsider(view, "i-3")->group);
    assert_int_equal(view_find_outsider(view, "i-3")->reason, REASON_NO_GROUP);
    assert_null(view_find_outsider(view, "i-1"));
    assert_int_equal(view_find(view, "i-1")->changed.number, 1);
    assert_int_equal(view->poll.number, 2);
    view_free(view);
}

static void a_hold_that_comes_changes_or_goes_is_told(void **state)
{
    static const char *const tags[] = {"drain",
                                       "maint",
                                       "maint by=ann",
                                       "maint by=ann reason=x",
                                       "maint until=2026-08-21T17:00:00Z",
                                       NULL};
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    fixture_apply(&view, &recorder, &instance, 1, 1);
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        instance.hold_tag = tags[i];
        fixture_apply(&view, &recorder, &instance, 1, (int64_t)(2 * i + 2));
        assert_int_equal(recorder.count, 1);
        assert_int_equal(recorder.events[0].kind, EVENT_CHANGED);
        fixture_apply(&view, &recorder, &instance, 1, (int64_t)(2 * i + 3));
        assert_int_equal(recorder.count, 0);
    }
    assert_int_equal(view->entries[0]->accepted.hold.kind, HOLD_NONE);
    view_free(view);
}

static void a_hold_outlives_polls_that_do_not_show_the_instance(void **state)
{
    struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.2"),
    };
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    both[1].hold_tag = "maint by=ann reason=new disk";
    fixture_apply(&view, &recorder, both, 2, 1);
    fixture_apply(&view, &recorder, both, 1, 2);
    fixture_apply(&view, &recorder, NULL, 0, 3);
    assert_int_equal(view_find(view, "i-2")->accepted.hold.kind, HOLD_MAINT);
    assert_string_equal(view_find(view, "i-2")->accepted.hold.by, "ann");
    assert_string_equal(view_find(view, "i-2")->accepted.hold.reason, "new disk");
    view_free(view);
}

static void a_bad_hold_is_told_once_and_bridged(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct recorder recorder = {0};
    struct view *view = NULL;

    (void)state;
    instance.hold_tag = "drain";
    fixture_apply(&view, &recorder, &instance, 1, 1);
    instance.hold_tag = "drained";
    fixture_apply(&view, &recorder, &instance, 1, 2);
    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.events[0].kind, EVENT_BAD_VALUE);
    assert_int_equal(recorder.events[0].reason, REASON_BAD_HOLD);
    fixture_apply(&view, &recorder, &instance, 1, 3);
    assert_int_equal(recorder.count, 0);
    assert_int_equal(view->entries[0]->accepted.hold.kind, HOLD_DRAIN);
    view_free(view);
}

/* A reload may forbid the address that bridged the bad one: then the member is judged without last
 * good values from the next poll on, which may say something else of the same instance. */
static void who_was_a_member_is_judged_once_more_without_its_last_good_values(void **state)
{
    static const struct prefix narrow = {
        {ADDRESS_V4_LENGTH, {10, 9}},
        16
    };
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct membership_rules membership = *fixture_rules();
    struct guard_rules rules = {.membership = &membership};
    struct recorder recorder = {0};
    struct view *view = NULL;
    struct inventory *poll = NULL;

    (void)state;
    fixture_apply(&view, &recorder, &instance, 1, 1000);
    instance.weight_tag = "much";
    fixture_apply(&view, &recorder, &instance, 1, 5000);
    assert_int_equal(view->entries[0]->reason, REASON_BAD_WEIGHT);
    membership.allowed_prefixes = &narrow;
    membership.allowed_prefix_count = 1;
    view_forget_rules(view);
    poll = fixture_poll(&instance, 1);
    view = guard_apply(view, poll, &rules, 10000, NULL, NULL);
    assert_int_equal(view->count, 0);
    assert_int_equal(view->outsiders[0].reason, REASON_BAD_ADDRESS);
    recorder.count = 0;
    view = guard_apply(view, poll, &rules, 15000, recorder_hear, &recorder);
    assert_int_equal(view->outsiders[0].reason, REASON_BAD_WEIGHT);
    assert_int_equal(recorder_count(&recorder, EVENT_BAD_VALUE, "i-1"), 1);
    recorder.count = 0;
    view = guard_apply(view, poll, &rules, 20000, recorder_hear, &recorder);
    assert_int_equal(recorder.count, 0);
    inventory_free(poll);
    view_free(view);
}

static void nobody_has_to_listen(void **state)
{
    const struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct inventory *poll = fixture_poll(&instance, 1);
    struct view *view = guard_apply(NULL, poll, fixture_guard_rules(), 1, NULL, NULL);

    (void)state;
    assert_int_equal(view->count, 1);
    inventory_free(poll);
    view_free(view);
    view_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_instances_are_added_in_order),
        cmocka_unit_test(each_state_does_what_it_says),
        cmocka_unit_test(absence_counts_from_the_second_poll_in_a_row),
        cmocka_unit_test(looks_in_quick_succession_count_as_one_absence),
        cmocka_unit_test(an_instance_that_came_back_begins_its_absence_anew),
        cmocka_unit_test(an_instance_that_cannot_be_judged_is_not_absent),
        cmocka_unit_test(a_poll_that_found_nothing_removes_nobody),
        cmocka_unit_test(an_empty_first_poll_is_an_empty_view),
        cmocka_unit_test(a_poll_that_began_earlier_is_discarded),
        cmocka_unit_test(a_bad_value_is_told_once_each_time_it_begins),
        cmocka_unit_test(a_refused_newcomer_is_told_once_and_added_when_it_is_well),
        cmocka_unit_test(every_change_of_a_member_is_told),
        cmocka_unit_test(a_missing_tag_or_group_is_believed_the_second_time),
        cmocka_unit_test(a_tag_that_goes_after_a_word_is_believed_at_once),
        cmocka_unit_test(a_restored_view_takes_any_poll_and_stays_restored_until_one),
        cmocka_unit_test(an_outsider_says_why_and_since_when),
        cmocka_unit_test(a_hold_that_comes_changes_or_goes_is_told),
        cmocka_unit_test(a_hold_outlives_polls_that_do_not_show_the_instance),
        cmocka_unit_test(a_bad_hold_is_told_once_and_bridged),
        cmocka_unit_test(who_was_a_member_is_judged_once_more_without_its_last_good_values),
        cmocka_unit_test(nobody_has_to_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
