/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_hold.c - holds from text and back, and when they end.
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

#include "discovery/hold.h"

/* 2026-08-21T17:00:00Z */
enum { EVENING_S = 1787331600 };

static void good_texts_are_read(void **state)
{
    static const struct {
        const char *text;
        struct hold hold;
    } cases[] = {
        {"drain",                                                 {HOLD_DRAIN, 0, "", ""}               },
        {"maint",                                                 {HOLD_MAINT, 0, "", ""}               },
        {"  drain  ",                                             {HOLD_DRAIN, 0, "", ""}               },
        {"drain until=2026-08-21T17:00:00Z",                      {HOLD_DRAIN, EVENING_S, "", ""}       },
        {"maint by=ann",                                          {HOLD_MAINT, 0, "ann", ""}            },
        {"maint by=ann until=2026-08-21T19:00:00+02:00",          {HOLD_MAINT, EVENING_S, "ann", ""}    },
        {"drain reason=new kernel",                               {HOLD_DRAIN, 0, "", "new kernel"}     },
        {"drain reason=until=now by=me",                          {HOLD_DRAIN, 0, "", "until=now by=me"}},
        {"drain  until=2026-08-21T17:00:00Z  by=a=b  reason= x ",
         {HOLD_DRAIN, EVENING_S, "a=b", " x "}                                                          },
        {"drain by= reason=",                                     {HOLD_DRAIN, 0, "", ""}               },
        {"drain by=j\xc3\xb6rg reason=\xe6\xbc\xa2\xe5\xad\x97",
         {HOLD_DRAIN, 0, "j\xc3\xb6rg", "\xe6\xbc\xa2\xe5\xad\x97"}                                     },
        {"maint until=1970-01-01T00:00:00Z",                      {HOLD_MAINT, 1, "", ""}               },
        {"maint until=1912-06-23T00:00:00Z",                      {HOLD_MAINT, 1, "", ""}               },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hold hold = {0};
        struct error error = {""};

        if (!hold_parse(&hold, cases[i].text, &arena, &error)) {
            fail_msg("\"%s\": %s", cases[i].text, error.text);
        }
        if (!hold_equals(&hold, &cases[i].hold)) {
            fail_msg("\"%s\": kind %d until %lld by \"%s\" reason \"%s\"", cases[i].text,
                     (int)hold.kind, (long long)hold.until_s, hold.by, hold.reason);
        }
        assert_non_null(hold.by);
        assert_non_null(hold.reason);
    }
    arena_free(&arena);
}

static void bad_texts_are_refused_with_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",                                                            "begins with \"\""                },
        {"   ",                                                         "begins with \"\""                },
        {"none",                                                        "begins with \"none\""            },
        {"Drain",                                                       "begins with \"Drain\""           },
        {"drained",                                                     "begins with \"drained\""         },
        {"drai",                                                        "begins with \"drai\""            },
        {"until=2026-08-21T17:00:00Z drain",                            "begins with \"until="            },
        {"drain now",                                                   "\"now\" is none of"              },
        {"drain maint",                                                 "\"maint\" is none of"            },
        {"drain Until=2026-08-21T17:00:00Z",                            "is none of"                      },
        {"drain until=",                                                "until \"\" is not a time"        },
        {"drain until=tomorrow",                                        "until \"tomorrow\" is not a time"},
        {"drain until=2026-08-21",                                      "is not a time"                   },
        {"drain until=2026-08-21T17:00:00Z until=2026-08-21T17:00:00Z", "says until twice"                },
        {"drain by=a by=b",                                             "says by twice"                   },
        {"drain\tby=a",                                                 "a control character at octet 6"  },
        {"drain reason=a\nb",                                           "a control character at octet 15" },
        {"drain reason=\x7f",                                           "a control character"             },
        {"drain reason=\xc2\x85",                                       "a control character"             },
        {"drain reason=\xff",                                           "not UTF-8 at octet 14"           },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hold hold = {.kind = HOLD_NONE, .until_s = 4711};
        struct error error = {""};

        assert_false(hold_parse(&hold, cases[i].text, &arena, &error));
        assert_int_equal(hold.until_s, 4711);
        if (strstr(error.text, cases[i].why) == NULL) {
            fail_msg("\"%s\" gives: %s", cases[i].text, error.text);
        }
    }
    arena_free(&arena);
}

/* "drain reason=" and characters of `octets` each up to `count` in all. */
static void long_text(char *text, const char *character, int count)
{
    size_t length = (size_t)sprintf(text, "drain reason=");

    for (int i = 13; i < count; i++) {
        length += (size_t)sprintf(text + length, "%s", character);
    }
}

static void a_text_may_have_256_characters_but_not_one_more(void **state)
{
    static const char *const characters[] = {"x", "\xf0\x9f\x9a\xa7"};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < 2; i++) {
        char text[HOLD_TEXT_MAX * 4 + 8];
        char again[HOLD_TEXT_MAX * 4 + 1];
        struct hold hold = {0};
        struct error error = {""};

        long_text(text, characters[i], HOLD_TEXT_MAX);
        assert_true(hold_parse(&hold, text, &arena, NULL));
        assert_true(hold_to_text(&hold, again, NULL));
        assert_string_equal(again, text);
        long_text(text, characters[i], HOLD_TEXT_MAX + 1);
        assert_false(hold_parse(&hold, text, &arena, &error));
        assert_string_equal(error.text, "longer than 256 characters");
    }
    arena_free(&arena);
}

static void what_is_written_reads_the_same(void **state)
{
    static const struct {
        struct hold hold;
        const char *text;
    } cases[] = {
        {{HOLD_DRAIN, 0, NULL, NULL},                  "drain"                   },
        {{HOLD_MAINT, 0, "", ""},                      "maint"                   },
        {{HOLD_DRAIN, EVENING_S, "ann", "new kernel"},
         "drain until=2026-08-21T17:00:00Z by=ann reason=new kernel"             },
        {{HOLD_MAINT, 0, "", "reason=by=x"},           "maint reason=reason=by=x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[HOLD_TEXT_MAX * 4 + 1];

        assert_true(hold_to_text(&cases[i].hold, text, NULL));
        assert_string_equal(text, cases[i].text);
    }
}

static void what_would_not_read_the_same_is_not_written(void **state)
{
    static const struct {
        struct hold hold;
        const char *why;
    } cases[] = {
        {{HOLD_NONE, 0, "", ""},              "no hold"            },
        {{HOLD_DRAIN, 0, "ann lee", ""},      "cannot be written"  },
        {{HOLD_DRAIN, 0, "ann reason=x", ""}, "cannot be written"  },
        {{HOLD_DRAIN, 0, "", "two\nlines"},   "a control character"},
        {{HOLD_DRAIN, 0, "", "\xc3("},        "not UTF-8"          },
    };
    char reason[2000];
    char text[HOLD_TEXT_MAX * 4 + 1];
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(hold_to_text(&cases[i].hold, text, &error));
        if (strstr(error.text, cases[i].why) == NULL) {
            fail_msg("case %zu gives: %s", i, error.text);
        }
    }
    for (size_t length = 240; length < sizeof(reason); length += 251) {
        struct hold hold = {HOLD_DRAIN, 0, "", reason};

        memset(reason, 'x', length);
        reason[length] = '\0';
        assert_int_equal(hold_to_text(&hold, text, &error), length == 240);
    }
}

static void a_hold_ends_in_the_second_that_it_names(void **state)
{
    const struct hold ends = {HOLD_DRAIN, 100, "", ""};
    const struct hold stays = {HOLD_MAINT, 0, "", ""};
    const struct hold none = {0};

    (void)state;
    assert_int_equal(hold_now(&ends, 0), HOLD_DRAIN);
    assert_int_equal(hold_now(&ends, 99), HOLD_DRAIN);
    assert_int_equal(hold_now(&ends, 100), HOLD_NONE);
    assert_int_equal(hold_now(&stays, INT64_MAX), HOLD_MAINT);
    assert_int_equal(hold_now(&none, 5), HOLD_NONE);
}

static void holds_differ_in_every_field(void **state)
{
    const struct hold hold = {HOLD_DRAIN, 100, "ann", "x"};
    const struct hold others[] = {
        {HOLD_MAINT, 100, "ann", "x"},
        {HOLD_DRAIN, 101, "ann", "x"},
        {HOLD_DRAIN, 100, "bob", "x"},
        {HOLD_DRAIN, 100, "ann", "y"},
    };

    (void)state;
    assert_true(hold_equals(&hold, &hold));
    assert_true(hold_equals(&(struct hold){0}, &(struct hold){.by = "", .reason = ""}));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(hold_equals(&hold, &others[i]));
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(hold_kind_name(HOLD_NONE), "none");
    assert_string_equal(hold_kind_name(HOLD_DRAIN), "drain");
    assert_string_equal(hold_kind_name(HOLD_MAINT), "maint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_are_read),
        cmocka_unit_test(bad_texts_are_refused_with_what_is_wrong),
        cmocka_unit_test(a_text_may_have_256_characters_but_not_one_more),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_would_not_read_the_same_is_not_written),
        cmocka_unit_test(a_hold_ends_in_the_second_that_it_names),
        cmocka_unit_test(holds_differ_in_every_field),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
