/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_counters.c - that two workers never write into one cache line, wherever
 * their counters happen to lie.
 */

#include <stdlib.h>

#include "server/worker.h"
#include "tests/unit/server/fixture.h"

enum { WORKERS = 4 };

static uintptr_t first_line(const struct counters *counters)
{
    return (uintptr_t)&counters->values[0] / CACHE_LINE_SIZE;
}

static uintptr_t last_line(const struct counters *counters)
{
    return ((uintptr_t)&counters->values[COUNTER_COUNT] - 1) / CACHE_LINE_SIZE;
}

static void neighbours_share_no_cache_line_at_any_alignment(void **state)
{
    uint8_t *memory = memory_new(3 * sizeof(struct counters) + 2 * CACHE_LINE_SIZE);

    (void)state;
    for (size_t shift = 0; shift < CACHE_LINE_SIZE; shift += _Alignof(struct counters)) {
        const struct counters *counters = (const void *)(memory + shift);

        assert_true(last_line(&counters[0]) < first_line(&counters[1]));
        assert_true((uintptr_t)(counters + 1) / CACHE_LINE_SIZE > last_line(&counters[0]));
        assert_true((uintptr_t)counters / CACHE_LINE_SIZE < first_line(&counters[0]));
    }
    free(memory);
}

static void workers_share_no_cache_line(void **state)
{
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(1, 1, ZONE_COMPLETE);
    struct worker *workers[WORKERS] = {NULL};

    (void)state;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = worker_new(&address, 1, i == 0 ? NULL : workers[0], snapshot, NULL);
        assert_non_null(workers[i]);
        assert_int_equal((uintptr_t)workers[i] % CACHE_LINE_SIZE, 0);
        assert_int_equal((uintptr_t)worker_seen(workers[i]) % CACHE_LINE_SIZE, 0);
        for (size_t j = 0; j < i; j++) {
            const struct counters *one = worker_counters(workers[j]);
            const struct counters *other = worker_counters(workers[i]);

            assert_true(last_line(one) < first_line(other) || last_line(other) < first_line(one));
        }
    }
    for (size_t i = 0; i < WORKERS; i++) {
        worker_free(workers[i]);
    }
    snapshot_unref(snapshot);
}

static void a_count_is_what_was_added(void **state)
{
    struct counters counters = {.values = {0}};

    (void)state;
    for (int i = 0; i < COUNTER_COUNT; i++) {
        counters_add(&counters, (enum counter)i, 1);
        counters_add(&counters, (enum counter)i, (uint64_t)i);
    }
    for (int i = 0; i < COUNTER_COUNT; i++) {
        assert_int_equal(counters_get(&counters, (enum counter)i), i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_share_no_cache_line_at_any_alignment),
        cmocka_unit_test(workers_share_no_cache_line),
        cmocka_unit_test(a_count_is_what_was_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
