/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_hold_timer.c - when a term is over, and how long to sleep before looking.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/hold_timer.h"

static void a_term_is_over_when_its_time_comes_or_the_clock_goes_back(void **state)
{
    static const struct {
        const char *why;
        struct hold_term term;
        int64_t now_ms;
        bool over;
    } cases[] = {
        {"nothing ends",                     {100, 0},         1000 * 1000,               false},
        {"a millisecond before",             {100, 200},       199999,                    false},
        {"on the dot",                       {100, 200},       200000,                    true },
        {"the clock jumped far ahead",       {100, 200},       INT64_C(99) * 1000 * 1000, true },
        {"in the second of the publication", {100, 0},         100000,                    false},
        {"the clock was set back",           {100, 0},         99999,                     true },
        {"set back, with an end ahead",      {100, 200},       50000,                     true },
        {"an end beyond any clock",          {100, INT64_MAX}, 200000,                    false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (hold_term_is_over(&cases[i].term, cases[i].now_ms) != cases[i].over) {
            fail_msg("%s", cases[i].why);
        }
    }
}

static void the_wait_ends_with_the_term_but_never_lasts_long(void **state)
{
    static const struct {
        struct hold_term term;
        int64_t now_ms;
        uint64_t wait_ms;
    } cases[] = {
        {{100, 0},         100000, HOLD_TIMER_MAX_MS},
        {{100, 102},       100400, 1600             },
        {{100, 102},       101999, 1                },
        {{100, 102},       102000, 1                },
        {{100, 102},       500000, 1                },
        {{100, 130},       100000, HOLD_TIMER_MAX_MS},
        {{100, 131},       100000, HOLD_TIMER_MAX_MS},
        {{100, INT64_MAX}, 100000, HOLD_TIMER_MAX_MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(hold_term_wait_ms(&cases[i].term, cases[i].now_ms), cases[i].wait_ms);
    }
}

struct watch {
    struct hold_timer *timer;
    unsigned calls;
};

/* First an end that has come already, then none. */
static void on_over(void *owner)
{
    struct watch *watch = owner;

    watch->calls++;
    hold_timer_close(watch->timer);
}

static void a_term_that_is_over_is_told_from_the_loop(void **state)
{
    struct watch watch = {0};
    struct hold_term term = {wall_clock_ms() / 1000, 1};
    uv_loop_t loop;

    (void)state;
    uv_loop_init(&loop);
    watch.timer = hold_timer_new(&loop, on_over, &watch);
    hold_timer_arm(watch.timer, &term);
    assert_int_equal(watch.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(watch.calls, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
    hold_timer_close(NULL);
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
