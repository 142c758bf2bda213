/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_http_header.c - single header lines.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/http_header.h"

static void a_value_comes_without_white_space_and_cut_to_size(void **state)
{
    static const struct {
        const char *line;
        const char *expected; /* NULL: another header */
    } rows[] = {
        {"Date: x y\r\n",        "x y"    },
        {"dAtE:x\r\n",           "x"      },
        {"date: \t x \t \r\n",   "x"      },
        {"date:\r\n",            ""       },
        {"date:",                ""       },
        {"date: 0123456789\r\n", "0123456"},
        {"dates: x\r\n",         NULL     },
        {"dat",                  NULL     },
        {"date",                 NULL     },
        {"",                     NULL     },
        {"HTTP/1.1 200 OK\r\n",  NULL     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char value[8] = "?";
        bool found =
            http_header_value(rows[i].line, strlen(rows[i].line), "date", value, sizeof(value));

        assert_int_equal(found, rows[i].expected != NULL);
        assert_string_equal(value, rows[i].expected == NULL ? "?" : rows[i].expected);
    }
}

static void control_characters_are_not_valid_in_a_header(void **state)
{
    (void)state;
    assert_true(http_header_valid(""));
    assert_true(http_header_valid("AQoDYXdz/+= \xc3\xa9"));
    assert_false(http_header_valid("a\r\nb"));
    assert_false(http_header_valid("a\n"));
    assert_false(http_header_valid("\x7f"));
}

static void a_wait_is_read_from_either_header_in_its_unit(void **state)
{
    static const struct {
        const char *line;
        int64_t expected_ms; /* -1: none */
    } rows[] = {
        {"x-amz-retry-after: 1500\r\n",                    1500        },
        {"X-Amz-Retry-After: 0\r\n",                       0           },
        {"Retry-After: 3\r\n",                             3000        },
        {"retry-after:999999999\r\n",                      999999999000},
        {"retry-after:1000000000\r\n",                     -1          },
        {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", -1          },
        {"Retry-After: -1\r\n",                            -1          },
        {"Retry-After: 1.5\r\n",                           -1          },
        {"Retry-After:\r\n",                               -1          },
        {"x-amz-retry-after: soon\r\n",                    -1          },
        {"x-amz-request-id: 1\r\n",                        -1          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t wait_ms = 0;
        bool found = http_header_wait_ms(rows[i].line, strlen(rows[i].line), &wait_ms);

        print_message("%s", rows[i].line);
        assert_int_equal(found ? wait_ms : -1, rows[i].expected_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_comes_without_white_space_and_cut_to_size),
        cmocka_unit_test(a_wait_is_read_from_either_header_in_its_unit),
        cmocka_unit_test(control_characters_are_not_valid_in_a_header),
    };

    return cmocka_run_group_tests_name("http_header", tests, NULL, NULL);
}
