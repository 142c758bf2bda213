/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_serial.c - Serial numbers: which is after which, and which one follows.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "zones/serial.h"

static void order_goes_around_the_circle(void **state)
{
    static const struct {
        const char *why;
        uint32_t left;
        uint32_t right;
        bool is_after;
    } cases[] = {
        {"one more",                            2,          1,          true },
        {"one less",                            1,          2,          false},
        {"the same",                            7,          7,          false},
        {"past the end",                        0,          0xffffffff, true },
        {"before the start",                    0xffffffff, 0,          false},
        {"the largest step, 2^31 - 1",          0x7fffffff, 0,          true },
        {"2^31: open, so neither is after",     0x80000000, 0,          false},
        {"2^31 the other way",                  0,          0x80000000, false},
        {"more than half the circle is behind", 0x80000001, 0,          false},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        if (serial_is_after(cases[index].left, cases[index].right) != cases[index].is_after) {
            fail_msg("%s", cases[index].why);
        }
    }
}

static void the_next_serial_follows_the_clock_and_never_goes_back(void **state)
{
    static const struct {
        const char *why;
        uint32_t old;
        uint32_t now;
        uint32_t next;
    } cases[] = {
        {"the clock is ahead",       1700000000, 1800000000, 1800000000},
        {"twice in one second",      1800000000, 1800000000, 1800000001},
        {"the clock was set back",   1800000000, 1700000000, 1800000001},
        {"around the end",           0xffffffff, 0xffffffff, 0         },
        {"the clock around the end", 0xfffffff0, 5,          5         },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        uint32_t next = serial_next(cases[index].old, cases[index].now);

        if (next != cases[index].next || !serial_is_after(next, cases[index].old)) {
            fail_msg("%s: %u", cases[index].why, next);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_goes_around_the_circle),
        cmocka_unit_test(the_next_serial_follows_the_clock_and_never_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
