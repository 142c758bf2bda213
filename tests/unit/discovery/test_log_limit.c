/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_log_limit.c - ten lines a second of a kind, and the truth about the
 * rest.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"
#include "discovery/log_limit.h"

enum { START_MS = 5000, SECOND_MS = 1000 };

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct log_limit));
    return *state == NULL;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static size_t admitted(struct log_limit *limit, const char *event, size_t count, int64_t now_ms)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += log_limit_admit(limit, event, LEVEL_INFO, now_ms) ? 1 : 0;
    }
    return sum;
}

static void a_hundred_at_once_are_written_and_then_ten_a_second(void **state)
{
    struct log_limit *limit = *state;

    assert_int_equal(admitted(limit, "a", 5000, START_MS), LOG_LIMIT_BURST);
    for (int64_t second = 1; second <= 20; second++) {
        assert_int_equal(admitted(limit, "a", 5000, START_MS + second * SECOND_MS),
                         LOG_LIMIT_PER_SECOND);
    }
    /* After a rest of ten seconds, but not more for a longer one. */
    assert_int_equal(admitted(limit, "a", 5000, START_MS + 3600 * SECOND_MS), LOG_LIMIT_BURST);
}

static void a_flood_of_one_kind_takes_nothing_from_another(void **state)
{
    struct log_limit *limit = *state;

    assert_int_equal(admitted(limit, "a", 5000, START_MS), LOG_LIMIT_BURST);
    assert_int_equal(admitted(limit, "b", 50, START_MS), 50);
}

static void what_is_left_out_is_told_once_a_second_with_its_count(void **state)
{
    struct log_limit *limit = *state;
    struct log_left_out left_out;

    assert_false(log_limit_tell(limit, true, START_MS, &left_out));
    (void)admitted(limit, "a", LOG_LIMIT_BURST, START_MS);
    assert_false(log_limit_tell(limit, true, START_MS, &left_out));
    assert_false(log_limit_admit(limit, "a", LEVEL_INFO, START_MS));
    assert_false(log_limit_admit(limit, "a", LEVEL_ERROR, START_MS));
    assert_false(log_limit_admit(limit, "a", LEVEL_DEBUG, START_MS));
    assert_false(log_limit_tell(limit, false, START_MS + LOG_LIMIT_TELL_MS - 1, &left_out));
    assert_true(log_limit_tell(limit, false, START_MS + LOG_LIMIT_TELL_MS, &left_out));
    assert_string_equal(left_out.text, "a");
    assert_int_equal(left_out.count, 3);
    assert_int_equal(left_out.level, LEVEL_ERROR);
    assert_false(log_limit_tell(limit, true, START_MS + LOG_LIMIT_TELL_MS, &left_out));
}

static void the_end_tells_all_that_was_left_out(void **state)
{
    struct log_limit *limit = *state;
    struct log_left_out left_out;
    uint64_t sum = 0;

    (void)admitted(limit, "a", 103, START_MS);
    (void)admitted(limit, "b", 105, START_MS);
    while (log_limit_tell(limit, true, START_MS, &left_out)) {
        sum += left_out.count;
    }
    assert_int_equal(sum, 8);
}

/* Promise: lines = written + told, whatever comes. */
static void nothing_is_lost_when_there_are_more_kinds_than_places(void **state)
{
    struct log_limit *limit = *state;
    struct log_left_out left_out;
    uint64_t count = 0;
    uint64_t written = 0;
    uint64_t told = 0;

    for (int64_t now_ms = 0; now_ms < 30 * SECOND_MS; now_ms += 100) {
        for (unsigned kind = 0; kind < 3 * LOG_LIMIT_KINDS; kind++) {
            char event[16];

            (void)snprintf(event, sizeof(event), "kind %u", kind);
            count += 7;
            written += admitted(limit, event, 7, now_ms);
        }
        while (log_limit_tell(limit, false, now_ms, &left_out)) {
            told += left_out.count;
        }
    }
    while (log_limit_tell(limit, true, 0, &left_out)) {
        told += left_out.count;
    }
    assert_int_equal(written + told, count);
    assert_true(written <=
                LOG_LIMIT_KINDS * (uint64_t)(LOG_LIMIT_BURST + 30 * LOG_LIMIT_PER_SECOND));
    assert_true(told > 0);
}

static void a_place_goes_to_another_kind_once_it_is_idle(void **state)
{
    struct log_limit *limit = *state;

    for (unsigned kind = 0; kind < 100 * LOG_LIMIT_KINDS; kind++) {
        char event[32];

        (void)snprintf(event, sizeof(event), "kind %u", kind);
        assert_true(log_limit_admit(limit, event, LEVEL_INFO, (int64_t)kind * 10));
    }
}

static void a_long_event_is_known_by_its_beginning(void **state)
{
    struct log_limit *limit = *state;
    char event[3 * LOG_LIMIT_KIND_SIZE];

    memset(event, 'x', sizeof(event));
    event[sizeof(event) - 1] = '\0';
    assert_int_equal(admitted(limit, event, 100, START_MS), LOG_LIMIT_BURST);
    event[sizeof(event) - 2] = 'y';
    assert_int_equal(admitted(limit, event, 100, START_MS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hundred_at_once_are_written_and_then_ten_a_second, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_one_kind_takes_nothing_from_another, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_left_out_is_told_once_a_second_with_its_count,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_tells_all_that_was_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_lost_when_there_are_more_kinds_than_places,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_goes_to_another_kind_once_it_is_idle, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_event_is_known_by_its_beginning, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
