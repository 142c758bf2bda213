/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_complaint_set.c - each text once, however many there are.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/complaint_set.h"

static void a_text_is_added_once_and_copied(void **state)
{
    struct complaint_set *set = complaint_set_new();
    char text[] = "member i-1 comes from two sources";

    (void)state;
    assert_false(complaint_set_has(set, text));
    assert_true(complaint_set_add(set, text));
    text[7] = 'j';
    assert_false(complaint_set_has(set, text));
    text[7] = 'i';
    assert_true(complaint_set_has(set, text));
    assert_false(complaint_set_add(set, text));
    complaint_set_free(set);
    complaint_set_free(NULL);
}

/* As of every member that two sources tell of: were each compared with all, this took minutes. */
static void a_hundred_thousand_texts_are_no_burden(void **state)
{
    struct complaint_set *set = complaint_set_new();
    char text[64];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100000; i++) {
            (void)snprintf(text, sizeof(text), "member i-%07d comes from two sources", i);
            assert_int_equal(complaint_set_add(set, text), round == 0);
        }
    }
    complaint_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_added_once_and_copied),
        cmocka_unit_test(a_hundred_thousand_texts_are_no_burden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
