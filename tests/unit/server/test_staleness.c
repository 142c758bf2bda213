/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_staleness.c - when a source counts as stale, and that somebody hears of
 * it.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/staleness.h"

enum { START_MS = 5000 };

static const struct view of_a_look = {.is_restored = false};
static const struct view of_the_disk = {.is_restored = true};

static void what_comes_from_disk_or_has_not_been_seen_for_a_minute_is_stale(void **state)
{
    static const struct {
        const char *why;
        const struct view *view;
        int64_t failing_since_ms;
        int64_t now_ms;
        bool is_stale;
    } rows[] = {
        {"nothing is known",                                NULL,         0,        START_MS,                      false},
        {"nothing, for long",                               NULL,         START_MS, START_MS + 2 * STALE_AFTER_MS, false},
        {"a look",                                          &of_a_look,   0,        START_MS,                      false},
        {"a look of long ago: a file that does not change", &of_a_look,   0,
         START_MS + 100 * STALE_AFTER_MS,                                                                          false},
        {"from disk",                                       &of_the_disk, 0,        START_MS,                      true },
        {"from disk, failing",                              &of_the_disk, START_MS, START_MS,                      true },
        {"failing",                                         &of_a_look,   START_MS, START_MS,                      false},
        {"failing for less than it",                        &of_a_look,   START_MS, START_MS + STALE_AFTER_MS - 1, false},
        {"failing for a minute",                            &of_a_look,   START_MS, START_MS + STALE_AFTER_MS,     true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (source_is_stale(rows[i].view, rows[i].failing_since_ms, rows[i].now_ms) !=
            rows[i].is_stale) {
            fail_msg("%s", rows[i].why);
        }
    }
}

static void on_stale(void *owner)
{
    ++*(int *)owner;
}

static void the_timer_tells_once_what_is_due_at_once(void **state)
{
    struct stale_timer *timer = NULL;
    uv_loop_t loop;
    int count = 0;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    timer = stale_timer_start(&loop, (int64_t)uv_now(&loop) - STALE_AFTER_MS, on_stale, &count);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(count, 1);
    stale_timer_close(timer);
    timer = stale_timer_start(&loop, (int64_t)uv_now(&loop), on_stale, &count);
    assert_int_not_equal(uv_run(&loop, UV_RUN_NOWAIT), 0); /* it is not due yet */
    assert_int_equal(count, 1);
    stale_timer_close(timer);
    stale_timer_close(NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_from_disk_or_has_not_been_seen_for_a_minute_is_stale),
        cmocka_unit_test(the_timer_tells_once_what_is_due_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
