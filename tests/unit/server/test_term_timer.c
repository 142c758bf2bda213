/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_term_timer.c - when a term is over, and how long to sleep before looking.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/term_timer.h"

static void a_term_is_over_when_its_time_comes_or_the_clock_goes_back(void **state)
{
    static const struct {
        const char *why;
        struct term term;
        struct term_clocks now;
        bool over;
    } cases[] = {
        {"nothing ends",                     {100, 0, 0},         {1000 * 1000, 5},               false},
        {"a millisecond before",             {100, 200, 0},       {199999, 5},                    false},
        {"on the dot",                       {100, 200, 0},       {200000, 5},                    true },
        {"the clock jumped far ahead",       {100, 200, 0},       {INT64_C(99) * 1000 * 1000, 5}, true },
        {"in the second of the publication", {100, 0, 0},         {100000, 5},                    false},
        {"the clock was set back",           {100, 0, 0},         {99999, 5},                     true },
        {"set back, with an end ahead",      {100, 200, 0},       {50000, 5},                     true },
        {"an end beyond any clock",          {100, INT64_MAX, 0}, {200000, 5},                    false},
        {"before the end of an overlap",     {100, 0, 70},        {100000, 69},                   false},
        {"at the end of an overlap",         {100, 0, 70},        {100000, 70},                   true },
        {"an overlap before a hold",         {100, 200, 70},      {100000, 99},                   true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (term_is_over(&cases[i].term, &cases[i].now) != cases[i].over) {
            fail_msg("%s", cases[i].why);
        }
    }
}

static void the_wait_ends_with_the_term_but_never_lasts_long(void **state)
{
    static const struct {
        struct term term;
        struct term_clocks now;
        uint64_t wait_ms;
    } cases[] = {
        {{100, 0, 0},           {100000, 5}, TERM_TIMER_MAX_MS},
        {{100, 102, 0},         {100400, 5}, 1600             },
        {{100, 102, 0},         {101999, 5}, 1                },
        {{100, 102, 0},         {102000, 5}, 1                },
        {{100, 102, 0},         {500000, 5}, 1                },
        {{100, 130, 0},         {100000, 5}, TERM_TIMER_MAX_MS},
        {{100, 131, 0},         {100000, 5}, TERM_TIMER_MAX_MS},
        {{100, INT64_MAX, 0},   {100000, 5}, TERM_TIMER_MAX_MS},
        {{100, 0, 1005},        {100000, 5}, 1000             },
        {{100, 102, 1005},      {100400, 5}, 1000             },
        {{100, 102, 5005},      {100400, 5}, 1600             },
        {{100, 0, 5},           {100000, 5}, 1                },
        {{100, 0, 4},           {100000, 5}, 1                },
        {{100, 0, 1000 * 1000}, {100000, 5}, TERM_TIMER_MAX_MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(term_wait_ms(&cases[i].term, &cases[i].now), cases[i].wait_ms);
    }
}

struct watch {
    struct term_timer *timer;
    unsigned calls;
};

/* First an end that has come already, then none. */
static void on_over(void *owner)
{
    struct watch *watch = owner;

    watch->calls++;
    term_timer_close(watch->timer);
}

static void a_term_that_is_over_is_told_from_the_loop(void **state)
{
    struct watch watch = {0};
    struct term term = {wall_clock_ms() / 1000, 1, 0};
    uv_loop_t loop;

    (void)state;
    uv_loop_init(&loop);
    watch.timer = term_timer_new(&loop, on_over, &watch);
    term_timer_arm(watch.timer, &term);
    assert_int_equal(watch.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(watch.calls, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
    term_timer_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_term_is_over_when_its_time_comes_or_the_clock_goes_back),
        cmocka_unit_test(the_wait_ends_with_the_term_but_never_lasts_long),
        cmocka_unit_test(a_term_that_is_over_is_told_from_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
