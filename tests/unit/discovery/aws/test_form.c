/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_form.c - percent encoding and form bodies.
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

#include "discovery/aws/form.h"

static void every_octet_is_unreserved_or_percent_encoded(void **state)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (int octet = 0; octet < 256; octet++) {
        const char text[1] = {(char)octet};
        char expected[4] = {(char)octet, '\0'};

        if (octet == 0 || strchr(unreserved, octet) == NULL) {
            snprintf(expected, sizeof(expected), "%%%02X", (unsigned int)octet);
        }
        assert_string_equal(form_percent(text, 1, "", &arena), expected);
    }
    arena_free(&arena);
}

static void kept_octets_stay(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(form_percent("/a b/\0c", 7, "/", &arena), "/a%20b/%00c");
    arena_free(&arena);
}

static void parameters_keep_their_order_and_are_encoded_on_both_sides(void **state)
{
    static const struct aws_parameter parameters[] = {
        {"Action",           "DescribeInstances"        },
        {"Filter.1.Value.1", "aws:autoscaling:groupName"},
        {"NextToken",        "a+b/c=="                  },
        {"a b",              "\xe6\xbc\xa2 &="          },
        {"Empty",            ""                         },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(form_encode(parameters, 5, &arena),
                        "Action=DescribeInstances&Filter.1.Value.1=aws%3Aautoscaling%3AgroupName"
                        "&NextToken=a%2Bb%2Fc%3D%3D&a%20b=%E6%BC%A2%20%26%3D&Empty=");
    assert_string_equal(form_encode(parameters, 0, &arena), "");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet_is_unreserved_or_percent_encoded),
        cmocka_unit_test(kept_octets_stay),
        cmocka_unit_test(parameters_keep_their_order_and_are_encoded_on_both_sides),
    };

    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
