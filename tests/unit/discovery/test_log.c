/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_log.c - lines that stay lines, whatever comes from outside.
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
#include <unistd.h>

#include "discovery/log.h"
#include "discovery/utf8.h"

struct heard {
    char line[2 * LOG_LINE_SIZE];
    enum log_level level;
    unsigned count;
};

static void hear(void *owner, enum log_level level, const char *line, size_t length)
{
    struct heard *heard = owner;

    assert_int_equal(strlen(line), length);
    assert_true(length < LOG_LINE_SIZE);
    memcpy(heard->line, line, length + 1);
    heard->level = level;
    heard->count++;
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct heard));
    log_set_sink(hear, *state);
    log_set_level(LEVEL_INFO);
    return 0;
}

static int teardown(void **state)
{
    log_set_sink(NULL, NULL);
    free(*state);
    return 0;
}

static void an_event_is_one_line_of_keys_and_values(void **state)
{
    const struct heard *heard = *state;

    log_event(LEVEL_NOTICE, "poll done", log_text("source", "ec2-main"),
              log_number("instances", 24), log_number("least", INT64_MIN), log_text("none", NULL));
    assert_string_equal(heard->line, "event=\"poll done\" source=ec2-main instances=24 "
                                     "least=-9223372036854775808 none=\"\"\n");
    assert_int_equal(heard->level, LEVEL_NOTICE);
    log_write(LEVEL_INFO, "ready", NULL, 0);
    assert_string_equal(heard->line, "event=ready\n");
}

static void values_are_quoted_and_escaped_where_they_must_be(void **state)
{
    static const struct {
        const char *value;
        const char *shown;
    } cases[] = {
        {"10.0.0.1:53",                  "10.0.0.1:53"                     },
        {"eu-west-1a",                   "eu-west-1a"                      },
        {"a b",                          "\"a b\""                         },
        {"a=b",                          "\"a=b\""                         },
        {"say \"no\"",                   "\"say \\\"no\\\"\""              },
        {"back\\slash",                  "\"back\\\\slash\""               },
        {"x\ny",                         "\"x\\x0ay\""                     },
        {"\x1b[31m\x7f",                 "\"\\x1b[31m\\x7f\""              },
        {"caf\xc3\xa9",                  "\"caf\xc3\xa9\""                 },
        {"\xe6\x9d\xb1\xf0\x9f\x98\x80", "\"\xe6\x9d\xb1\xf0\x9f\x98\x80\""},
        {"\xff\xfe",                     "\"\\xff\\xfe\""                  },
        {"cut \xe6\x9d",                 "\"cut \\xe6\\x9d\""              },
        {"\xc0\xaf",                     "\"\\xc0\\xaf\""                  },
        {"\xc2\x85",                     "\"\\xc2\\x85\""                  },
        {"\xe2\x80\xae"
         "abc",                 "\"\\xe2\\x80\\xae"
         "abc\""                                   },
        {"\xe2\x80\xa8",                 "\"\\xe2\\x80\\xa8\""             },
        {"\xef\xbb\xbf",                 "\"\\xef\\xbb\\xbf\""             },
        {"\xed\xa0\x80",                 "\"\\xed\\xa0\\x80\""             },
    };
    const struct heard *heard = *state;

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char expected[200];

        snprintf(expected, sizeof(expected), "event=x v=%s\n", cases[index].shown);
        log_event(LEVEL_INFO, "x", log_text("v", cases[index].value));
        assert_string_equal(heard->line, expected);
    }
}

static void levels_above_the_limit_are_not_written(void **state)
{
    const struct heard *heard = *state;

    log_event(LEVEL_DEBUG, "x", log_number("n", 1));
    assert_int_equal(heard->count, 0);
    log_set_level(LEVEL_DEBUG);
    log_event(LEVEL_DEBUG, "x", log_number("n", 1));
    assert_int_equal(heard->count, 1);
    log_set_level(LEVEL_ERROR);
    log_event(LEVEL_WARNING, "x", log_number("n", 1));
    assert_int_equal(heard->count, 1);
}

/* Promise: whatever stands in a tag, a line stays one line. */
static void no_octet_of_a_value_begins_a_line_or_a_field(void **state)
{
    const struct heard *heard = *state;

    for (unsigned octet = 1; octet < 256; octet++) {
        const char value[] = {'a', (char)octet, 'e', 'v', 'e', 'n', 't', '=', 'x', '\0'};
        const char *end = NULL;

        log_event(LEVEL_INFO, "x", log_text("v", value), log_text("after", "web"));
        end = strchr(heard->line, '\n');
        assert_non_null(end);
        assert_int_equal(end[1], '\0');
        assert_ptr_equal(strstr(heard->line, "event=x v=\"a"), heard->line);
        assert_non_null(strstr(heard->line, "event=x\" after=web\n"));
        for (const char *at = heard->line; at < end; at++) {
            assert_true((unsigned char)*at >= ' ' && (unsigned char)*at < 0x7f);
        }
    }
}

/* Whole characters of printable UTF-8 with one newline at the end, and no open quote. */
static void check_line(const char *line)
{
    size_t left = strlen(line);
    unsigned quotes = 0;

    assert_int_equal(line[left - 1], '\n');
    for (left--; left > 0;) {
        uint32_t character = 0;
        size_t taken = utf8_decode(line, left, &character);

        assert_in_range(taken, 1, 4);
        assert_true(utf8_is_printable(character));
        if (character == '\\' && (line[1] == '"' || line[1] == '\\')) {
            taken = 2;
        } else if (character == '"') {
            quotes++;
        }
        line += taken;
        left -= taken;
    }
    assert_int_equal(quotes % 2, 0);
}

static void a_long_value_is_cut_and_those_after_it_are_still_there(void **state)
{
    static const char *const units[] = {"x", "x ", "\n", "\"", "\xe6\x9d\xb1", "\xf3\xa0\x80\x81"};
    const struct heard *heard = *state;

    for (size_t index = 0; index < sizeof(units) / sizeof(units[0]); index++) {
        char value[3 * LOG_LINE_SIZE] = "";
        size_t unit = strlen(units[index]);

        for (size_t length = 0; length + unit < sizeof(value); length += unit) {
            memcpy(value + length, units[index], unit + 1);
        }
        log_event(LEVEL_INFO, "x", log_text("v", value), log_text("after", "web"));
        check_line(heard->line);
        assert_non_null(strstr(heard->line, "...\" after=web\n"));
        assert_in_range(strlen(heard->line), LOG_LINE_SIZE / 2, LOG_LINE_SIZE - 1);
    }
}

static void no_length_of_values_breaks_the_line(void **state)
{
    static char value[LOG_LINE_SIZE];
    const struct heard *heard = *state;

    for (size_t length = 0; length + 1 < sizeof(value); length++) {
        static const char pattern[] = "a\n\xf3\xa0\x80\x81\"\xe6\x9d\xb1";

        value[length] = pattern[length % (sizeof(pattern) - 1)];
        value[length + 1] = '\0';
        log_event(LEVEL_INFO, value, log_text("first", value + length / 2),
                  log_text("second", value + length / 3), log_number("third", INT64_MIN),
                  log_text("fourth", value));
        check_line(heard->line);
    }
}

static void a_value_that_just_fits_is_whole(void **state)
{
    const struct heard *heard = *state;
    unsigned cut = 0;

    for (size_t length = 900; length < 1100; length++) {
        char value[1200] = "";

        memset(value, 'x', length);
        log_event(LEVEL_INFO, "x", log_text("v", value));
        check_line(heard->line);
        cut += strstr(heard->line, value) == NULL;
        /* Once one is too long, all that are longer are. */
        assert_true(cut == 0 || strstr(heard->line, "...\"\n") != NULL);
    }
    assert_in_range(cut, 50, 150);
}

/* What a function writes to standard error. */
static void caught(char *text, size_t size, void (*writes)(void))
{
    int descriptors[2];
    int saved = dup(STDERR_FILENO);
    ssize_t length = 0;

    log_set_sink(NULL, NULL);
    assert_int_equal(pipe(descriptors), 0);
    assert_true(dup2(descriptors[1], STDERR_FILENO) >= 0);
    writes();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    length = read(descriptors[0], text, size - 1);
    close(descriptors[0]);
    close(descriptors[1]);
    close(saved);
    assert_true(length >= 0);
    text[length] = '\0';
}

static void one_warning(void)
{
    log_event(LEVEL_WARNING, "slow down", log_number("n", 5));
}

static void a_line_to_standard_error_begins_with_its_priority(void **state)
{
    char line[200];

    (void)state;
    caught(line, sizeof(line), one_warning);
    assert_string_equal(line, "<4>event=\"slow down\" n=5\n");
}

static void a_flood(void)
{
    for (int64_t i = 1; i <= 1000; i++) {
        log_event(LEVEL_WARNING, "bad value\nagain", log_number("n", i));
    }
    log_event(LEVEL_INFO, "calm", log_number("n", 0));
    log_tell_left_out(true);
}

/* The count of what is left out depends on how long the thousand lines took: sums do not. */
static void a_flood_of_one_event_is_cut_and_counted(void **state)
{
    static char text[32 * 1024];
    unsigned long lines = 0;
    unsigned long told = 0;

    (void)state;
    caught(text, sizeof(text), a_flood);
    for (const char *at = text; (at = strstr(at, "<4>event=\"bad value\\x0aagain\" n=")); at++) {
        lines++;
    }
    for (const char *at = text;
         (at = strstr(at, "left out\" of=\"bad value\\x0aagain\" count="));) {
        at = strstr(at, "count=") + strlen("count=");
        told += strtoul(at, NULL, 10);
    }
    assert_in_range(lines, 100, 400); /* more only if this took half a minute */
    assert_int_equal(lines + told, 1000);
    assert_non_null(strstr(text, "<6>event=calm n=0\n"));
}

static void a_sink_hears_everything(void **state)
{
    const struct heard *heard = *state;

    for (int64_t i = 0; i < 1000; i++) {
        log_event(LEVEL_INFO, "bad value", log_number("n", i));
    }
    assert_int_equal(heard->count, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_is_one_line_of_keys_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_quoted_and_escaped_where_they_must_be, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_octet_of_a_value_begins_a_line_or_a_field, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(levels_above_the_limit_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut_and_those_after_it_are_still_there,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(no_length_of_values_breaks_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_that_just_fits_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_to_standard_error_begins_with_its_priority, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_one_event_is_cut_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sink_hears_everything, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
