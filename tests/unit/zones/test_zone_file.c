/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_zone_file.c - lines to entries, and where each began.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "zones/zone_file.h"

static FILE *file_of(const char *text)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    rewind(file);
    return file;
}

static void entries_come_one_by_one_with_their_lines(void **state)
{
    static const char text[] = "; only a comment\n"
                               "$TTL 5\n"
                               "   \t\n"
                               "a TXT \"x;(y\" ; and a comment\n"
                               "\tA ( 10.0.0.1 ; first\n"
                               "\n"
                               " ) ; last\r\n"
                               "b\\; TXT \\\"( c\\\n"
                               ")\n"
                               "c TXT \"a\\\"b\"";
    static const struct {
        size_t line;
        const char *text;
    } expected[] = {
        {2,  "$TTL 5"              },
        {4,  "a TXT \"x;(y\" "     },
        {5,  "\tA   10.0.0.1      "},
        {8,  "b\\; TXT \\\"  c\\  "},
        {10, "c TXT \"a\\\"b\""    },
    };
    struct zone_file zone_file;
    struct error error = {""};
    FILE *file = file_of(text);

    (void)state;
    zone_file_open(&zone_file, file);
    for (size_t index = 0; index < sizeof(expected) / sizeof(expected[0]); index++) {
        if (zone_file_next(&zone_file, &error) != ZONE_FILE_ENTRY) {
            fail_msg("%s", error.text);
        }
        assert_string_equal(zone_file.entry, expected[index].text);
        assert_int_equal(zone_file.entry_line, expected[index].line);
    }
    assert_int_equal(zone_file_next(&zone_file, &error), ZONE_FILE_END);
    assert_int_equal(zone_file_next(&zone_file, &error), ZONE_FILE_END);
    zone_file_close(&zone_file);
    fclose(file);
}

static void what_is_not_closed_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"\na (\nb\n",    "line 2: '(' is not closed"    },
        {"a ((\n",        "line 1: '(' within '('"       },
        {"a (\n) b )\n",  "line 2: ')' without '('"      },
        {"\na \"b\n\"\n", "line 2: a quote is not closed"},
        {"a \"b\\\"\n",   "line 1: a quote is not closed"},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct zone_file zone_file;
        struct error error = {""};
        FILE *file = file_of(cases[index].text);

        zone_file_open(&zone_file, file);
        assert_int_equal(zone_file_next(&zone_file, &error), ZONE_FILE_BAD);
        assert_string_equal(error.text, cases[index].why);
        zone_file_close(&zone_file);
        fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_one_by_one_with_their_lines),
        cmocka_unit_test(what_is_not_closed_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
