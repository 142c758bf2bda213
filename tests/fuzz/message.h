/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/message.h - a DNS message read by somebody who wrote none of the code under test.
 *
 * The walk insists on what RFC 1035 section 4.1 asks of a message, and on what we promise of ours:
 * names in lower case but for those that are the client's own; pointers that go back; one OPT, the
 * last record but for a TSIG; and nothing behind it.
 */

#ifndef TESTS_FUZZ_MESSAGE_H
#define TESTS_FUZZ_MESSAGE_H

#include "tests/fuzz/expect.h"

enum {
    MESSAGE_HEADER = 12,
    MESSAGE_TYPE_A = 1,
    MESSAGE_TYPE_AAAA = 28,
    MESSAGE_TYPE_SRV = 33,
    MESSAGE_TYPE_OPT = 41,
    MESSAGE_TYPE_TSIG = 250,
    MESSAGE_POINTERS_MAX = 4,
};

struct message {
    const uint8_t *octets;
    size_t length;
    size_t at; /* how far it was read */
    uint16_t counts[4];
};

static inline uint16_t message_u16(const struct message *message, size_t at)
{
    expect(at + 2 <= message->length, "a number lies within its message");
    return (uint16_t)(message->octets[at] << 8 | message->octets[at + 1]);
}

/* The place behind the name at `at`. With `is_ours` no letter may be a capital. */
static inline size_t message_name_end(const struct message *message, size_t at, bool is_ours)
{
    size_t end = 0;
    size_t name_length = 1;
    unsigned pointers = 0;

    for (;;) {
        uint8_t octet = 0;

        expect(at < message->length, "a name lies within its message");
        octet = message->octets[at];
        if (octet >= 0xc0) {
            size_t target = message_u16(message, at) & 0x3fffU;

            expect(target >= MESSAGE_HEADER && target < at, "a pointer goes back");
            expect(++pointers <= MESSAGE_POINTERS_MAX, "a name has few pointers");
            end = end == 0 ? at + 2 : end;
            at = target;
            continue;
        }
        expect(octet < 0x40, "a label has at most 63 octets");
        if (octet == 0) {
            return end == 0 ? at + 1 : end;
        }
        name_length += 1U + octet;
        expect(name_length <= 255, "a name has at most 255 octets");
        for (size_t i = 1; is_ours && pointers == 0 && i <= octet; i++) {
            expect(at + i < message->length &&
                       (message->octets[at + i] < 'A' || message->octets[at + i] > 'Z'),
                   "our names are in lower case");
        }
        at += 1U + octet;
    }
}

/* Read one record from where the last one ended; its type. */
static inline uint16_t message_record(struct message *message)
{
    size_t at = message_name_end(message, message->at, false);
    uint16_t type = message_u16(message, at);
    size_t rdata = at + 10;
    size_t end = rdata + message_u16(message, at + 8);

    expect(end <= message->length, "a record lies within its message");
    if (type != MESSAGE_TYPE_TSIG) { /* its name is the client's */
        (void)message_name_end(message, message->at, true);
    }
    if (type == MESSAGE_TYPE_SRV) {
        expect(message_name_end(message, rdata + 6, true) == end, "an SRV ends with its target");
    } else if (type == MESSAGE_TYPE_A) {
        expect(end - rdata == 4, "an A record has 4 octets");
    } else if (type == MESSAGE_TYPE_AAAA) {
        expect(end - rdata == 16, "an AAAA record has 16 octets");
    }
    message->at = end;
    return type;
}

/* Read a whole message. */
static inline void message_check(const uint8_t *octets, size_t length)
{
    struct message message = {.octets = octets, .length = length, .at = MESSAGE_HEADER};
    size_t records = 0;
    uint16_t before = 0;

    expect(length >= MESSAGE_HEADER, "a message has a header");
    for (size_t i = 0; i < 4; i++) {
        message.counts[i] = message_u16(&message, 4 + 2 * i);
    }
    expect(message.counts[0] <= 1, "a response has at most one question");
    if (message.counts[0] == 1) {
        message.at = message_name_end(&message, message.at, false) + 4;
    }
    records = (size_t)message.counts[1] + message.counts[2] + message.counts[3];
    for (size_t i = 0; i < records; i++) {
        uint16_t type = message_record(&message);

        expect(before != MESSAGE_TYPE_TSIG &&
                   (before != MESSAGE_TYPE_OPT || type == MESSAGE_TYPE_TSIG),
               "OPT is the last record but for a TSIG");
        expect((type != MESSAGE_TYPE_OPT && type != MESSAGE_TYPE_TSIG) ||
                   i >= (size_t)message.counts[1] + message.counts[2],
               "OPT and TSIG stand in the additional section");
        before = type;
    }
    expect(message.at == length, "nothing stands behind the last record");
}

#endif
