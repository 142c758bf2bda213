/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fingerprint.c - what is the same has the same, what differs has not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/fingerprint.h"

static void what_is_absent_differs_from_what_is_empty(void **state)
{
    (void)state;
    assert_true(fingerprint_text(NULL, 7) == fingerprint_text(NULL, 7));
    assert_true(fingerprint_text(NULL, 7) != fingerprint_text("", 7));
    assert_true(fingerprint_text("", 7) != fingerprint_text("", 8));
}

static void the_border_between_two_texts_counts(void **state)
{
    uint64_t early = fingerprint_text("bc", fingerprint_text("a", 0));
    uint64_t late = fingerprint_text("c", fingerprint_text("ab", 0));

    (void)state;
    assert_true(early != late);
}

static void each_octet_of_a_long_text_counts(void **state)
{
    char text[1000];
    struct fingerprint whole;
    struct fingerprint cut;

    (void)state;
    memset(text, 'a', sizeof(text));
    whole = fingerprint_make(text, sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++) {
        struct fingerprint other;

        text[i] = 'b';
        other = fingerprint_make(text, sizeof(text));
        text[i] = 'a';
        assert_false(fingerprint_matches(&whole, &other));
    }
    cut = fingerprint_make(text, sizeof(text) - 1);
    assert_false(fingerprint_matches(&whole, &cut));
    cut = fingerprint_make(text, sizeof(text));
    assert_true(fingerprint_matches(&whole, &cut));
}

static void no_text_is_the_same_as_nothing(void **state)
{
    const struct fingerprint none = {0};
    const struct fingerprint empty = fingerprint_make("", 0);

    (void)state;
    assert_false(fingerprint_matches(&none, &none));
    assert_false(fingerprint_matches(&none, &empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_differs_from_what_is_empty),
        cmocka_unit_test(the_border_between_two_texts_counts),
        cmocka_unit_test(each_octet_of_a_long_text_counts),
        cmocka_unit_test(no_text_is_the_same_as_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
