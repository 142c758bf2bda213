/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_retirement.c - how long a replaced snapshot is held, by its loop's clock.
 */

#include "server/retirement.h"
#include "tests/unit/server/fixture.h"

/* A second snapshot shares the only cluster: it says whether the first one is still there. */
struct pair {
    uv_loop_t loop;
    struct retirement *retirement;
    struct snapshot *old;
    struct snapshot *new;
};

static void pair_open(struct pair *pair)
{
    assert_int_equal(uv_loop_init(&pair->loop), 0);
    pair->retirement = retirement_new(&pair->loop);
    pair->old = fixture_snapshot(3, 1, ZONE_COMPLETE);
    pair->new = fixture_snapshot_after(pair->old, 3, 1, ZONE_COMPLETE);
    assert_true(snapshot_shared_octets(pair->new) > 0);
}

static void pair_close(struct pair *pair)
{
    retirement_close(pair->retirement);
    snapshot_unref(pair->new);
    assert_int_equal(uv_run(&pair->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&pair->loop), 0);
}

static bool is_there(const struct pair *pair)
{
    return snapshot_shared_octets(pair->new) > 0;
}

static void a_replaced_snapshot_is_held_for_a_moment(void **state)
{
    struct pair pair;
    uint64_t start = 0;

    (void)state;
    pair_open(&pair);
    start = uv_now(&pair.loop);
    retirement_keep(pair.retirement, pair.old);
    snapshot_unref(pair.old);
    assert_true(is_there(&pair));
    while (is_there(&pair)) {
        (void)uv_run(&pair.loop, UV_RUN_ONCE);
    }
    assert_true(uv_now(&pair.loop) - start >= RETIREMENT_MS);
    pair_close(&pair);
}

static void the_next_one_takes_its_place_at_once(void **state)
{
    struct snapshot *other = fixture_snapshot(2, 1, ZONE_COMPLETE);
    struct pair pair;

    (void)state;
    pair_open(&pair);
    retirement_keep(pair.retirement, pair.old);
    snapshot_unref(pair.old);
    retirement_keep(pair.retirement, other);
    assert_false(is_there(&pair));
    snapshot_unref(other);
    pair_close(&pair);
}

static void nothing_and_the_end_let_go_too(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    retirement_keep(pair.retirement, pair.old);
    snapshot_unref(pair.old);
    retirement_keep(pair.retirement, NULL);
    assert_false(is_there(&pair));
    retirement_keep(pair.retirement, pair.new);
    retirement_close(NULL);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_snapshot_is_held_for_a_moment),
        cmocka_unit_test(the_next_one_takes_its_place_at_once),
        cmocka_unit_test(nothing_and_the_end_let_go_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
