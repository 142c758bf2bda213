/* SPDX-License-Identifier: MIT */

/*
 * server/query.c - the request parser. Counts are checked before anything that they announce is
 * read, and the first thing that is wrong ends the reading.
 */

#include "server/query.h"

#include "server/respond.h"
#include "zones/record.h"
#include "zones/wire.h"

enum {
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    OPT_OPTION_HEADER = 4, /* code and length, RFC 6891 section 6.1.2 */
    EDNS_FLAG_DO = 0x8000,
};

struct counts {
    uint16_t questions;
    uint16_t answers;
    uint16_t authorities;
    uint16_t additionals;
};

/* An IXFR request carries one SOA in its authority section (RFC 1995 section 3); nothing else
 * that we know has more than a question and OPT. */
static bool counts_are_possible(const struct counts *counts)
{
    return counts->questions == 1 && counts->answers == 0 && counts->authorities <= 1 &&
           counts->additionals <= 1;
}

static bool question_parse(struct query *query, struct wire_reader *reader)
{
    const uint8_t *start = reader->octets + reader->position;
    size_t length = name_from_wire(&query->name, start, wire_left(reader));

    if (length == 0 || wire_take(reader, length) == NULL) {
        return false;
    }
    query->type = wire_read_u16(reader);
    query->class = wire_read_u16(reader);
    if (reader->failed) {
        return false;
    }
    query->question = start;
    query->question_length = (uint16_t)(length + 4);
    return true;
}

/* Options are not needed, but their lengths must add up: BIND, Knot and NSD all say FORMERR. */
static bool options_are_whole(struct wire_reader *reader, size_t length)
{
    while (length >= OPT_OPTION_HEADER) {
        uint16_t option_length = 0;

        (void)wire_read_u16(reader);
        option_length = wire_read_u16(reader);
        length -= OPT_OPTION_HEADER;
        if (option_length > length || wire_take(reader, option_length) == NULL) {
            return false;
        }
        length -= option_length;
    }
    return length == 0 && !reader->failed;
}

/* The one additional record that is taken is OPT at the root (RFC 6891 section 6.1.2). */
static enum query_verdict opt_parse(struct query *query, struct wire_reader *reader)
{
    uint8_t owner = wire_read_u8(reader);
    uint16_t type = wire_read_u16(reader);
    uint16_t size = wire_read_u16(reader);
    uint8_t extended_rcode = wire_read_u8(reader);
    uint8_t version = wire_read_u8(reader);
    uint16_t flags = wire_read_u16(reader);
    uint16_t rdata_length = wire_read_u16(reader);

    (void)extended_rcode; /* has no meaning in a request */
    if (reader->failed || owner != 0 || type != RECORD_OPT ||
        !options_are_whole(reader, rdata_length)) {
        return QUERY_FORMERR;
    }
    query->has_edns = true;
    query->dnssec_ok = (flags & EDNS_FLAG_DO) != 0;
    query->edns_size = size < UDP_PLAIN_SIZE ? UDP_PLAIN_SIZE : size;
    return version == 0 ? QUERY_ANSWER : QUERY_BADVERS;
}

/* Everything but the name is left alone: a memset of the name's 255 octets would show. */
static void query_init(struct query *query)
{
    query->id = 0;
    query->flags = 0;
    query->type = 0;
    query->class = 0;
    query->question = NULL;
    query->question_length = 0;
    query->has_edns = false;
    query->dnssec_ok = false;
    query->edns_size = 0;
}

static enum query_verdict body_parse(struct query *query, const struct counts *counts,
                                     struct wire_reader *reader)
{
    enum query_verdict verdict = QUERY_ANSWER;

    if (!counts_are_possible(counts) || !question_parse(query, reader)) {
        return QUERY_FORMERR;
    }
    if (query->type == TYPE_AXFR || query->type == TYPE_IXFR) {
        return QUERY_REFUSED; /* what follows (SOA, TSIG) changes nothing */
    }
    if (counts->authorities != 0) {
        return QUERY_FORMERR;
    }
    if (counts->additionals == 1) {
        verdict = opt_parse(query, reader);
    }
    if (verdict != QUERY_FORMERR && wire_left(reader) != 0) {
        return QUERY_FORMERR;
    }
    /* RFC 1035 section 3.2.5: class ANY asks for any class, and IN is the one that we have. */
    if (verdict == QUERY_ANSWER && query->class != RECORD_CLASS_IN &&
        query->class != RECORD_CLASS_ANY) {
        return QUERY_REFUSED;
    }
    return verdict;
}

enum query_verdict query_parse(struct query *query, const uint8_t *octets, size_t length)
{
    struct wire_reader reader;
    struct counts counts;

    query_init(query);
    if (length < HEADER_LENGTH) {
        return QUERY_DROP;
    }
    wire_reader_init(&reader, octets, length);
    query->id = wire_read_u16(&reader);
    query->flags = wire_read_u16(&reader);
    if ((query->flags & FLAG_QR) != 0) {
        return QUERY_DROP; /* two servers must not answer each other for ever */
    }
    if ((query->flags & FLAG_OPCODE) != 0) {
        return QUERY_NOTIMP;
    }
    counts.questions = wire_read_u16(&reader);
    counts.answers = wire_read_u16(&reader);
    counts.authorities = wire_read_u16(&reader);
    counts.additionals = wire_read_u16(&reader);
    return body_parse(query, &counts, &reader);
}
