/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_retry.c - what is tried again, when, and how often in an outage.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/aws/retry.h"

static void only_what_may_pass_is_tried_again(void **state)
{
    static const struct {
        const char *why;
        struct aws_failure failure;
        enum retry_reason expected;
    } rows[] = {
        {"no answer",               {.kind = AWS_TRANSPORT},                    RETRY_TRANSIENT},
        {"too many",                {.kind = AWS_THROTTLED, .status = 400},     RETRY_THROTTLED},
        {"5xx without a code",      {.kind = AWS_SERVER, .status = 502},        RETRY_TRANSIENT},
        {"RequestTimeout is a 400", {AWS_SERVER, 400, "RequestTimeout", {{0}}}, RETRY_TRANSIENT},
        {"a gateway's 404",         {.kind = AWS_SERVER, .status = 404},        RETRY_NEVER    },
        {"no rights",               {.kind = AWS_DENIED, .status = 403},        RETRY_NEVER    },
        {"wrong keys",              {.kind = AWS_EXPIRED, .status = 401},       RETRY_NEVER    },
        {"a wrong request",         {.kind = AWS_OTHER, .status = 400},         RETRY_NEVER    },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].why);
        assert_int_equal(retry_reason_of(&rows[i].failure), rows[i].expected);
    }
}

/* Acceptance group 9: the timing. */
static void the_wait_doubles_is_drawn_from_all_of_it_and_has_a_limit(void **state)
{
    static const struct {
        enum retry_reason reason;
        unsigned failures;
        int64_t asked_ms;
        uint32_t random;
        int64_t expected_ms;
    } rows[] = {
        {RETRY_TRANSIENT, 1,  0,       0,          0    },
        {RETRY_TRANSIENT, 1,  0,       1U << 31,   25   },
        {RETRY_TRANSIENT, 1,  0,       UINT32_MAX, 49   },
        {RETRY_TRANSIENT, 2,  0,       UINT32_MAX, 99   },
        {RETRY_TRANSIENT, 3,  0,       UINT32_MAX, 199  },
        {RETRY_THROTTLED, 1,  0,       0,          0    },
        {RETRY_THROTTLED, 1,  0,       UINT32_MAX, 999  },
        {RETRY_THROTTLED, 2,  0,       UINT32_MAX, 1999 },
        {RETRY_THROTTLED, 5,  0,       UINT32_MAX, 15999},
        {RETRY_THROTTLED, 6,  0,       UINT32_MAX, 19999},
        {RETRY_THROTTLED, 99, 0,       UINT32_MAX, 19999},
        {RETRY_TRANSIENT, 99, 0,       UINT32_MAX, 19999},
        {RETRY_THROTTLED, 1,  300,     1U << 31,   500  },
        {RETRY_THROTTLED, 1,  800,     1U << 31,   800  },
        {RETRY_THROTTLED, 1,  5500,    1U << 31,   5500 },
        {RETRY_THROTTLED, 1,  5501,    1U << 31,   5500 },
        {RETRY_TRANSIENT, 1,  3600000, 0,          5000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%zu\n", i);
        assert_int_equal(
            retry_wait_ms(rows[i].reason, rows[i].failures, rows[i].asked_ms, rows[i].random),
            rows[i].expected_ms);
    }
}

static void the_quota_is_never_overdrawn_and_never_overfilled(void **state)
{
    struct retry_quota quota;
    unsigned retries = 0;

    (void)state;
    retry_quota_fill(&quota);
    while (retry_quota_take(&quota, RETRY_COST_TOKENS)) {
        retries++;
    }
    assert_int_equal(retries, 100);
    for (int i = 0; i < 5; i++) {
        assert_false(retry_quota_take(&quota, RETRY_COST_TOKENS));
        retry_quota_give(&quota, 0);
    }
    assert_false(retry_quota_take(&quota, RETRY_TIMEOUT_COST_TOKENS));
    assert_true(retry_quota_take(&quota, RETRY_COST_TOKENS));
    retry_quota_give(&quota, RETRY_TIMEOUT_COST_TOKENS);
    assert_true(retry_quota_take(&quota, RETRY_TIMEOUT_COST_TOKENS));
    for (int i = 0; i < 1000; i++) {
        retry_quota_give(&quota, RETRY_COST_TOKENS);
    }
    assert_int_equal(quota.tokens, RETRY_QUOTA_TOKENS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_pass_is_tried_again),
        cmocka_unit_test(the_wait_doubles_is_drawn_from_all_of_it_and_has_a_limit),
        cmocka_unit_test(the_quota_is_never_overdrawn_and_never_overfilled),
    };

    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
