/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_tag_request.c - the parameters, and the requests that cannot be made.
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

#include "discovery/tag_request.h"

static const char *const ids[TAG_WRITE_MAX + 1] = {"i-1", "i-2", "i-3"};

static void assert_request(const struct tag_order *order, size_t first, size_t count,
                           const char *expected)
{
    struct tag_request request;
    struct arena arena;
    struct error error = {0};
    char text[512] = "";
    size_t length = 0;

    arena_init(&arena);
    if (!tag_request_build(&request, order, first, count, &arena, &error)) {
        fail_msg("refused: %s", error.text);
    }
    for (size_t i = 0; i < request.count; i++) {
        length +=
            (size_t)snprintf(&text[length], sizeof(text) - length, "%s%s=%s", i == 0 ? "" : " ",
                             request.parameters[i].name, request.parameters[i].value);
    }
    assert_string_equal(text, expected);
    arena_free(&arena);
}

static void tags_with_values_make_a_create(void **state)
{
    const struct tag tags[] = {
        {"srv_weight", "0"},
        {"srv_hold",   "" }
    };
    const struct tag_order order = {ids, 3, tags, 2};

    (void)state;
    assert_request(&order, 0, 3,
                   "Action=CreateTags Version=2016-11-15 ResourceId.1=i-1 ResourceId.2=i-2 "
                   "ResourceId.3=i-3 Tag.1.Key=srv_weight Tag.1.Value=0 Tag.2.Key=srv_hold "
                   "Tag.2.Value=");
}

static void keys_alone_make_a_delete_of_exactly_these_keys(void **state)
{
    const struct tag tags[] = {
        {"srv_hold", NULL}
    };
    const struct tag_order order = {ids, 3, tags, 1};

    (void)state;
    assert_request(&order, 1, 2,
                   "Action=DeleteTags Version=2016-11-15 ResourceId.1=i-2 ResourceId.2=i-3 "
                   "Tag.1.Key=srv_hold");
}

static void what_must_not_be_asked_for_cannot_be_built(void **state)
{
    static const struct tag mixed[] = {
        {"srv_hold",   NULL},
        {"srv_weight", "1" }
    };
    static const struct tag nameless[] = {
        {"", NULL}
    };
    static const struct tag null_key[] = {
        {NULL, NULL}
    };
    static const struct tag good[] = {
        {"srv_hold", NULL}
    };
    static const struct {
        const char *why;
        struct tag_order order;
        size_t count;
    } rows[] = {
        {"no keys: would delete every tag", {ids, 3, NULL, 0},     3                },
        {"no keys beside an array",         {ids, 3, good, 0},     3                },
        {"an empty key",                    {ids, 3, nameless, 1}, 3                },
        {"no key at all",                   {ids, 3, null_key, 1}, 3                },
        {"set and taken off",               {ids, 3, mixed, 2},    3                },
        {"nobody",                          {ids, 0, good, 1},     0                },
        {"more than one call takes",        {ids, 3, good, 1},     TAG_WRITE_MAX + 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tag_request request;
        struct arena arena;
        struct error error = {0};

        arena_init(&arena);
        if (tag_request_build(&request, &rows[i].order, 0, rows[i].count, &arena, &error)) {
            fail_msg("built: %s", rows[i].why);
        }
        assert_int_equal(request.count, 0);
        assert_string_not_equal(error.text, "");
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_with_values_make_a_create),
        cmocka_unit_test(keys_alone_make_a_delete_of_exactly_these_keys),
        cmocka_unit_test(what_must_not_be_asked_for_cannot_be_built),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
