/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_backoff.c - the times of polls, at both ends of chance.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/backoff.h"

static const struct backoff EVERY_5_S = {.interval_ms = 5000, .limit = 5};

static void every_wait_lies_within_its_bounds(void **state)
{
    static const struct {
        const char *why;
        int64_t started_ms;
        int64_t now_ms;
        unsigned failures;
        int64_t earliest_ms;
        int64_t latest_ms;
    } cases[] = {
        {"a success counts from the start",            1000, 1300,  0,          5500,  6500 },
        {"a slow poll is followed at once",            1000, 60000, 0,          60000, 60000},
        {"a poll as long as the interval",             1000, 6000,  0,          6000,  6500 },
        {"the first retry comes within one interval",  1000, 2000,  1,          2500,  7000 },
        {"a slow failure counts from its end",         1000, 31000, 1,          31500, 36000},
        {"the second failure doubles",                 1000, 2000,  2,          2500,  12000},
        {"the third doubles again",                    1000, 2000,  3,          2500,  22000},
        {"the limit is not a power of two",            1000, 2000,  4,          2500,  27000},
        {"the limit holds",                            1000, 2000,  1000,       2500,  27000},
        {"failures may be as many as a number can be", 1000, 2000,  UINT32_MAX, 2500,  27000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t earliest =
            backoff_next_ms(&EVERY_5_S, cases[i].started_ms, cases[i].now_ms, cases[i].failures, 0);
        int64_t latest = backoff_next_ms(&EVERY_5_S, cases[i].started_ms, cases[i].now_ms,
                                         cases[i].failures, UINT32_MAX);
        if (earliest != cases[i].earliest_ms || latest != cases[i].latest_ms) {
            fail_msg("%s: %lld .. %lld", cases[i].why, (long long)earliest, (long long)latest);
        }
    }
}

static void chance_is_spread_evenly(void **state)
{
    (void)state;
    assert_int_equal(backoff_next_ms(&EVERY_5_S, 0, 0, 0, UINT32_C(1) << 31), 5000);
    assert_int_equal(backoff_next_ms(&EVERY_5_S, 0, 0, 1, UINT32_C(1) << 31), 2750);
}

static void an_interval_of_a_day_does_not_overflow(void **state)
{
    const struct backoff daily = {.interval_ms = 86400 * 1000, .limit = 5};
    (void)state;
    assert_int_equal(backoff_next_ms(&daily, 0, 0, 9, UINT32_MAX), INT64_C(5) * 86400 * 1000);
}

static void the_shortest_interval_has_no_jitter_and_no_negative_wait(void **state)
{
    const struct backoff shortest = {.interval_ms = 1, .limit = 5};
    (void)state;
    assert_int_equal(backoff_next_ms(&shortest, 10, 10, 0, 0), 11);
    assert_int_equal(backoff_next_ms(&shortest, 10, 10, 1, 0), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wait_lies_within_its_bounds),
        cmocka_unit_test(chance_is_spread_evenly),
        cmocka_unit_test(an_interval_of_a_day_does_not_overflow),
        cmocka_unit_test(the_shortest_interval_has_no_jitter_and_no_negative_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
