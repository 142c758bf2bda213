/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_rate_limit.c - who gets how much, by a clock of the test's own.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include "server/rate_limit.h"

enum { SECOND_MS = 1000 };

static const uint8_t hash_key[SIPHASH_KEY_LENGTH] = {1, 2, 3, 4, 5, 6, 7, 8};

struct tally {
    unsigned counts[RATE_DROP + 1];
};

static struct rate_limit *limit_new(uint32_t per_second, uint32_t slip, uint32_t workers)
{
    struct rate_limit *limit = rate_limit_new(hash_key);

    rate_limit_set(limit, &(struct rate_limit_settings){per_second, slip, workers});
    return limit;
}

static struct address client_of(const char *text)
{
    struct address client;

    assert_true(address_parse(&client, text));
    return client;
}

/* `per_ms` responses in each of `length_ms` milliseconds. */
static struct tally flood(struct rate_limit *limit, const struct address *client, int64_t start_ms,
                          int64_t length_ms, unsigned per_ms)
{
    struct tally tally = {{0}};

    for (int64_t now_ms = start_ms; now_ms < start_ms + length_ms; now_ms++) {
        for (unsigned i = 0; i < per_ms; i++) {
            tally.counts[rate_limit_judge(limit, client, now_ms)]++;
        }
    }
    return tally;
}

static void a_network_gets_its_rate_and_one_second_of_it_at_once(void **state)
{
    static const struct {
        const char *why;
        uint32_t per_second;
        uint32_t workers;
        unsigned least; /* of 10 s of flood: the full bucket, and 10 times the share */
        unsigned most;
    } rows[] = {
        {"the default",                    50,             1,   549,    550   },
        {"a share of a third",             50,             3,   182,    184   },
        {"a share below one a second",     50,             64,  8,      9     },
        {"the least rate of many workers", 1,              256, 1,      1     },
        {"one a second",                   1,              1,   10,     11    },
        {"more than comes",                20000,          1,   100000, 100000},
        {"the largest rate",               RATE_LIMIT_MAX, 1,   100000, 100000},
    };
    struct address client = client_of("203.0.113.7");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate_limit *limit = limit_new(rows[i].per_second, 2, rows[i].workers);
        struct tally tally = flood(limit, &client, 5000, 10 * SECOND_MS, 10);

        if (tally.counts[RATE_SEND] < rows[i].least || tally.counts[RATE_SEND] > rows[i].most) {
            fail_msg("%s: %u were sent", rows[i].why, tally.counts[RATE_SEND]);
        }
        rate_limit_free(limit);
    }
}

static void a_rate_of_0_and_a_new_table_limit_nothing(void **state)
{
    struct address client = client_of("203.0.113.7");
    struct rate_limit *limit = rate_limit_new(hash_key);

    (void)state;
    assert_int_equal(flood(limit, &client, 0, SECOND_MS, 10).counts[RATE_SEND], 10000);
    rate_limit_set(limit, &(struct rate_limit_settings){0, 2, 1});
    assert_int_equal(flood(limit, &client, 0, SECOND_MS, 10).counts[RATE_SEND], 10000);
    rate_limit_set(limit, &(struct rate_limit_settings){50, 2, 1});
    assert_in_range(flood(limit, &client, 0, SECOND_MS, 10).counts[RATE_SEND], 98, 100);
    rate_limit_free(limit);
}

static void of_what_is_over_the_limit_so_many_are_slipped(void **state)
{
    static const struct {
        uint32_t slip;
        unsigned slipped;
    } rows[] = {
        {0,                   0  },
        {1,                   100},
        {2,                   50 },
        {3,                   33 },
        {RATE_LIMIT_SLIP_MAX, 10 },
    };
    struct address client = client_of("203.0.113.7");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate_limit *limit = limit_new(50, rows[i].slip, 1);
        struct tally tally = flood(limit, &client, 0, 1, 150);

        assert_int_equal(tally.counts[RATE_SEND], 50);
        assert_int_equal(tally.counts[RATE_SLIP], rows[i].slipped);
        assert_int_equal(tally.counts[RATE_DROP], 100 - rows[i].slipped);
        rate_limit_free(limit);
    }
}

static void networks_share_a_bucket_and_others_do_not(void **state)
{
    static const struct {
        const char *why;
        const char *first;
        const char *second;
        bool is_shared;
    } rows[] = {
        {"a neighbour in the /24",         "203.0.113.0",      "203.0.113.255",        true },
        {"the next /24",                   "203.0.113.255",    "203.0.114.0",          false},
        {"another first octet",            "203.0.113.1",      "202.0.113.1",          false},
        {"another second octet",           "203.0.113.1",      "203.1.113.1",          false},
        {"a neighbour in the /56",         "2001:db8:0:0::1",  "2001:db8:0:ff:ffff::", true },
        {"the next /56",                   "2001:db8:0:ff::1", "2001:db8:0:100::1",    false},
        {"another first octet, v6",        "2001:db8::1",      "2101:db8::1",          false},
        {"the octets of the other family", "32.1.13.1",        "2001:d00::",           false},
        {"the octets in the other order",  "1.2.3.4",          "3.2.1.4",              false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate_limit *limit = limit_new(50, 0, 1);
        struct address first = client_of(rows[i].first);
        struct address second = client_of(rows[i].second);
        unsigned sent = 0;

        assert_int_equal(flood(limit, &first, 9, 1, 60).counts[RATE_SEND], 50);
        sent = flood(limit, &second, 9, 1, 60).counts[RATE_SEND];
        if (sent != (rows[i].is_shared ? 0 : 50)) {
            fail_msg("%s: %u were sent", rows[i].why, sent);
        }
        rate_limit_free(limit);
    }
}

static void a_silent_network_gets_its_second_back_and_no_more(void **state)
{
    struct rate_limit *limit = limit_new(50, 0, 1);
    struct address client = client_of("203.0.113.7");

    (void)state;
    assert_int_equal(flood(limit, &client, 0, 1, 60).counts[RATE_SEND], 50);
    assert_int_equal(flood(limit, &client, 19, 1, 60).counts[RATE_SEND], 0);
    assert_int_equal(flood(limit, &client, 20, 1, 60).counts[RATE_SEND], 1);
    assert_int_equal(flood(limit, &client, 520, 1, 60).counts[RATE_SEND], 25);
    assert_int_equal(flood(limit, &client, 3600 * SECOND_MS, 1, 60).counts[RATE_SEND], 50);
    rate_limit_free(limit);
}

/* The clock that is kept has 32 bits. */
static void the_limit_stands_while_the_clock_wraps(void **state)
{
    struct rate_limit *limit = limit_new(50, 0, 1);
    struct address client = client_of("203.0.113.7");
    int64_t wrap_ms = INT64_C(1) << 32;

    (void)state;
    assert_in_range(flood(limit, &client, wrap_ms - SECOND_MS, 2 * SECOND_MS, 1).counts[RATE_SEND],
                    148, 150);
    rate_limit_free(limit);
}

/* Any address that is not in another's network, by number. */
static struct address stranger(uint32_t number)
{
    return (struct address){
        ADDRESS_V4_LENGTH, {(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number, 1}
    };
}

static void no_flood_from_other_networks_frees_one_from_its_limit(void **state)
{
    enum { NETWORKS = 4 * RATE_LIMIT_SETS * RATE_LIMIT_WAYS };
    struct rate_limit *limit = limit_new(50, 0, 1);
    struct address victim = client_of("203.0.113.7");
    unsigned sent = 0;

    (void)state;
    /* 10 s; in every 100 ms many more new networks than there are places, and a flood from one. */
    for (uint32_t round = 0; round < 100; round++) {
        int64_t now_ms = (int64_t)round * 100;

        sent += flood(limit, &victim, now_ms, 1, 20).counts[RATE_SEND];
        for (uint32_t i = 0; i < NETWORKS; i++) {
            struct address other = stranger((round * NETWORKS + i) & 0xffffff);

            (void)rate_limit_judge(limit, &other, now_ms);
        }
    }
    assert_in_range(sent, 1, 550);
    rate_limit_free(limit);
}

/* What a crowd gets in one moment: a second's worth for each place and each set's crowd. */
static void new_networks_without_a_place_share_one_bucket_a_set(void **state)
{
    enum {
        NETWORKS = 16 * RATE_LIMIT_SETS * RATE_LIMIT_WAYS,
        BUCKETS = RATE_LIMIT_SETS * (RATE_LIMIT_WAYS + 1),
    };
    struct rate_limit *limit = limit_new(2, 0, 1);
    unsigned sent = 0;

    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < NETWORKS; i++) {
            struct address other = stranger(i);

            sent += rate_limit_judge(limit, &other, 77) == RATE_SEND ? 1 : 0;
        }
    }
    assert_in_range(sent, BUCKETS, 2 * BUCKETS);
    rate_limit_free(limit);
}

/* The key decides: with another one other networks meet. */
static void networks_meet_by_a_key_that_nobody_knows(void **state)
{
    enum { KEYS = 16, NETWORKS = 4096 };
    uint64_t patterns[KEYS] = {0};

    (void)state;
    /* Fill the sets to about one in eight of their places, so that who goes to a crowd differs. */
    for (uint8_t key = 0; key < KEYS; key++) {
        uint8_t other_key[SIPHASH_KEY_LENGTH] = {key, 99};
        struct rate_limit *limit = rate_limit_new(other_key);
        uint64_t pattern = 5381;

        rate_limit_set(limit, &(struct rate_limit_settings){1, 0, 1});
        for (uint32_t i = 0; i < 8 * NETWORKS; i++) {
            struct address other = stranger(i);

            pattern = pattern * 33 + (uint64_t)rate_limit_judge(limit, &other, 0);
        }
        for (size_t before = 0; before < key; before++) {
            assert_true(patterns[before] != pattern);
        }
        patterns[key] = pattern;
        rate_limit_free(limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_gets_its_rate_and_one_second_of_it_at_once),
        cmocka_unit_test(a_rate_of_0_and_a_new_table_limit_nothing),
        cmocka_unit_test(of_what_is_over_the_limit_so_many_are_slipped),
        cmocka_unit_test(networks_share_a_bucket_and_others_do_not),
        cmocka_unit_test(a_silent_network_gets_its_second_back_and_no_more),
        cmocka_unit_test(the_limit_stands_while_the_clock_wraps),
        cmocka_unit_test(no_flood_from_other_networks_frees_one_from_its_limit),
        cmocka_unit_test(new_networks_without_a_place_share_one_bucket_a_set),
        cmocka_unit_test(networks_meet_by_a_key_that_nobody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
