/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_time_text.c - RFC 3339 and back.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "discovery/hold.h"

static void good_times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t time_s;
    } cases[] = {
        {"1970-01-01T00:00:00Z",         0                    },
        {"1985-04-12T23:20:50.52Z",      482196050            }, /* RFC 3339 section 5.8 */
        {"1996-12-19T16:39:57-08:00",    851042397            },
        {"1990-12-31T23:59:60Z",         662688000            },
        {"1990-12-31T15:59:60-08:00",    662688000            },
        {"1937-01-01T12:00:27.87+00:20", -1041337173          },
        {"2026-08-21T17:00:00Z",         1787331600           },
        {"2026-08-21t17:00:00z",         1787331600           },
        {"2026-08-21T17:00:00-00:00",    1787331600           },
        {"2026-08-21T22:45:00+05:45",    1787331600           },
        {"2000-02-29T00:00:00Z",         951782400            },
        {"2038-01-19T03:14:08Z",         INT64_C(2147483648)  },
        {"9999-12-31T23:59:59Z",         INT64_C(253402300799)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t time_s = 4711;

        if (!time_parse(&time_s, cases[i].text) || time_s != cases[i].time_s) {
            fail_msg("%s gives %lld", cases[i].text, (long long)time_s);
        }
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "now",
        "2026",
        "2026-08-21",
        "2026-08-21T17:00Z",
        "2026-08-21T17:00:00",
        "2026-08-21 17:00:00Z",
        "2026-08-21T17:00:00Z ",
        " 2026-08-21T17:00:00Z",
        "2026-8-21T17:00:00Z",
        "2026-00-21T17:00:00Z",
        "2026-13-21T17:00:00Z",
        "2026-08-00T17:00:00Z",
        "2026-08-32T17:00:00Z",
        "2026-02-29T17:00:00Z",
        "1900-02-29T17:00:00Z",
        "2026-04-31T17:00:00Z",
        "2026-08-21T24:00:00Z",
        "2026-08-21T17:60:00Z",
        "2026-08-21T17:00:61Z",
        "2026-08-21T17:00:00.Z",
        "2026-08-21T17:00:00+0200",
        "2026-08-21T17:00:00+02",
        "2026-08-21T17:00:00+24:00",
        "2026-08-21T17:00:00+02:60",
        "2026-08-21T17:00:00UTC",
        "+026-08-21T17:00:00Z",
        "12026-08-21T17:00:00Z",
        "9999-12-31T23:59:59-00:01", /* in UTC of the year 10000 */
        "0000-01-01T00:00:00+00:01",
        "20260821T170000Z",
        "1787331600",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t time_s = 4711;

        if (time_parse(&time_s, texts[i]) || time_s != 4711) {
            fail_msg("\"%s\" gives %lld", texts[i], (long long)time_s);
        }
    }
}

static void every_cut_of_a_time_is_refused(void **state)
{
    static const char whole[] = "2026-08-21T17:00:00.5+02:00";

    (void)state;
    for (size_t length = 0; length + 1 < sizeof(whole); length++) {
        char cut[sizeof(whole)] = "";
        int64_t time_s = 0;

        memcpy(cut, whole, length);
        assert_false(time_parse(&time_s, cut));
    }
}

static void times_are_written_in_utc_and_read_back(void **state)
{
    static const int64_t times_s[] = {
        0,           1, 951782400, 1787331600, 2147483648, 253402300799, -62167219200, -55000000000,
        -30610224001};

    (void)state;
    for (size_t i = 0; i < sizeof(times_s) / sizeof(times_s[0]); i++) {
        char text[TIME_TEXT_SIZE];
        int64_t time_s = 4711;

        assert_true(time_parse(&time_s, time_to_text(times_s[i], text)));
        assert_int_equal(time_s, times_s[i]);
        assert_int_equal(strlen(text), 20);
        assert_int_equal(text[19], 'Z');
    }
}

static void a_time_beyond_any_calendar_still_has_a_text(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void)state;
    assert_string_equal(time_to_text(INT64_MAX, text), "@9223372036854775807");
    assert_string_equal(time_to_text(INT64_C(253402300800), text), "@253402300800");
    assert_string_equal(time_to_text(INT64_C(-62167219201), text), "@-62167219201");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_times_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(every_cut_of_a_time_is_refused),
        cmocka_unit_test(times_are_written_in_utc_and_read_back),
        cmocka_unit_test(a_time_beyond_any_calendar_still_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
