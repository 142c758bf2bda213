/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_edns.c - options in, and OPT out.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "server/edns.h"
#include "server/tcp.h"
#include "server/udp.h"
#include "zones/wire.h"

enum { OPTIONS_MAX = 65535 };

/* On the heap and of the exact length, so that AddressSanitizer sees one octet too many. */
static bool read_exactly(struct edns_request *request, const void *octets, size_t length)
{
    uint8_t *copy = malloc(length + 1);
    bool is_whole = false;

    assert_non_null(copy);
    if (length > 0) {
        memcpy(copy + 1, octets, length);
    }
    is_whole = edns_request_read(request, copy + 1, length);
    if (request->cookie != NULL) { /* still comparable after free() */
        size_t at = (size_t)(request->cookie - (copy + 1));

        request->cookie = (const uint8_t *)octets + at;
    }
    free(copy);
    return is_whole;
}

#define OCTETS(text) text, sizeof(text) - 1

/* clang-format off */
static const struct reading {
    const char *why;
    const char *octets;
    size_t length;
    bool is_whole;
    bool wants_nsid;
    bool wants_keepalive;
    uint8_t cookie_length;
    bool cookie_is_malformed;
} readings[] = {
    {"nothing", OCTETS(""), true, false, false, 0, false},
    {"NSID", OCTETS("\0\3\0\0"), true, true, false, 0, false},
    {"NSID with data", OCTETS("\0\3\0\2xy"), true, true, false, 0, false},
    {"keepalive", OCTETS("\0\13\0\0"), true, false, true, 0, false},
    {"keepalive with a time", OCTETS("\0\13\0\2\0\144"), true, false, true, 0, false},
    {"a client's cookie", OCTETS("\0\12\0\10abcdefgh"), true, false, false, 8, false},
    {"two cookies: the first counts", OCTETS("\0\12\0\10abcdefgh\0\12\0\20abcdefgh01234567"), true, false, false, 8, false},
    {"a cookie and a malformed one", OCTETS("\0\12\0\10abcdefgh\0\12\0\1x"), true, false, false, 8, false},
    {"a malformed cookie and a good one", OCTETS("\0\12\0\1x\0\12\0\10abcdefgh"), true, false, false, 0, true},
    {"client subnet of an unknown family", OCTETS("\0\10\0\4\377\377\0\0"), true, false, false, 0, false},
    {"padding", OCTETS("\0\14\0\3\0\0\0"), true, false, false, 0, false},
    {"option 65535, then NSID", OCTETS("\377\377\0\1x\0\3\0\0"), true, true, false, 0, false},
    {"all of ours", OCTETS("\0\3\0\0\0\12\0\10abcdefgh\0\13\0\0"), true, true, true, 8, false},
    {"one octet", OCTETS("\0"), false, false, false, 0, false},
    {"three octets", OCTETS("\0\3\0"), false, false, false, 0, false},
    {"a length without its octets", OCTETS("\0\14\0\1"), false, false, false, 0, false},
    {"NSID and two octets", OCTETS("\0\3\0\0\0\3"), false, true, false, 0, false},
};
/* clang-format on */

static void options_are_read_and_unknown_ones_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        const struct reading *reading = &readings[i];
        struct edns_request request;
        bool is_whole = read_exactly(&request, reading->octets, reading->length);

        if (is_whole != reading->is_whole || request.wants_nsid != reading->wants_nsid ||
            request.wants_keepalive != reading->wants_keepalive ||
            request.cookie_length != reading->cookie_length ||
            (request.cookie == NULL) != (reading->cookie_length == 0) ||
            request.cookie_is_malformed != reading->cookie_is_malformed) {
            fail_msg("%s", reading->why);
        }
    }
}

/* The first 1,024 are as many as a message can bring that we read. */
static void as_many_options_as_a_message_brings_are_read_and_no_more(void **state)
{
    static uint8_t octets[4 * (EDNS_OPTIONS_MAX + 1)];
    struct edns_request request;

    (void)state;
    assert_true((int)EDNS_OPTIONS_MAX * EDNS_OPTION_HEADER >= (int)UDP_REQUEST_SIZE);
    assert_true((int)EDNS_OPTIONS_MAX * EDNS_OPTION_HEADER >= (int)TCP_REQUEST_SIZE);
    for (size_t i = 0; i <= EDNS_OPTIONS_MAX; i++) {
        wire_store_u16(octets + 4 * i, EDNS_OPTION_NSID);
    }
    assert_true(edns_request_read(&request, octets, sizeof(octets) - 4));
    assert_true(request.wants_nsid);
    assert_false(edns_request_read(&request, octets, sizeof(octets)));
}

/* One option of every code that we know and one that we do not, of every length. */
static void an_option_of_any_length_must_fit_exactly(void **state)
{
    static const uint16_t codes[] = {3, 8, 10, 11, 12, 15, 65001};
    static uint8_t octets[4 + OPTIONS_MAX];
    struct edns_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        wire_store_u16(octets, codes[i]);
        for (size_t length = 0; length <= OPTIONS_MAX; length += length < 300 ? 1 : 251) {
            wire_store_u16(octets + 2, (uint16_t)length);
            assert_true(read_exactly(&request, octets, 4 + length));
            if (length > 0) {
                assert_false(read_exactly(&request, octets, 4 + length - 1));
            }
            assert_false(read_exactly(&request, octets, 4 + length + 1));
        }
    }
}

/* RFC 7873 section 5.2.2. */
static void cookies_of_0_to_41_octets_are_right_or_malformed(void **state)
{
    uint8_t octets[4 + 64] = {0, EDNS_OPTION_COOKIE};
    struct edns_request request;

    (void)state;
    for (size_t length = 0; length <= 41; length++) {
        bool is_right = length == 8 || (length >= 16 && length <= 40);

        octets[3] = (uint8_t)length;
        assert_true(read_exactly(&request, octets, 4 + length));
        assert_int_equal(request.cookie_is_malformed, !is_right);
        assert_int_equal(request.cookie_length, is_right ? length : 0);
        assert_ptr_equal(request.cookie, is_right ? octets + 4 : NULL);
    }
}

static void opt_without_options_has_11_octets(void **state)
{
    const struct edns_reply reply = {.udp_size = 8192, .rcode = 0, .error = EDNS_ERROR_NONE};
    uint8_t octets[EDNS_OPT_MAX];

    (void)state;
    assert_int_equal(edns_reply_write(&reply, octets), 11);
    assert_memory_equal(octets, "\0\0\51\40\0\0\0\0\0\0\0", 11);
}

static void an_opt_holds_what_it_is_told(void **state)
{
    const struct edns_reply reply = {.udp_size = 1232,
                                     .rcode = 0x017,
                                     .dnssec_ok = true,
                                     .cookie = (const uint8_t *)"abcdefghijklmnopqrstuvwx",
                                     .nsid = (const uint8_t *)"ns1",
                                     .nsid_length = 3,
                                     .keepalive = 100,
                                     .error = EDNS_ERROR_STALE_ANSWER};
    static const char expected[] = "\0\0\51\4\320\1\0\200\0\0\57"
                                   "\0\12\0\30abcdefghijklmnopqrstuvwx"
                                   "\0\3\0\3ns1"
                                   "\0\13\0\2\0\144"
                                   "\0\17\0\2\0\3";
    uint8_t octets[EDNS_OPT_MAX];

    (void)state;
    assert_int_equal(edns_reply_length(&reply), sizeof(expected) - 1);
    assert_int_equal(edns_reply_write(&reply, octets), sizeof(expected) - 1);
    assert_memory_equal(octets, expected, sizeof(expected) - 1);
}

static void the_largest_opt_fits_its_room(void **state)
{
    uint8_t nsid[EDNS_NSID_MAX] = {0};
    const struct edns_reply reply = {.cookie = nsid,
                                     .nsid = nsid,
                                     .nsid_length = sizeof(nsid),
                                     .keepalive = UINT16_MAX,
                                     .error = EDNS_ERROR_NOT_READY};
    uint8_t *octets = malloc(EDNS_OPT_MAX);

    (void)state;
    assert_non_null(octets);
    assert_int_equal(edns_reply_length(&reply), EDNS_OPT_MAX);
    assert_int_equal(edns_reply_write(&reply, octets), EDNS_OPT_MAX);
    free(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_and_unknown_ones_ignored),
        cmocka_unit_test(as_many_options_as_a_message_brings_are_read_and_no_more),
        cmocka_unit_test(an_option_of_any_length_must_fit_exactly),
        cmocka_unit_test(cookies_of_0_to_41_octets_are_right_or_malformed),
        cmocka_unit_test(opt_without_options_has_11_octets),
        cmocka_unit_test(an_opt_holds_what_it_is_told),
        cmocka_unit_test(the_largest_opt_fits_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
