/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_cookie.c - server cookies against the examples of RFC 9018, the hash
 * against OpenSSL's, and the times at which a cookie is too old.
 */

/* clang-format off */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "server/cookie.h"
#include "zones/wire.h"

enum { NOW = 1559731985 };

static const char FIRST_SECRET[] = "e5e973e5a6b2a43f48e7dc849e37bfcf";
static const char OLD_SECRET[] = "dd3bdf9344b678b185a6f5cb60fca715";
static const char NEW_SECRET[] = "445536bcd2513298075a5d379663c962";

static size_t unhex(uint8_t *octets, const char *text)
{
    size_t count = strlen(text) / 2;

    for (size_t i = 0; i < count; i++) {
        unsigned octet = 0;

        assert_int_equal(sscanf(text + 2 * i, "%2x", &octet), 1);
        octets[i] = (uint8_t)octet;
    }
    return count;
}

static struct cookie_secrets secrets_of(const char *current, const char *previous)
{
    struct cookie_secrets secrets;

    (void)unhex(secrets.current, current);
    (void)unhex(secrets.previous, previous);
    return secrets;
}

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(address_parse(&address, text));
    return address;
}

/* RFC 9018, appendix A. */
/* clang-format off */
static const struct example {
    const char *why;
    const char *current;
    const char *previous;
    const char *client;
    const char *sent;
    uint32_t now_s;
    enum cookie_standing standing;
    const char *reply;
} examples[] = {
    {"A.1: the first cookie", FIRST_SECRET, FIRST_SECRET, "198.51.100.100", "2464c4abcf10c957",
     1559731985, COOKIE_CLIENT_ONLY, "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
    {"A.2: 40 minutes later it is good, and a new one goes back", FIRST_SECRET, FIRST_SECRET,
     "198.51.100.100", "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385, COOKIE_VALID,
     "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"},
    {"A.3: reserved octets are hashed as they came; the cookie is 1 h 52 min old", FIRST_SECRET,
     FIRST_SECRET, "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559734700,
     COOKIE_BAD, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
    {"A.3, an hour earlier: good, and returned as it is", FIRST_SECRET, FIRST_SECRET,
     "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985 + 60,
     COOKIE_VALID, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5"},
    {"A.4: IPv6, and a secret that was rolled over", NEW_SECRET, OLD_SECRET,
     "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
     1559741961, COOKIE_VALID, "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
    {"A.4 without the secret before", NEW_SECRET, NEW_SECRET, "2001:db8:220:1:59de:d0f4:8769:82b8",
     "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961, COOKIE_BAD,
     "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
    {"A.1's cookie from another address", FIRST_SECRET, FIRST_SECRET, "198.51.100.101",
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559731985, COOKIE_BAD, NULL},
    {"version 2", FIRST_SECRET, FIRST_SECRET, "198.51.100.100",
     "2464c4abcf10c957020000005cf79f111f8130c3eee29480", 1559731985, COOKIE_BAD,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
    {"a server's part of 8 octets", FIRST_SECRET, FIRST_SECRET, "198.51.100.100",
     "2464c4abcf10c957010000005cf79f11", 1559731985, COOKIE_BAD,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
    {"one octet too many", FIRST_SECRET, FIRST_SECRET, "198.51.100.100",
     "2464c4abcf10c957010000005cf79f111f8130c3eee2948000", 1559731985, COOKIE_BAD,
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
};
/* clang-format on */

static void the_examples_of_rfc_9018_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *example = &examples[i];
        const struct cookie_secrets secrets = secrets_of(example->current, example->previous);
        const struct address client = address_of(example->client);
        uint8_t sent[64];
        uint8_t expected[COOKIE_LENGTH];
        uint8_t reply[COOKIE_LENGTH];
        size_t length = unhex(sent, example->sent);
        enum cookie_standing standing =
            cookie_turn(reply, &secrets, sent, length, &client, example->now_s);

        if (standing != example->standing) {
            fail_msg("%s: standing %d", example->why, (int)standing);
        }
        if (example->reply != NULL) {
            (void)unhex(expected, example->reply);
            if (memcmp(reply, expected, COOKIE_LENGTH) != 0) {
                fail_msg("%s: another cookie", example->why);
            }
        }
    }
}

/* RFC 9018 section 4.3. */
static void a_cookie_is_good_for_an_hour_and_five_minutes_ahead(void **state)
{
    static const struct {
        int32_t age_s;
        enum cookie_standing standing;
        bool is_renewed;
    } rows[] = {
        {0,         COOKIE_VALID, false},
        {1800,      COOKIE_VALID, false},
        {1801,      COOKIE_VALID, true },
        {3600,      COOKIE_VALID, true },
        {3601,      COOKIE_BAD,   true },
        {-300,      COOKIE_VALID, false},
        {-301,      COOKIE_BAD,   true },
        {86400,     COOKIE_BAD,   true },
        {INT32_MAX, COOKIE_BAD,   true },
        {INT32_MIN, COOKIE_BAD,   true },
    };
    static const uint32_t starts[] = {NOW, 10, UINT32_MAX - 10}; /* and across the end of 32 bits */
    const struct cookie_secrets secrets = secrets_of(FIRST_SECRET, OLD_SECRET);
    const struct address client = address_of("192.0.2.1");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t j = 0; j < sizeof(starts) / sizeof(starts[0]); j++) {
            uint8_t cookie[COOKIE_LENGTH];
            uint8_t reply[COOKIE_LENGTH];
            enum cookie_standing standing = COOKIE_ABSENT;

            assert_int_equal(
                cookie_turn(cookie, &secrets, (const uint8_t *)"12345678", 8, &client, starts[j]),
                COOKIE_CLIENT_ONLY);
            standing = cookie_turn(reply, &secrets, cookie, COOKIE_LENGTH, &client,
                                   starts[j] + (uint32_t)rows[i].age_s);
            assert_int_equal(standing, rows[i].standing);
            assert_int_equal(memcmp(cookie, reply, COOKIE_LENGTH) != 0, rows[i].is_renewed);
        }
    }
}

static void a_cookie_of_the_secret_before_is_good_and_is_renewed(void **state)
{
    const struct cookie_secrets before = secrets_of(OLD_SECRET, OLD_SECRET);
    const struct cookie_secrets after = secrets_of(NEW_SECRET, OLD_SECRET);
    const struct cookie_secrets long_after = secrets_of(NEW_SECRET, NEW_SECRET);
    const struct address client = address_of("fd00::1");
    uint8_t cookie[COOKIE_LENGTH];
    uint8_t renewed[COOKIE_LENGTH];
    uint8_t again[COOKIE_LENGTH];

    (void)state;
    (void)cookie_turn(cookie, &before, (const uint8_t *)"12345678", 8, &client, NOW);
    assert_int_equal(cookie_turn(renewed, &after, cookie, COOKIE_LENGTH, &client, NOW),
                     COOKIE_VALID);
    assert_memory_not_equal(renewed, cookie, COOKIE_LENGTH);
    assert_int_equal(cookie_turn(again, &long_after, renewed, COOKIE_LENGTH, &client, NOW),
                     COOKIE_VALID);
    assert_memory_equal(again, renewed, COOKIE_LENGTH);
    assert_int_equal(cookie_turn(again, &long_after, cookie, COOKIE_LENGTH, &client, NOW),
                     COOKIE_BAD);
}

static void no_bit_of_a_cookie_may_change(void **state)
{
    const struct cookie_secrets secrets = secrets_of(FIRST_SECRET, OLD_SECRET);
    const struct address client = address_of("192.0.2.1");
    uint8_t cookie[COOKIE_LENGTH];
    uint8_t reply[COOKIE_LENGTH];

    (void)state;
    (void)cookie_turn(cookie, &secrets, (const uint8_t *)"12345678", 8, &client, NOW);
    for (size_t bit = 0; bit < 8 * (size_t)COOKIE_LENGTH; bit++) {
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(cookie_turn(reply, &secrets, cookie, COOKIE_LENGTH, &client, NOW),
                         COOKIE_BAD);
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(cookie_turn(reply, &secrets, cookie, COOKIE_LENGTH, &client, NOW),
                     COOKIE_VALID);
}

/* RFC 7873 section 4. */
static void a_cookie_has_8_or_16_to_40_octets(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 65535; length++) {
        assert_int_equal(cookie_length_is_valid(length),
                         length == 8 || (length >= 16 && length <= 40));
    }
}

static void our_siphash_is_that_of_openssl(void **state)
{
    enum { LENGTH_MAX = 70 };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    size_t size = SIPHASH_LENGTH;
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                     OSSL_PARAM_construct_end()};
    uint8_t key[SIPHASH_KEY_LENGTH];
    uint8_t octets[LENGTH_MAX];

    (void)state;
    assert_non_null(context);
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)(i * 29 + 200);
    }
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)(i * 17 + 130);
    }
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        uint8_t expected[SIPHASH_LENGTH];
        uint8_t hash[SIPHASH_LENGTH];
        size_t written = 0;

        assert_int_equal(EVP_MAC_init(context, key, sizeof(key), parameters), 1);
        assert_int_equal(EVP_MAC_update(context, octets, length), 1);
        assert_int_equal(EVP_MAC_final(context, expected, &written, sizeof(expected)), 1);
        siphash_2_4(hash, key, octets, length);
        assert_memory_equal(hash, expected, SIPHASH_LENGTH);
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_9018_come_out),
        cmocka_unit_test(a_cookie_is_good_for_an_hour_and_five_minutes_ahead),
        cmocka_unit_test(a_cookie_of_the_secret_before_is_good_and_is_renewed),
        cmocka_unit_test(no_bit_of_a_cookie_may_change),
        cmocka_unit_test(a_cookie_has_8_or_16_to_40_octets),
        cmocka_unit_test(our_siphash_is_that_of_openssl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
