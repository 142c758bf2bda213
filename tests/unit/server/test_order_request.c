/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_order_request.c - from an order's options to what is to be done.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "server/order_request.h"

enum { NOW_S = 1700000000 }; /* 2023-11-14T22:13:20Z */

static const struct order_verb drain = {.name = "drain", .kind = CHANGE_HOLD, .hold = HOLD_DRAIN};
static const struct order_verb ready = {.name = "ready", .kind = CHANGE_READY};
static const struct order_verb weight = {.name = "weight", .kind = CHANGE_WEIGHT};

static struct order_request request;
static struct arena arena;
static struct error error;

static bool request_read(const struct order_verb *verb, const struct order_options *order,
                         const char *argument)
{
    static char *arguments[1];
    static struct options options;
    static char copy[64];

    memcpy(copy, argument == NULL ? "" : argument, argument == NULL ? 1 : strlen(argument) + 1);
    arguments[0] = copy;
    options = (struct options){
        .order = *order, .arguments = arguments, .argument_count = argument == NULL ? 0 : 1};
    arena_free(&arena);
    error = (struct error){0};
    return order_request_read(&request, verb, &options, &(struct order_author){"me", NOW_S}, &arena,
                              &error);
}

static void a_weight_is_a_number_or_a_percentage(void **state)
{
    static const struct {
        const char *text;
        int weight; /* -1: refused */
        unsigned haproxy;
    } rows[] = {
        {"0",     0,     0  },
        {"1",     1,     1  },
        {"256",   256,   1  },
        {"257",   257,   2  },
        {"65535", 65535, 256},
        {"0%",    0,     0  },
        {"1%",    655,   3  },
        {"50%",   32768, 128},
        {"100%",  65535, 256},
        {"65536", -1,    0  },
        {"101%",  -1,    0  },
        {"1000%", -1,    0  },
        {"-1",    -1,    0  },
        {"+1",    -1,    0  },
        {"1.5%",  -1,    0  },
        {"%",     -1,    0  },
        {"50 %",  -1,    0  },
        {"",      -1,    0  },
        {"ten",   -1,    0  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t number = 0;
        struct error why = {0};
        bool is_read = weight_parse(&number, rows[i].text, &why);

        if (is_read != (rows[i].weight >= 0) || (is_read && number != rows[i].weight)) {
            fail_msg("\"%s\": %d, %u, %s", rows[i].text, is_read, number, why.text);
        }
        if (is_read) {
            assert_int_equal(weight_haproxy(number), rows[i].haproxy);
        }
        assert_int_equal(why.text[0] == '\0', is_read);
    }
}

static void a_hold_is_written_as_others_will_read_it(void **state)
{
    static const struct {
        struct order_options order;
        const char *value;
    } rows[] = {
        {{.reason = NULL},                        "drain by=me"                                    },
        {{.reason = "kernel  update"},            "drain by=me reason=kernel  update"              },
        {{.duration = "2h"},                      "drain until=2023-11-15T00:13:20Z by=me"         },
        {{.duration = "1s", .reason = "r"},       "drain until=2023-11-14T22:13:21Z by=me reason=r"},
        {{.duration = "1500ms", .reason = "x=y"},
         "drain until=2023-11-14T22:13:22Z by=me reason=x=y"                                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!request_read(&drain, &rows[i].order, "i-1")) {
            fail_msg("%s: %s", rows[i].value, error.text);
        }
        assert_string_equal(request.change.value, rows[i].value);
        assert_int_equal(request.change.hold.kind, HOLD_DRAIN);
    }
}

static void ready_and_weight_change_one_tag(void **state)
{
    (void)state;
    assert_true(request_read(&ready, &(struct order_options){0}, "i-1"));
    assert_null(request.change.value);
    assert_int_equal(request.selection.id_count, 1);
    assert_true(request_read(&weight, &(struct order_options){.cluster = "web"}, "10%"));
    assert_string_equal(request.change.value, "6554");
    assert_int_equal(request.selection.id_count, 0); /* the weight is no id */
}

static void what_is_not_said_has_a_default(void **state)
{
    (void)state;
    assert_true(request_read(&drain, &(struct order_options){0}, "i-1"));
    assert_int_equal(request.percent, 100);
    assert_int_equal(request.wait_timeout_ms, 120000);
    assert_int_equal(request.resolve_ms, 1000);
    assert_int_equal(request.change.hold.until_s, 0);
    assert_string_equal(request.selection.ids[0], "i-1");
}

static void wrong_usage_is_told(void **state)
{
    static const struct {
        const struct order_verb *verb;
        struct order_options order;
        const char *argument;
        const char *said;
    } rows[] = {
        {&drain,  {0},                                NULL,   "nobody is named"   },
        {&drain,  {.cluster = "web"},                 "i-1",  "exclude each other"},
        {&drain,  {.az = "a"},                        "i-1",  "--az goes with"    },
        {&drain,  {.percent = "3"},                   "i-1",  "--percent goes"    },
        {&drain,  {.cluster = "w", .percent = "0"},   NULL,   "--percent: "       },
        {&drain,  {.cluster = "w", .percent = "101"}, NULL,   "--percent: "       },
        {&drain,  {.cluster = "w", .percent = "3%"},  NULL,   "--percent: "       },
        {&drain,  {.duration = "2"},                  "i-1",  "--for: "           },
        {&drain,  {.duration = "0s"},                 "i-1",  "--for: "           },
        {&drain,  {.duration = "400d"},               "i-1",  "--for: "           },
        {&drain,  {.reason = "a\nb"},                 "i-1",  "--reason: "        },
        {&drain,  {.wait_timeout = "0s"},             "i-1",  "--wait-timeout: "  },
        {&drain,  {.resolve = "x"},                   "i-1",  "--resolve: "       },
        {&weight, {.cluster = "w"},                   NULL,   "weight is missing" },
        {&weight, {.cluster = "w"},                   "many", "weight many: "     },
        {&weight, {0},                                "5",    "nobody is named"   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_read = request_read(rows[i].verb, &rows[i].order, rows[i].argument);

        if (is_read || strstr(error.text, rows[i].said) == NULL) {
            fail_msg("%s: read %d, said %s", rows[i].said, is_read, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weight_is_a_number_or_a_percentage),
        cmocka_unit_test(a_hold_is_written_as_others_will_read_it),
        cmocka_unit_test(ready_and_weight_change_one_tag),
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(wrong_usage_is_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    arena_free(&arena);
    return failed;
}
