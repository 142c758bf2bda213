/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_error.c - Messages: cut to size, printable, with context in front.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "zones/error.h"

static void setting_an_error_gives_false_and_keeps_the_text(void **state)
{
    struct error error = {""};

    (void)state;
    assert_false(error_set(&error, "port %d of %s", 7, "web"));
    assert_string_equal(error.text, "port 7 of web");
}

static void nobody_has_to_want_the_text(void **state)
{
    (void)state;
    assert_false(error_set(NULL, "x"));
    assert_false(error_prefix(NULL, "x"));
}

static void control_octets_become_question_marks(void **state)
{
    struct error error = {""};

    (void)state;
    error_set(&error, "%s", "a\nb\x1b[1m\tc\x7f\xc3\xa9");
    assert_string_equal(error.text, "a?b?[1m?c?\xc3\xa9");
}

static void a_long_text_is_cut_to_the_size(void **state)
{
    struct error error;
    char text[2 * ERROR_TEXT_SIZE];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    memset(&error, 'y', sizeof(error));
    error_set(&error, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    error_prefix(&error, "%s", text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
}

static void context_goes_in_front(void **state)
{
    struct error error = {""};

    (void)state;
    error_set(&error, "no such file");
    assert_false(error_prefix(&error, "zone %s", "a.example"));
    error_prefix(&error, "rollcall.conf");
    assert_string_equal(error.text, "rollcall.conf: zone a.example: no such file");
}

static void the_old_text_may_be_part_of_the_new_one(void **state)
{
    struct error error = {""};

    (void)state;
    error_set(&error, "inner");
    error_set(&error, "outer (%s)", error.text);
    assert_string_equal(error.text, "outer (inner)");
    error_prefix(&error, "%s", error.text);
    assert_string_equal(error.text, "outer (inner): outer (inner)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_gives_false_and_keeps_the_text),
        cmocka_unit_test(nobody_has_to_want_the_text),
        cmocka_unit_test(control_octets_become_question_marks),
        cmocka_unit_test(a_long_text_is_cut_to_the_size),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(the_old_text_may_be_part_of_the_new_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
