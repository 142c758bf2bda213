/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_encoder.c - records into answers, and where answers end. */

#include "fixture.h"
#include "zones/encoder.h"

static struct arena arena;
static struct encoder encoder;

static int encoder_setup(void **state)
{
    (void)state;
    arena_init(&arena);
    encoder_init(&encoder, &arena);
    return 0;
}

static int encoder_teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct encoder_record record_of(const uint8_t *rdata, uint16_t length)
{
    return (struct encoder_record){.owner = OWNER_OF_QUESTION,
                                   .owner_length = POINTER_LENGTH,
                                   .type = RECORD_TXT,
                                   .ttl_seconds = 0x01020304,
                                   .rdata = rdata,
                                   .rdata_length = length};
}

static void a_record_is_written_in_wire_form(void **state)
{
    static const uint8_t rdata[] = {2, 'h', 'i'};
    static const uint8_t expected[] = {0xc0, 12, 0, 16, 0, 1, 1, 2, 3, 4, 0, 3, 2, 'h', 'i'};
    struct encoder_record record = record_of(rdata, sizeof(rdata));
    struct answer answer;

    (void)state;
    encoder_begin(&encoder, 20);
    /* header 12, name 20, type and class 4, record head 12 */
    assert_int_equal(encoder_add(&encoder, SECTION_ANSWER, &record), 48);
    assert_int_equal(encoder_add(&encoder, SECTION_ADDITIONAL, &record), 48 + 15);
    answer = encoder_finish(&encoder);
    assert_int_equal(answer.answer_count, 1);
    assert_int_equal(answer.authority_count, 0);
    assert_int_equal(answer.additional_count, 1);
    assert_int_equal(answer_end(&answer, 0), sizeof(expected));
    assert_int_equal(answer_end(&answer, 1), 2 * sizeof(expected));
    assert_int_equal(answer.length, 2 * sizeof(expected));
    assert_memory_equal(answer.octets, expected, sizeof(expected));
    assert_memory_equal(answer.octets + sizeof(expected), expected, sizeof(expected));
    assert_false(answer.is_partial);
}

static void the_first_record_that_does_not_fit_closes_the_answer(void **state)
{
    static const uint8_t rdata[40000];
    struct encoder_record large = record_of(rdata, sizeof(rdata));
    struct encoder_record small = record_of(rdata, 1);
    struct answer answer;

    (void)state;
    encoder_begin(&encoder, 20);
    assert_int_not_equal(encoder_add(&encoder, SECTION_ANSWER, &large), 0);
    assert_int_equal(encoder_add(&encoder, SECTION_ANSWER, &large), 0);
    assert_int_equal(encoder_add(&encoder, SECTION_ANSWER, &small), 0);
    answer = encoder_finish(&encoder);
    assert_int_equal(answer.answer_count, 1);
    assert_true(answer.is_partial);
}

static void glue_that_does_not_fit_leaves_the_answer_whole(void **state)
{
    static const uint8_t rdata[40000];
    struct encoder_record large = record_of(rdata, sizeof(rdata));
    struct answer answer;

    (void)state;
    encoder_begin(&encoder, 20);
    (void)encoder_add(&encoder, SECTION_ANSWER, &large);
    assert_int_equal(encoder_add(&encoder, SECTION_ADDITIONAL, &large), 0);
    answer = encoder_finish(&encoder);
    assert_int_equal(answer.answer_count, 1);
    assert_int_equal(answer.additional_count, 0);
    assert_false(answer.is_partial);
}

static void a_message_with_opt_never_passes_65535_octets(void **state)
{
    static const uint8_t rdata[MESSAGE_MAX_LENGTH];
    size_t head = HEADER_LENGTH + NAME_MAX_LENGTH + QUESTION_FIXED_LENGTH;
    uint16_t most =
        (uint16_t)(MESSAGE_MAX_LENGTH - OPT_RESERVE - head - POINTER_LENGTH - RECORD_FIXED_LENGTH);
    struct encoder_record fitting = record_of(rdata, most);
    struct encoder_record larger = record_of(rdata, (uint16_t)(most + 1));

    (void)state;
    encoder_begin(&encoder, NAME_MAX_LENGTH);
    assert_int_equal(encoder_add(&encoder, SECTION_ANSWER, &larger), 0);
    encoder_begin(&encoder, NAME_MAX_LENGTH);
    assert_int_not_equal(encoder_add(&encoder, SECTION_ANSWER, &fitting), 0);
    assert_int_equal(head + encoder.length + OPT_RESERVE, MESSAGE_MAX_LENGTH);
}

static void the_smallest_records_do_not_overrun_the_ends(void **state)
{
    static const uint8_t root[1];
    struct encoder_record record = {.owner = root, .owner_length = 1, .rdata = root};

    (void)state;
    encoder_begin(&encoder, 1);
    while (encoder_add(&encoder, SECTION_ANSWER, &record) != 0) {
        assert_true(encoder.record_count <= ENCODER_MAX_RECORDS);
    }
    assert_int_equal(encoder.record_count, (MESSAGE_MAX_LENGTH - OPT_RESERVE - 17) / 11);
}

static void what_is_left_out_counts_by_content_and_order(void **state)
{
    static const uint8_t rdata[65000];
    static const uint8_t one[4000] = {1};
    static const uint8_t two[4000] = {2};
    struct encoder_record filler = record_of(rdata, sizeof(rdata));
    struct encoder_record first = record_of(one, sizeof(one));
    struct encoder_record second = record_of(two, sizeof(two));
    uint32_t forward = 0;

    (void)state;
    encoder_begin(&encoder, 20);
    (void)encoder_add(&encoder, SECTION_ANSWER, &filler);
    assert_int_equal(encoder.left_out_hash, 0);
    (void)encoder_add(&encoder, SECTION_ANSWER, &first);
    (void)encoder_add(&encoder, SECTION_ANSWER, &second);
    forward = encoder.left_out_hash;
    encoder_begin(&encoder, 20);
    (void)encoder_add(&encoder, SECTION_ANSWER, &filler);
    (void)encoder_add(&encoder, SECTION_ANSWER, &second);
    (void)encoder_add(&encoder, SECTION_ANSWER, &first);
    assert_int_not_equal(forward, 0);
    assert_int_not_equal(encoder.left_out_hash, forward);
}

static void pointers_reach_16383_and_no_further(void **state)
{
    uint8_t pointer[POINTER_LENGTH];

    (void)state;
    assert_true(encoder_pointer(pointer, 12));
    assert_int_equal(pointer[0] << 8 | pointer[1], 0xc00c);
    assert_true(encoder_pointer(pointer, 16383));
    assert_int_equal(pointer[0] << 8 | pointer[1], 0xffff);
    assert_false(encoder_pointer(pointer, 16384));
}

static void small_pieces_share_memory(void **state)
{
    static const uint8_t octets[27] = {1, 2, 3};
    const uint8_t *first = encoder_keep(&encoder, octets, sizeof(octets));
    const uint8_t *second = encoder_keep(&encoder, octets, sizeof(octets));

    (void)state;
    assert_memory_equal(first, octets, sizeof(octets));
    assert_ptr_equal(second, first + 28);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, encoder_setup, encoder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_written_in_wire_form),
        TEST(the_first_record_that_does_not_fit_closes_the_answer),
        TEST(glue_that_does_not_fit_leaves_the_answer_whole),
        TEST(a_message_with_opt_never_passes_65535_octets),
        TEST(the_smallest_records_do_not_overrun_the_ends),
        TEST(what_is_left_out_counts_by_content_and_order),
        TEST(pointers_reach_16383_and_no_further),
        TEST(small_pieces_share_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
