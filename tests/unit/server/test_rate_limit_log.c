/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_rate_limit_log.c - when a line is due.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/log.h"
#include "server/rate_limit_log.h"

static void the_first_is_told_at_once_and_the_others_once_a_minute(void **state)
{
    static const struct {
        const char *why;
        int64_t now_ms;
        uint64_t count; /* limited so far */
        uint64_t due;
    } rows[] = {
        {"nothing yet",                       5,      0,   0 },
        {"the first",                         1000,   3,   3 },
        {"it goes on",                        2000,   50,  0 },
        {"a minute less one millisecond",     60999,  90,  0 },
        {"a minute",                          61000,  93,  90},
        {"nothing since",                     121000, 93,  0 },
        {"again after a quiet time, at once", 900000, 94,  1 },
        {"and the next after a minute",       959999, 100, 0 },
        {"what was left when it ended",       960000, 100, 6 },
    };
    struct rate_limit_told told = {.count = 0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t due = rate_limit_log_due(&told, rows[i].count, rows[i].now_ms);

        if (due != rows[i].due) {
            fail_msg("%s: %d", rows[i].why, (int)due);
        }
    }
}

static void on_line(void *owner, enum log_level level, const char *line, size_t length)
{
    char *kept = owner;

    (void)level;
    (void)snprintf(kept, LOG_LINE_SIZE, "%.*s", (int)length, line);
}

static void all_workers_count_and_what_was_slipped_as_well(void **state)
{
    static struct counters first;
    static struct counters second;
    const struct counters *const counters[] = {&first, &second};
    char line[LOG_LINE_SIZE] = "";
    struct rate_limit_log *log = NULL;
    uv_loop_t loop;

    (void)state;
    counters_add(&first, COUNTER_DROPPED_RATE_LIMIT, 7);
    counters_add(&second, COUNTER_SLIPPED, 4);
    counters_add(&second, COUNTER_REFUSED, 100);
    log_set_sink(on_line, line);
    assert_int_equal(uv_loop_init(&loop), 0);
    log = rate_limit_log_new(&loop, counters, 2);
    while (line[0] == '\0') {
        assert_int_equal(uv_run(&loop, UV_RUN_ONCE), 1);
    }
    assert_non_null(strstr(line, "limited"));
    assert_non_null(strstr(line, "responses=11"));
    rate_limit_log_close(log);
    rate_limit_log_close(NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    log_set_sink(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_told_at_once_and_the_others_once_a_minute),
        cmocka_unit_test(all_workers_count_and_what_was_slipped_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
