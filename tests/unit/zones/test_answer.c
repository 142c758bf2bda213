/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_answer.c - cutting answers: glue first, whole records, TC when it must. */

#include "fixture.h"

static const uint8_t OCTETS[100];
static const uint16_t ENDS[] = {10, 25, 40, 60, 90, 100};

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
        {"all fits",                        3, 1, 2, false, 100,   {100, 3, 1, 2, false}},
        {"room to spare",                   3, 1, 2, false, 65535, {100, 3, 1, 2, false}},
        {"one octet short: last glue goes", 3, 0, 3, false, 99,    {90, 3, 0, 2, false} },
        {"all glue goes without TC",        3, 0, 3, false, 40,    {40, 3, 0, 0, false} },
        {"one octet less takes an answer",  3, 0, 3, false, 39,    {25, 2, 0, 0, true}  },
        {"authority lost is truncation",    1, 5, 0, false, 90,    {90, 1, 4, 0, true}  },
        {"authority kept, glue lost",       1, 1, 4, false, 26,    {25, 1, 1, 0, false} },
        {"nothing fits",                    6, 0, 0, false, 9,     {0, 0, 0, 0, true}   },
        {"no room at all",                  6, 0, 0, false, 0,     {0, 0, 0, 0, true}   },
        {"the first record exactly",        6, 0, 0, false, 10,    {10, 1, 0, 0, true}  },
        {"only glue, none fits: no TC",     0, 0, 6, false, 5,     {0, 0, 0, 0, false}  },
        {"partial answers are always TC",   6, 0, 0, true,  100,   {100, 6, 0, 0, true} },
        {"an answer without records",       0, 0, 0, false, 100,   {0, 0, 0, 0, false}  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct answer answer = {
            .octets = OCTETS,
            .ends = ENDS,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_whole_prefix_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
