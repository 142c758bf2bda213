/* SPDX-License-Identifier: MIT */

/*
 * zones/answer.c - cutting an encoded answer to the size that a client takes.
 */

#include "zones/answer.h"

#include <string.h>

#include "zones/wire.h"

enum {
    POINTER_MARK = 0xc0,  /* the two highest bits of a pointer, RFC 1035 section 4.1.4 */
    TYPE_TO_RDLENGTH = 8, /* type, class and TTL */
    TYPE_TO_RDATA = 10,
};

/* The end of the record that starts at `offset`. The octets are our own: they are well-formed. */
static size_t record_skip(const uint8_t *octets, size_t offset)
{
    while (octets[offset] != 0 && octets[offset] < POINTER_MARK) {
        offset += 1 + (size_t)octets[offset];
    }
    offset += octets[offset] == 0 ? 1 : 2;
    return offset + TYPE_TO_RDATA + wire_load_u16(octets + offset + TYPE_TO_RDLENGTH);
}

size_t answer_end(const struct answer *answer, size_t index)
{
    size_t group = index / ANSWER_STRIDE;
    size_t offset = group == 0 ? 0 : answer->starts[group - 1];

    if (index + 1 == answer_record_count(answer)) {
        return answer->length;
    }
    for (size_t left = index % ANSWER_STRIDE + 1; left > 0; left--) {
        offset = record_skip(answer->octets, offset);
    }
    return offset;
}

/* How many of the kept starts are at or before `offset`. */
static size_t starts_up_to(const struct answer *answer, size_t offset)
{
    size_t low = 0;
    size_t high = answer_record_count(answer) / ANSWER_STRIDE;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (answer->starts[middle] <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t answer_record_at(const struct answer *answer, size_t offset)
{
    size_t group = starts_up_to(answer, offset);
    size_t number = group * ANSWER_STRIDE;

    for (size_t start = group == 0 ? 0 : answer->starts[group - 1]; start < offset; number++) {
        start = record_skip(answer->octets, start);
    }
    return number;
}

bool answer_equals(const struct answer *left, const struct answer *right)
{
    return left->answer_count == right->answer_count &&
           left->authority_count == right->authority_count &&
           left->additional_count == right->additional_count && left->length == right->length &&
           (left->octets == right->octets || left->length == 0 ||
            memcmp(left->octets, right->octets, left->length) == 0);
}

/* How many of the records, of which at least the last is too long, end at or before `room`; and
 * where the last of them does. */
static size_t records_that_fit(const struct answer *answer, size_t room, size_t *length)
{
    size_t group = starts_up_to(answer, room);
    size_t fitting = group * ANSWER_STRIDE;
    size_t offset = group == 0 ? 0 : answer->starts[group - 1];

    while (true) {
        size_t end = record_skip(answer->octets, offset);

        if (end > room) {
            *length = offset;
            return fitting;
        }
        offset = end;
        fitting++;
    }
}

static uint16_t smaller(size_t left, uint16_t right)
{
    return left < right ? (uint16_t)left : right;
}

const struct answer *answer_form(const struct answer *answer, size_t room)
{
    if (answer->compact == NULL || (answer->is_whole && answer->length <= room)) {
        return answer;
    }
    return answer->compact;
}

struct answer_cut answer_fit(const struct answer *answer, size_t room)
{
    struct answer_cut cut = {.length = answer->length,
                             .answer_count = answer->answer_count,
                             .authority_count = answer->authority_count,
                             .additional_count = answer->additional_count,
                             .is_truncated = answer->is_partial};
    size_t length = 0;
    size_t left = 0;

    if (answer->length <= room) {
        return cut;
    }
    left = records_that_fit(answer, room, &length);
    cut.length = (uint16_t)length;
    cut.is_truncated =
        answer->is_partial || left < (size_t)answer->answer_count + answer->authority_count;
    cut.answer_count = smaller(left, answer->answer_count);
    left -= cut.answer_count;
    cut.authority_count = smaller(left, answer->authority_count);
    left -= cut.authority_count;
    cut.additional_count = (uint16_t)left;
    return cut;
}
