/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_answer.c - cutting answers: glue first, whole records, TC when it must. */

#include "fixture.h"
#include "zones/encoder.h"

enum { SMALLEST_RECORD = 1 + 10 };

/* Records of the root with so much RDATA that they end at 11, 26, 41, 61, 91 and 103. */
static const uint16_t ENDS[] = {11, 26, 41, 61, 91, 103};
static uint8_t octets[103];

static int octets_setup(void **state)
{
    uint16_t start = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
        octets[start + SMALLEST_RECORD - 1] = (uint8_t)(ENDS[i] - start - SMALLEST_RECORD);
        start = ENDS[i];
    }
    return 0;
}

struct fit_row {
    const char *why;
    uint16_t answers;
    uint16_t authorities;
    uint16_t additionals;
    bool is_partial;
    size_t room;
    struct answer_cut expected;
};

static void the_largest_whole_prefix_is_kept(void **state)
{
    static const struct fit_row rows[] = {
        {"all fits",                        3, 1, 2, false, 103,   {103, 3, 1, 2, false}},
        {"room to spare",                   3, 1, 2, false, 65535, {103, 3, 1, 2, false}},
        {"one octet short: last glue goes", 3, 0, 3, false, 102,   {91, 3, 0, 2, false} },
        {"all glue goes without TC",        3, 0, 3, false, 41,    {41, 3, 0, 0, false} },
        {"one octet less takes an answer",  3, 0, 3, false, 40,    {26, 2, 0, 0, true}  },
        {"authority lost is truncation",    1, 5, 0, false, 91,    {91, 1, 4, 0, true}  },
        {"authority kept, glue lost",       1, 1, 4, false, 27,    {26, 1, 1, 0, false} },
        {"nothing fits",                    6, 0, 0, false, 10,    {0, 0, 0, 0, true}   },
        {"no room at all",                  6, 0, 0, false, 0,     {0, 0, 0, 0, true}   },
        {"the first record exactly",        6, 0, 0, false, 11,    {11, 1, 0, 0, true}  },
        {"only glue, none fits: no TC",     0, 0, 6, false, 5,     {0, 0, 0, 0, false}  },
        {"partial answers are always TC",   6, 0, 0, true,  103,   {103, 6, 0, 0, true} },
        {"an answer without records",       0, 0, 0, false, 100,   {0, 0, 0, 0, false}  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct answer answer = {
            .octets = octets,
            .length = rows[i].answers + rows[i].authorities + rows[i].additionals == 0 ? 0 : 103,
            .answer_count = rows[i].answers,
            .authority_count = rows[i].authorities,
            .additional_count = rows[i].additionals,
            .is_partial = rows[i].is_partial,
        };
        struct answer_cut cut = answer_fit(&answer, rows[i].room);
        const struct answer_cut *expected = &rows[i].expected;

        if (cut.length != expected->length || cut.answer_count != expected->answer_count ||
            cut.authority_count != expected->authority_count ||
            cut.additional_count != expected->additional_count ||
            cut.is_truncated != expected->is_truncated) {
            fail_msg("%s: %u octets, %u/%u/%u, TC %d", rows[i].why, cut.length, cut.answer_count,
                     cut.authority_count, cut.additional_count, cut.is_truncated);
        }
    }
}

/* Starts are kept for every sixteenth record only: every other end is found from there. */
static void every_record_is_found_and_cut_at_its_end(void **state)
{
    static const uint8_t owner[] = {3, 'w', 'w', 'w', 0xc0, 12};
    static struct encoder encoder;
    struct arena arena;

    (void)state;
    for (uint16_t count = 1; count < 70; count++) {
        uint16_t ends[70];
        struct answer answer;

        arena_init(&arena);
        encoder_init(&encoder, &arena);
        encoder_begin(&encoder, 20);
        for (uint16_t i = 0; i < count; i++) {
            const struct encoder_record record = {
                .owner = i % 3 == 0 ? owner : owner + 4,
                .owner_length = i % 3 == 0 ? sizeof(owner) : 2,
                .rdata = (const uint8_t *)"abcdefg",
                .rdata_length = i % 7,
            };

            (void)encoder_add(&encoder, SECTION_ANSWER, &record);
            ends[i] = (uint16_t)encoder.length;
        }
        answer = encoder_finish(&encoder);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(answer_end(&answer, i), ends[i]);
            assert_int_equal(answer_fit(&answer, ends[i]).answer_count, i + 1);
            assert_int_equal(answer_fit(&answer, ends[i]).length, ends[i]);
            assert_int_equal(answer_fit(&answer, ends[i] - 1U).answer_count, i);
            assert_int_equal(answer_fit(&answer, ends[i] - 1U).length, i == 0 ? 0 : ends[i - 1]);
        }
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_whole_prefix_is_kept),
        cmocka_unit_test(every_record_is_found_and_cut_at_its_end),
    };

    return cmocka_run_group_tests(tests, octets_setup, NULL);
}
