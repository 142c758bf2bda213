/* SPDX-License-Identifier: MIT */

/*
 * zones/answer.c - cutting an encoded answer to the size that a client takes.
 */

#include "zones/answer.h"

/* How many of `count` records end at or before `room`. */
static size_t records_that_fit(const uint16_t *ends, size_t count, size_t room)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ends[middle] <= room) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint16_t smaller(size_t left, uint16_t right)
{
    return left < right ? (uint16_t)left : right;
}

const struct answer *answer_form(const struct answer *answer, size_t room)
{
    size_t count =
        (size_t)answer->answer_count + answer->authority_count + answer->additional_count;

    if (answer->compact == NULL || (answer->is_whole && answer->ends[count - 1] <= room)) {
        return answer;
    }
    return answer->compact;
}

struct answer_cut answer_fit(const struct answer *answer, size_t room)
{
    struct answer_cut cut = {0};
    size_t wanted = (size_t)answer->answer_count + answer->authority_count;
    size_t fitting = records_that_fit(answer->ends, wanted + answer->additional_count, room);
    size_t left = fitting;

    cut.length = fitting == 0 ? 0 : answer->ends[fitting - 1];
    cut.answer_count = smaller(left, answer->answer_count);
    left -= cut.answer_count;
    cut.authority_count = smaller(left, answer->authority_count);
    left -= cut.authority_count;
    cut.additional_count = (uint16_t)left;
    cut.is_truncated = answer->is_partial || fitting < wanted;
    return cut;
}
