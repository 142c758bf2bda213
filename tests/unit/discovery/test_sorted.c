/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_sorted.c - every key in arrays of every small size.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/sorted.h"

enum { COUNT_MAX = 20 };

static int number_compare(const void *key, const void *element)
{
    return *(const int *)key - *(const int *)element;
}

static void what_is_there_is_found_and_nothing_else(void **state)
{
    int numbers[COUNT_MAX];

    (void)state;
    for (int i = 0; i < COUNT_MAX; i++) {
        numbers[i] = 2 * i;
    }
    for (int count = 0; count <= COUNT_MAX; count++) {
        for (int key = -1; key <= 2 * COUNT_MAX; key++) {
            const int *found =
                sorted_find(&key, numbers, (size_t)count, sizeof(numbers[0]), number_compare);

            if (key >= 0 && key % 2 == 0 && key < 2 * count) {
                assert_ptr_equal(found, &numbers[key / 2]);
            } else {
                assert_null(found);
            }
        }
    }
}

static void the_first_of_equals_is_found_or_the_place_of_a_key_that_is_missing(void **state)
{
    int numbers[COUNT_MAX];

    (void)state;
    for (int i = 0; i < COUNT_MAX; i++) {
        numbers[i] = i / 3 * 2; /* three of each even number */
    }
    for (size_t count = 0; count <= COUNT_MAX; count++) {
        for (int key = -1; key <= COUNT_MAX; key++) {
            size_t expected = 0;

            while (expected < count && numbers[expected] < key) {
                expected++;
            }
            assert_int_equal(sorted_first(&key, numbers, count, sizeof(numbers[0]), number_compare),
                             expected);
        }
    }
}

static void an_array_of_nothing_may_be_null(void **state)
{
    const int key = 1;

    (void)state;
    assert_null(sorted_find(&key, NULL, 0, sizeof(key), number_compare));
    assert_int_equal(sorted_first(&key, NULL, 0, sizeof(key), number_compare), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_found_and_nothing_else),
        cmocka_unit_test(the_first_of_equals_is_found_or_the_place_of_a_key_that_is_missing),
        cmocka_unit_test(an_array_of_nothing_may_be_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
