/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_wire.c - The bounded reader and writer: network order, and nothing past the
 * end.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "zones/wire.h"

static void numbers_are_read_in_network_order(void **state)
{
    static const uint8_t octets[] = {0xfe, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef};
    struct wire_reader reader;

    (void)state;
    wire_reader_init(&reader, octets, sizeof(octets));
    assert_int_equal(wire_read_u8(&reader), 0xfe);
    assert_int_equal(wire_read_u16(&reader), 0x1234);
    assert_int_equal(wire_left(&reader), 4);
    assert_int_equal(wire_read_u32(&reader), 0x89abcdef);
    assert_int_equal(wire_left(&reader), 0);
    assert_false(reader.failed);
}

static void numbers_are_written_in_network_order(void **state)
{
    static const uint8_t expected[] = {0xfe, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 'x', 'y'};
    uint8_t octets[sizeof(expected)];
    struct wire_writer writer;

    (void)state;
    wire_writer_init(&writer, octets, sizeof(octets));
    wire_write_u8(&writer, 0xfe);
    wire_write_u16(&writer, 0x1234);
    wire_write_u32(&writer, 0x89abcdef);
    wire_write(&writer, "xy", 2);
    wire_write(&writer, NULL, 0);
    assert_false(writer.failed);
    assert_int_equal(writer.position, sizeof(expected));
    assert_memory_equal(octets, expected, sizeof(expected));
}

static void a_read_past_the_end_fails_for_good(void **state)
{
    /* From the heap, so that a sanitizer sees one octet too many. */
    uint8_t *octets = calloc(1, 3);
    struct wire_reader reader;

    (void)state;
    memset(octets, 0xff, 3);
    wire_reader_init(&reader, octets, 3);
    assert_int_equal(wire_read_u16(&reader), 0xffff);
    assert_int_equal(wire_read_u16(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(wire_left(&reader), 0);
    assert_int_equal(wire_read_u8(&reader), 0);
    assert_null(wire_take(&reader, 0));
    free(octets);
}

static void a_count_near_the_largest_number_is_past_the_end(void **state)
{
    const uint8_t octets[4] = {0};
    struct wire_reader reader;

    (void)state;
    wire_reader_init(&reader, octets, sizeof(octets));
    assert_ptr_equal(wire_take(&reader, 2), octets);
    assert_null(wire_take(&reader, SIZE_MAX));
    assert_true(reader.failed);
}

static void a_write_past_the_end_writes_nothing_and_fails_for_good(void **state)
{
    uint8_t *octets = calloc(1, 3);
    struct wire_writer writer;

    (void)state;
    wire_writer_init(&writer, octets, 3);
    wire_write_u16(&writer, 0x0102);
    wire_write_u16(&writer, 0x0304);
    assert_true(writer.failed);
    assert_int_equal(octets[2], 0);
    wire_write_u8(&writer, 5);
    assert_int_equal(octets[2], 0);
    assert_int_equal(writer.position, 2);
    free(octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_in_network_order),
        cmocka_unit_test(numbers_are_written_in_network_order),
        cmocka_unit_test(a_read_past_the_end_fails_for_good),
        cmocka_unit_test(a_count_near_the_largest_number_is_past_the_end),
        cmocka_unit_test(a_write_past_the_end_writes_nothing_and_fails_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
