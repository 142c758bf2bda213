/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_tcp_clients.c - counting connections by client, against plain counters.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "server/tcp_clients.h"

static struct address address_of(const char *text)
{
    struct address address = {.length = 0};

    if (text[0] != '\0') {
        assert_true(address_parse(&address, text));
    }
    return address;
}

static void a_client_is_an_ipv4_address_or_an_ipv6_prefix_of_56_bits(void **state)
{
    static const struct {
        const char *why;
        const char *one;
        const char *other;
        bool are_same;
    } cases[] = {
        {"the same address",              "10.0.0.1",    "10.0.0.1",         true },
        {"the last octet differs",        "10.0.0.1",    "10.0.0.2",         false},
        {"the first octet differs",       "10.0.0.1",    "11.0.0.1",         false},
        {"hosts of one /56",              "2001:db8::1", "2001:db8:0:ff::2", true },
        {"the next /56",                  "2001:db8::1", "2001:db8:0:100::", false},
        {"the same octets in IPv6",       "10.0.0.1",    "a00:1::",          false},
        {"no family is no IPv4 address",  "",            "0.0.0.0",          false},
        {"no family is a client as well", "",            "",                 true },
    };
    static struct tcp_clients clients;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address one = address_of(cases[i].one);
        struct address other = address_of(cases[i].other);

        tcp_clients_init(&clients, 12345);
        tcp_clients_add(&clients, &one);
        if (tcp_clients_count(&clients, &other) != (cases[i].are_same ? 1 : 0)) {
            fail_msg("%s", cases[i].why);
        }
        tcp_clients_remove(&clients, &one);
        assert_int_equal(tcp_clients_count(&clients, &one), 0);
    }
}

static uint32_t random_next(uint32_t *random)
{
    *random = *random * 1664525U + 1013904223U;
    return *random >> 8;
}

/* With the seed 1 all IPv4 addresses begin at one slot, the worst crowd that there can be. */
static void counts_stay_right_through_any_coming_and_going(void **state)
{
    enum { HOSTS = 512, STEPS = 20000, OPEN_MAX = TCP_CLIENT_SLOTS / 2 };
    static const uint64_t seeds[] = {1, 0x9e3779b97f4a7c15};
    static struct tcp_clients clients;

    (void)state;
    for (size_t s = 0; s < sizeof(seeds) / sizeof(seeds[0]); s++) {
        size_t expected[HOSTS] = {0};
        size_t open_count = 0;
        uint32_t random = 7;

        tcp_clients_init(&clients, seeds[s]);
        for (int step = 0; step < STEPS; step++) {
            size_t host = random_next(&random) % HOSTS;
            struct address address = {
                .length = ADDRESS_V4_LENGTH,
                .octets = {10, 0, (uint8_t)(host >> 8), (uint8_t)host},
            };

            if (random_next(&random) % 2 == 0 && open_count < OPEN_MAX) {
                tcp_clients_add(&clients, &address);
                expected[host]++;
                open_count++;
            } else if (expected[host] > 0) {
                tcp_clients_remove(&clients, &address);
                expected[host]--;
                open_count--;
            }
            host = random_next(&random) % HOSTS;
            address.octets[2] = (uint8_t)(host >> 8);
            address.octets[3] = (uint8_t)host;
            assert_int_equal(tcp_clients_count(&clients, &address), expected[host]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_an_ipv4_address_or_an_ipv6_prefix_of_56_bits),
        cmocka_unit_test(counts_stay_right_through_any_coming_and_going),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
