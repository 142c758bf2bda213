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
    EDNS_FLAG_DO = 0x8000,
    OPT_OWNER_AND_TYPE = 1 + 2, /* the root, and OPT */
    TYPE_CLASS_AND_TTL = 2 + 2 + 4,
    NAME_POINTER = 0xc0, /* RFC 1035 section 4.1.4 */
};

struct counts {
    uint16_t questions;
    uint16_t answers;
    uint16_t authorities;
    uint16_t additionals;
};

/* An IXFR request carries one SOA in its authority section (RFC 1995 section 3); nothing else
 * that we know has more than a question, OPT and TSIG. */
static bool counts_are_possible(const struct counts *counts)
{
    return counts->questions <= 1 && counts->answers == 0 && counts->authorities <= 1 &&
           counts->additionals <= 2;
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

/* The reader stands at OPT, see is_at_opt(). */
static enum query_verdict opt_parse(struct query *query, struct wire_reader *reader)
{
    const uint8_t *owner_and_type = wire_take(reader, OPT_OWNER_AND_TYPE);
    uint16_t size = wire_read_u16(reader);
    uint8_t extended_rcode = wire_read_u8(reader);
    uint8_t version = wire_read_u8(reader);
    uint16_t flags = wire_read_u16(reader);
    uint16_t length = wire_read_u16(reader);
    const uint8_t *options = wire_take(reader, length);

    (void)owner_and_type;
    (void)extended_rcode; /* has no meaning in a request */
    if (options == NULL ||
        (version == 0 && length > 0 && !edns_request_read(&query->edns, options, length))) {
        return QUERY_FORMERR;
    }
    query->has_edns = true;
    query->dnssec_ok = (flags & EDNS_FLAG_DO) != 0;
    query->edns_size = size < UDP_PLAIN_SIZE ? UDP_PLAIN_SIZE : size;
    if (version != 0) { /* RFC 6891 section 6.1.3: said before anything of that version is judged */
        return QUERY_BADVERS;
    }
    return query->edns.cookie_is_malformed ? QUERY_FORMERR : QUERY_ANSWER;
}

/* OPT stands at the root (RFC 6891 section 6.1.2). */
static bool is_at_opt(const struct wire_reader *reader)
{
    const uint8_t *octets = reader->octets + reader->position;

    return wire_left(reader) >= OPT_OWNER_AND_TYPE && octets[0] == 0 &&
           wire_load_u16(octets + 1) == RECORD_OPT;
}

/* OPT, TSIG, or both in this order: TSIG is the last (RFC 8945 section 5.1). */
static enum query_verdict additionals_parse(struct query *query, uint16_t count,
                                            struct wire_reader *reader)
{
    enum query_verdict verdict = QUERY_ANSWER;

    if (count > 0 && is_at_opt(reader)) {
        verdict = opt_parse(query, reader);
        count--;
    }
    if (verdict == QUERY_FORMERR || count > 1) {
        return QUERY_FORMERR;
    }
    if (count == 1 && query->has_edns && is_at_opt(reader)) {
        query->has_edns = false; /* RFC 6891 section 6.1.1: of two, none is understood */
        return QUERY_FORMERR;
    }
    if (count == 1) {
        if (!query_tsig_read(&query->tsig, reader)) {
            return QUERY_FORMERR;
        }
        verdict = verdict == QUERY_ANSWER ? QUERY_NOTAUTH : verdict;
    }
    return wire_left(reader) == 0 ? verdict : QUERY_FORMERR;
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
    query->edns = (struct edns_request){.cookie = NULL};
    query->tsig.key = NULL;
}

/* An owner, wherever it points: that need not be followed. */
static bool owner_skip(struct wire_reader *reader)
{
    size_t end = reader->position + NAME_MAX_LENGTH;

    while (reader->position < end) {
        uint8_t length = wire_read_u8(reader);

        if (length > LABEL_MAX_LENGTH) {
            (void)wire_read_u8(reader);
            return length >= NAME_POINTER;
        }
        if (length == 0) {
            return true;
        }
        (void)wire_take(reader, length);
    }
    return false;
}

/* The SOA of an IXFR, or any record: it means nothing to us, but what follows it does. */
static bool authority_skip(struct wire_reader *reader)
{
    if (!owner_skip(reader)) {
        return false;
    }
    (void)wire_take(reader, TYPE_CLASS_AND_TTL);
    (void)wire_take(reader, wire_read_u16(reader));
    return !reader->failed;
}

/* A question that can be read, and everything after it. */
static enum query_verdict question_judge(const struct query *query)
{
    if (query_is_transfer(query)) {
        return QUERY_REFUSED;
    }
    /* RFC 1035 section 3.2.5: class ANY asks for any class, and IN is the one that we have. */
    return query->class == RECORD_CLASS_IN || query->class == RECORD_CLASS_ANY ? QUERY_ANSWER
                                                                               : QUERY_REFUSED;
}

static enum query_verdict body_parse(struct query *query, const struct counts *counts,
                                     struct wire_reader *reader)
{
    enum query_verdict verdict = QUERY_ANSWER;

    if (!counts_are_possible(counts) ||
        (counts->questions == 1 && !question_parse(query, reader))) {
        return QUERY_FORMERR;
    }
    if (counts->authorities != 0 &&
        (query->question == NULL || query->type != QUERY_TYPE_IXFR || !authority_skip(reader))) {
        return QUERY_FORMERR;
    }
    verdict = additionals_parse(query, counts->additionals, reader);
    if (verdict != QUERY_ANSWER) {
        return verdict;
    }
    if (counts->questions == 0) {
        return query->edns.cookie == NULL ? QUERY_FORMERR : QUERY_COOKIE;
    }
    return question_judge(query);
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
