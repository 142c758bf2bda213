/* SPDX-License-Identifier: MIT */

/*
 * Columns stay aligned whatever stands in them, and nothing that a terminal obeys gets through.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/text_table.h"

enum { COLUMNS = 3, RIGHT_MIDDLE = 1 << 1 };

/* The table of `count` rows as text, owned by the caller. */
static char *table_text(const char *const (*rows)[COLUMNS], size_t count, int indent)
{
    struct text_table table;
    struct arena arena;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    arena_init(&arena);
    text_table_open(&table, &arena, COLUMNS, RIGHT_MIDDLE);
    for (size_t i = 0; i < count; i++) {
        text_table_row(&table, rows[i]);
    }
    text_table_print(&table, indent, out);
    fclose(out);
    arena_free(&arena);
    return text;
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"NAME",   "N",     "HOLD"        },
        {"i-1",    "65535", "-"           },
        {"i-long", "0",     "maint by ann"},
    };
    char *text = table_text(rows, 3, 2);

    (void)state;
    assert_string_equal(text, "  NAME        N  HOLD\n"
                              "  i-1     65535  -\n"
                              "  i-long      0  maint by ann\n");
    free(text);
}

static void empty_cells_leave_no_spaces_at_the_end_of_a_line(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"a",   "1",  "x"},
        {"bcd", "",   "" },
        {"",    "23", "" },
        {"",    "",   "y"},
        {"",    "",   "" },
    };
    char *text = table_text(rows, 5, 0);

    (void)state;
    assert_string_equal(text, "a     1  x\nbcd\n     23\n         y\n\n");
    free(text);
}

static void widths_count_characters_not_octets(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"gr\xc3\xbc\xc3\x9f", "1", "x"},
        {"abcd",               "2", "y"},
    };
    char *text = table_text(rows, 2, 0);

    (void)state;
    assert_string_equal(text, "gr\xc3\xbc\xc3\x9f  1  x\nabcd  2  y\n");
    free(text);
}

static void what_a_terminal_would_obey_becomes_a_question_mark(void **state)
{
    static const char *const rows[][COLUMNS] = {
        {"\x1b[31m", "\xff", "a\nb\xe2\x80\xae"},
    };
    char *text = table_text(rows, 1, 0);

    (void)state;
    assert_string_equal(text, "?[31m  ?  a?b?\n");
    free(text);
}

static void a_thousand_rows_stay_in_order(void **state)
{
    struct text_table table;
    struct arena arena;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *place = NULL;

    (void)state;
    arena_init(&arena);
    text_table_open(&table, &arena, 1, 0);
    for (int i = 0; i < 1000; i++) {
        const char *cell = arena_format(&arena, "%d", i);

        text_table_row(&table, &cell);
    }
    text_table_print(&table, 0, out);
    fclose(out);
    place = text;
    for (int i = 0; i < 1000; i++) {
        char *end = NULL;

        assert_int_equal(strtol(place, &end, 10), i);
        assert_int_equal(*end, '\n');
        place = end + 1;
    }
    assert_string_equal(place, "");
    arena_free(&arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(empty_cells_leave_no_spaces_at_the_end_of_a_line),
        cmocka_unit_test(widths_count_characters_not_octets),
        cmocka_unit_test(what_a_terminal_would_obey_becomes_a_question_mark),
        cmocka_unit_test(a_thousand_rows_stay_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
