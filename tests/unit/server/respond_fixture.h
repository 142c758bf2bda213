/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/respond_fixture.h - a response in one piece, and a walk over its records.
 */

#ifndef TESTS_UNIT_SERVER_RESPOND_FIXTURE_H
#define TESTS_UNIT_SERVER_RESPOND_FIXTURE_H

#include "server/respond.h"
#include "tests/unit/server/fixture.h"

enum { RESPONSE_MAX = 65535, FLAGS_OFFSET = 2 };

/* One response in one piece, with its header's fields. */
struct flat {
    uint8_t octets[RESPONSE_MAX];
    size_t length;
    uint16_t flags;
    uint16_t counts[4];
    uint16_t rcode;
    bool is_truncated;
};

static inline void respond_flat(struct flat *flat, const struct snapshot *snapshot,
                                const uint8_t *request, size_t request_length,
                                enum transport transport, const struct address *client)
{
    struct response response;

    memset(&response, 0xa5, sizeof(response));
    respond(&response, &(struct respond_basis){.snapshot = snapshot}, request, request_length,
            transport, client);
    flat->length = 0;
    for (size_t i = 0; i < response.part_count; i++) {
        assert_true(flat->length + response.parts[i].iov_len <= sizeof(flat->octets));
        memcpy(flat->octets + flat->length, response.parts[i].iov_base, response.parts[i].iov_len);
        flat->length += response.parts[i].iov_len;
    }
    assert_int_equal(flat->length, response.length);
    flat->rcode = response.rcode;
    flat->is_truncated = response.is_truncated;
    if (flat->length == 0) {
        return;
    }
    flat->flags = fixture_u16(flat->octets, FLAGS_OFFSET);
    for (size_t i = 0; i < 4; i++) {
        flat->counts[i] = fixture_u16(flat->octets, 4 + 2 * i);
    }
}

static inline size_t name_skip(const struct flat *flat, size_t at)
{
    while (at < flat->length && flat->octets[at] != 0) {
        if (flat->octets[at] >= 0xc0) {
            return at + 2;
        }
        at += 1U + flat->octets[at];
    }
    return at + 1;
}

/* Walk over every record that the header announces; the walk must end at the last octet. */
static inline void assert_well_formed(const struct flat *flat)
{
    size_t at = 12;
    size_t records = (size_t)flat->counts[1] + flat->counts[2] + flat->counts[3];

    if (flat->counts[0] == 1) {
        at = name_skip(flat, at) + 4;
    }
    for (size_t i = 0; i < records; i++) {
        at = name_skip(flat, at);
        assert_true(at + 10 <= flat->length);
        at += 10U + fixture_u16(flat->octets, at + 8);
    }
    assert_int_equal(at, flat->length);
}

#endif
