/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_prefix_set.c - that a set says what the list says from which it was made.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "zones/prefix_set.h"

enum { LIST_MAX = 24, ROUNDS = 2000, ASKED = 200 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Few bits differ, so that prefixes meet and lie within each other. */
static struct address random_address(uint32_t *seed)
{
    bool is_v4 = next_random(seed) % 2 == 0;
    struct address address = {.length = is_v4 ? ADDRESS_V4_LENGTH : ADDRESS_V6_LENGTH};

    for (size_t i = 0; i < address.length; i++) {
        address.octets[i] = (uint8_t)(next_random(seed) % 4 == 0 ? next_random(seed) & 0x81 : 0x80);
    }
    if (!is_v4 && next_random(seed) % 4 == 0) { /* IPv4-mapped */
        memset(address.octets, 0, 10);
        memset(address.octets + 10, 0xff, 2);
    }
    return address;
}

static struct prefix random_prefix(uint32_t *seed)
{
    struct prefix prefix = {.network = random_address(seed)};
    unsigned bits = next_random(seed) % (8U * prefix.network.length + 1);

    if (prefix.network.length == ADDRESS_V6_LENGTH) {
        prefix.network.octets[0] |= 0x20; /* no prefix is IPv4-mapped, see prefix_parse() */
        bits = bits < 3 ? 3 : bits;
    }
    prefix.bits = (uint8_t)bits;
    for (unsigned bit = bits; bit < 8U * prefix.network.length; bit++) {
        prefix.network.octets[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    }
    return prefix;
}

static void a_set_holds_whom_its_lists_hold(void **state)
{
    uint32_t seed = 7;
    size_t inside = 0;

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct prefix list[LIST_MAX];
        struct prefix_set set = {.prefixes = NULL};
        size_t count = next_random(&seed) % (LIST_MAX + 1);
        size_t first = count == 0 ? 0 : next_random(&seed) % count;

        for (size_t i = 0; i < count; i++) {
            list[i] = random_prefix(&seed);
        }
        prefix_set_add(&set, list, first);
        prefix_set_add(&set, list + first, count - first);
        prefix_set_finish(&set);
        assert_true(set.count <= count);
        for (size_t i = 0; i < ASKED; i++) {
            struct address address =
                count > 0 && i < count ? list[i].network : random_address(&seed);
            bool is_listed = prefix_list_contains(list, count, &address);

            assert_int_equal(prefix_set_contains(&set, &address), is_listed);
            inside += is_listed;
        }
        prefix_set_free(&set);
        assert_int_equal(set.count, 0);
    }
    assert_true(inside > ROUNDS && inside < (size_t)ROUNDS * ASKED - ROUNDS);
}

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix;

    assert_true(prefix_parse(&prefix, text, NULL));
    return prefix;
}

static void equal_and_inner_prefixes_take_no_room(void **state)
{
    const struct prefix list[] = {prefix_of("10.0.0.0/8"), prefix_of("::1"),
                                  prefix_of("10.9.0.0/16"), prefix_of("10.0.0.0/9"),
                                  prefix_of("fd00::/8")};
    struct prefix_set set = {.prefixes = NULL};

    (void)state;
    for (size_t zone = 0; zone < 1000; zone++) {
        prefix_set_add(&set, list, sizeof(list) / sizeof(list[0]));
    }
    assert_int_equal(set.count, sizeof(list) / sizeof(list[0]));
    prefix_set_finish(&set);
    assert_int_equal(set.count, 3);
    prefix_set_free(&set);
}

static void nobody_is_in_an_empty_set(void **state)
{
    struct prefix_set set = {.prefixes = NULL};
    const struct prefix all = prefix_of("0.0.0.0/0");
    const struct address nobody = {.length = 0};

    (void)state;
    prefix_set_finish(&set);
    assert_false(prefix_set_contains(&set, &all.network));
    prefix_set_add(&set, &all, 1);
    prefix_set_finish(&set);
    assert_true(prefix_set_contains(&set, &all.network));
    assert_false(prefix_set_contains(&set, &nobody)); /* of a family that is neither */
    prefix_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_holds_whom_its_lists_hold),
        cmocka_unit_test(equal_and_inner_prefixes_take_no_room),
        cmocka_unit_test(nobody_is_in_an_empty_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
