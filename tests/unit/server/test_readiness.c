/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_readiness.c - who is ready, and what the others wait for.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/readiness.h"

static const struct site_source good = {.look_count = 1};
static const struct site_source silent = {.look_count = 0};
static const struct site_source failing = {.failure_count = 2, .last_error = {"no way there"}};
static const struct view polled = {.is_restored = false};
static const struct view restored = {.is_restored = true};

/* `reason` is the only one, NULL: none. */
static void assert_reason(const struct served_source *source, const char *reason)
{
    const struct served served = {.sources = source, .source_count = 1};
    const char *const *reasons = NULL;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena);
    count = readiness_reasons(&served, &arena, &reasons);
    assert_int_equal(count, reason == NULL ? 0 : 1);
    if (reason != NULL) {
        assert_string_equal(reasons[0], reason);
    }
    arena_free(&arena);
}

/* Promise P6. */
static void a_table_is_enough_wherever_it_comes_from_and_whatever_fails_now(void **state)
{
    (void)state;
    assert_reason(
        &(struct served_source){
            .name = "ec2 a", .origin = "z.example", .past = &good, .view = &polled},
        NULL);
    assert_reason(
        &(struct served_source){
            .name = "ec2 a", .origin = "z.example", .past = &failing, .view = &polled},
        NULL);
    assert_reason(
        &(struct served_source){
            .name = "ec2 a", .origin = "z.example", .past = &failing, .view = &restored},
        NULL);
}

static void who_has_delivered_nothing_is_named_with_its_zone_and_error(void **state)
{
    (void)state;
    assert_reason(
        &(struct served_source){
            .name = "ec2 a", .origin = "z.example", .past = &silent, .view = NULL},
        "zone z.example: ec2 a has not delivered yet");
    assert_reason(
        &(struct served_source){
            .name = "ec2 a", .origin = "z.example", .past = &failing, .view = NULL},
        "zone z.example: ec2 a has not delivered yet: no way there");
}

static void a_zone_that_nobody_has_shown_a_member_of_is_not_ready(void **state)
{
    static const char expected[] =
        "zone z.example: its sources have not shown a single member yet: "
        "look at region, account, groups, filters and tags";
    const struct served_source sources[] = {
        {.name = "ec2 a", .origin = "z.example", .past = &good,   .view = &polled},
        {.name = "ec2 b", .origin = "y.example", .past = &silent, .view = NULL   },
    };
    const struct served_zone zones[] = {
        {.origin = "z.example", .state = ZONE_PARTIAL},
        {.origin = "y.example", .state = ZONE_LOADING},
    };
    const struct served served = {
        .sources = sources, .source_count = 2, .zones = zones, .zone_count = 2};
    const char *const *reasons = NULL;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(readiness_reasons(&served, &arena, &reasons), 2);
    assert_string_equal(reasons[0], "zone y.example: ec2 b has not delivered yet");
    assert_string_equal(reasons[1], expected);
    arena_free(&arena);
}

static void without_sources_there_is_nothing_to_wait_for(void **state)
{
    const struct served served = {.source_count = 0};
    const char *const *reasons = NULL;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(readiness_reasons(&served, &arena, &reasons), 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_enough_wherever_it_comes_from_and_whatever_fails_now),
        cmocka_unit_test(who_has_delivered_nothing_is_named_with_its_zone_and_error),
        cmocka_unit_test(a_zone_that_nobody_has_shown_a_member_of_is_not_ready),
        cmocka_unit_test(without_sources_there_is_nothing_to_wait_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
