/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_query.c - the request parser against what Knot, NSD and BIND do with the
 * same packets, and against every cut of a good one.
 */

#include <stdlib.h>

#include "server/query.h"
#include "tests/unit/server/fixture.h"

enum { OCTETS_MAX = 1024 };

/* A request written by hand: octets after the header as a C string. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in a packet's order */
struct hostile {
    const char *why;
    uint16_t flags;
    uint16_t counts[4];
    const char *body;
    size_t body_length;
    enum query_verdict expected;
    bool has_question;
};

#define BODY(text) text, sizeof(text) - 1
#define QNAME "\3web\2sd\7example\3com\0"
#define QUESTION QNAME "\0\41\0\1"
#define IXFR "\0\373\0\1"
#define SOA "\0\6\0\1\0\0\0\0\0\2ab" /* from its type on; nobody reads its data */
#define OPT(rdlength) "\0\0\51\20\0\0\0\0\0" rdlength

/* TSIG of key "k" and algorithm "a": time, fudge, MAC of 4 octets, id, no error, no other data. */
#define TSIG_HEAD "\1k\0\0\372\0\377\0\0\0\0"
#define TSIG_DATA "\1a\0\0\0\1\2\3\4\1\54\0\4abcd\276\357\0\0\0\0"
#define TSIG TSIG_HEAD "\0\27" TSIG_DATA

/* clang-format off */
static const struct hostile hostiles[] = {
    {"a plain query",                                 0x0100, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_ANSWER,  true },
    {"a response",                                    0x8000, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_DROP,    false},
    {"a response that is FORMERR",                    0x8001, {0, 0, 0, 0},     BODY(""),                               QUERY_DROP,    false},
    {"a response with an unknown opcode",             0xf800, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_DROP,    false},
    {"opcode IQUERY",                                 0x0800, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_NOTIMP,  false},
    {"opcode STATUS",                                 0x1000, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_NOTIMP,  false},
    {"NOTIFY",                                        0x2400, {1, 0, 0, 0},     BODY(QNAME "\0\6\0\1"),                 QUERY_NOTIMP,  false},
    {"UPDATE",                                        0x2800, {1, 0, 0, 0},     BODY(QNAME "\0\6\0\1"),                 QUERY_NOTIMP,  false},
    {"opcode 15",                                     0x7800, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_NOTIMP,  false},
    {"no question",                                   0,      {0, 0, 0, 0},     BODY(""),                               QUERY_FORMERR, false},
    {"a question that is missing",                    0,      {1, 0, 0, 0},     BODY(""),                               QUERY_FORMERR, false},
    {"two questions",                                 0,      {2, 0, 0, 0},     BODY(QUESTION QUESTION),                QUERY_FORMERR, false},
    {"65,535 questions",                              0,      {65535, 0, 0, 0}, BODY(QUESTION),                         QUERY_FORMERR, false},
    {"an answer in a query",                          0,      {1, 1, 0, 0},     BODY(QUESTION),                         QUERY_FORMERR, false},
    {"an authority record",                           0,      {1, 0, 1, 0},     BODY(QUESTION OPT("\0\0")),             QUERY_FORMERR, true },
    {"65,535 additional records",                     0,      {1, 0, 0, 65535}, BODY(QUESTION),                         QUERY_FORMERR, false},
    {"OPT that is missing",                           0,      {1, 0, 0, 1},     BODY(QUESTION),                         QUERY_FORMERR, true },
    {"octets after the question",                     0,      {1, 0, 0, 0},     BODY(QUESTION "junk"),                  QUERY_FORMERR, true },
    {"octets after OPT",                              0,      {1, 0, 0, 1},     BODY(QUESTION OPT("\0\0") "x"),         QUERY_FORMERR, true },
    {"a name that points at itself",
     0,                                                       {1, 0, 0, 0},
     BODY("\300\14\0\41\0\1"),
     QUERY_FORMERR,                                                                                                                    false},
    {"a name that points ahead",
     0,                                                       {1, 0, 0, 0},
     BODY("\300\22\0\41\0\1" QNAME),
     QUERY_FORMERR,                                                                                                                    false},
    {"label type 0x80",                               0,      {1, 0, 0, 0},     BODY("\200\0\41\0\1"),                  QUERY_FORMERR, false},
    {"a name without its end",                        0,      {1, 0, 0, 0},     BODY("\3web\2sd"),                      QUERY_FORMERR, false},
    {"a name without type and class",                 0,      {1, 0, 0, 0},     BODY(QNAME),                            QUERY_FORMERR, false},
    {"TC, Z, AA, RA, AD, CD and RD set",              0x07f0, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_ANSWER,  true },
    {"an RCODE in a query",                           0x0003, {1, 0, 0, 0},     BODY(QUESTION),                         QUERY_ANSWER,  true },
    {"class CH",                                      0,      {1, 0, 0, 0},     BODY(QNAME "\0\20\0\3"),                QUERY_REFUSED, true },
    {"class 0",                                       0,      {1, 0, 0, 0},     BODY(QNAME "\0\41\0\0"),                QUERY_REFUSED, true },
    {"class NONE",                                    0,      {1, 0, 0, 0},     BODY(QNAME "\0\41\0\376"),              QUERY_REFUSED, true },
    {"class ANY",                                     0,      {1, 0, 0, 0},     BODY(QNAME "\0\41\0\377"),              QUERY_ANSWER,  true },
    {"type ANY",                                      0,      {1, 0, 0, 0},     BODY(QNAME "\0\377\0\1"),               QUERY_ANSWER,  true },
    {"type 0: NODATA at Knot's and NSD's",
     0,                                                       {1, 0, 0, 0},
     BODY(QNAME "\0\0\0\1"),
     QUERY_ANSWER,                                                                                                                     true },
    {"type OPT: NODATA as well",                      0,      {1, 0, 0, 0},     BODY(QNAME "\0\51\0\1"),                QUERY_ANSWER,  true },
    {"AXFR",                                          0,      {1, 0, 0, 0},     BODY(QNAME "\0\374\0\1"),               QUERY_REFUSED, true },
    {"IXFR with its SOA",
     0,                                                       {1, 0, 1, 0},
     BODY(QNAME "\0\373\0\1\300\14\0\6\0\1\0\0\0\0\0\2ab"),
     QUERY_REFUSED,                                                                                                                    true },
    {"OPT",                                           0,      {1, 0, 0, 1},     BODY(QUESTION OPT("\0\0")),             QUERY_ANSWER,  true },
    {"two OPTs",                                      0,      {1, 0, 0, 2},     BODY(QUESTION OPT("\0\0") OPT("\0\0")), QUERY_FORMERR, true },
    {"OPT that is not at the root",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION "\1a\0\0\51\20\0\0\0\0\0\0\0"),
     QUERY_FORMERR,                                                                                                                    true },
    {"TSIG in OPT's place",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION "\0\0\372\0\377\0\0\0\0\0\0"),
     QUERY_FORMERR,                                                                                                                    true },
    {"RDATA of OPT that is cut",                      0,      {1, 0, 0, 1},     BODY(QUESTION OPT("\0\4")),             QUERY_FORMERR, true },
    {"RDATA of OPT too short for an option, and cut",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION OPT("\0\3")),
     QUERY_FORMERR,                                                                                                                    true },
    {"an option longer than OPT",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION OPT("\0\4") "\0\12\0\10"),
     QUERY_FORMERR,                                                                                                                    true },
    {"three octets after the options",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION OPT("\0\3") "\0\12\0"),
     QUERY_FORMERR,                                                                                                                    true },
    {"an unknown option",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION OPT("\0\6") "\376\0\0\2xy"),
     QUERY_ANSWER,                                                                                                                     true },
    {"two options, one empty",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION OPT("\0\11") "\0\3\0\0\0\14\0\1\0"),
     QUERY_ANSWER,                                                                                                                     true },
    {"EDNS version 1",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION "\0\0\51\20\0\0\1\0\0\0\0"),
     QUERY_BADVERS,                                                                                                                    true },
    {"EDNS version 255",
     0,                                                       {1, 0, 0, 1},
     BODY(QUESTION "\0\0\51\20\0\0\377\0\0\0\0"),
     QUERY_BADVERS,                                                                                                                    true },
    {"three additional records", 0, {1, 0, 0, 3}, BODY(QUESTION OPT("\0\0") TSIG TSIG), QUERY_FORMERR, false},
    {"OPT among the answers", 0, {1, 1, 0, 0}, BODY(QUESTION OPT("\0\0")), QUERY_FORMERR, false},
    {"a cookie of 7 octets (RFC 7873 section 5.2.2)", 0, {1, 0, 0, 1}, BODY(QUESTION OPT("\0\13") "\0\12\0\7abcdefg"), QUERY_FORMERR, true },
    {"a client's cookie", 0, {1, 0, 0, 1}, BODY(QUESTION OPT("\0\14") "\0\12\0\10abcdefgh"), QUERY_ANSWER, true },
    {"a cookie and no question (RFC 7873 section 5.4)", 0, {0, 0, 0, 1}, BODY(OPT("\0\14") "\0\12\0\10abcdefgh"), QUERY_COOKIE, false},
    {"OPT without a cookie and no question", 0, {0, 0, 0, 1}, BODY(OPT("\0\0")), QUERY_FORMERR, false},
    {"a malformed cookie and no question", 0, {0, 0, 0, 1}, BODY(OPT("\0\5") "\0\12\0\1a"), QUERY_FORMERR, false},
    {"version 1 with a malformed cookie: the version comes first (RFC 6891 section 6.1.3)", 0, {1, 0, 0, 1}, BODY(QUESTION "\0\0\51\20\0\0\1\0\0\0\5" "\0\12\0\1a"), QUERY_BADVERS, true },
    {"version 1 and octets after OPT", 0, {1, 0, 0, 1}, BODY(QUESTION "\0\0\51\20\0\0\1\0\0\0\0" "x"), QUERY_FORMERR, true },
    {"TSIG: we have no keys (RFC 8945 section 5.2.1)", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG), QUERY_NOTAUTH, true },
    {"OPT and TSIG", 0, {1, 0, 0, 2}, BODY(QUESTION OPT("\0\0") TSIG), QUERY_NOTAUTH, true },
    {"TSIG on AXFR", 0, {1, 0, 0, 1}, BODY(QNAME "\0\374\0\1" TSIG), QUERY_NOTAUTH, true },
    {"TSIG before OPT", 0, {1, 0, 0, 2}, BODY(QUESTION TSIG OPT("\0\0")), QUERY_FORMERR, true },
    {"two TSIGs", 0, {1, 0, 0, 2}, BODY(QUESTION TSIG TSIG), QUERY_FORMERR, true },
    {"TSIG without data", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG_HEAD "\0\0"), QUERY_FORMERR, true },
    {"TSIG whose data are one octet short", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG_HEAD "\0\26" TSIG_DATA), QUERY_FORMERR, true },
    {"TSIG whose data are one octet long", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG_HEAD "\0\30" TSIG_DATA "x"), QUERY_FORMERR, true },
    {"TSIG whose MAC is longer than the data", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG_HEAD "\0\27" "\1a\0\0\0\1\2\3\4\1\54\377\377abcd\276\357\0\0\0\0"), QUERY_FORMERR, true },
    {"TSIG of class IN", 0, {1, 0, 0, 1}, BODY(QUESTION "\1k\0\0\372\0\1\0\0\0\0\0\27" TSIG_DATA), QUERY_FORMERR, true },
    {"TSIG whose key is a pointer", 0, {1, 0, 0, 1}, BODY(QUESTION "\300\14\0\372\0\377\0\0\0\0\0\27" TSIG_DATA), QUERY_FORMERR, true },
    {"TSIG and octets after it", 0, {1, 0, 0, 1}, BODY(QUESTION TSIG "x"), QUERY_FORMERR, true },
    {"an address record in OPT's place", 0, {1, 0, 0, 1}, BODY(QUESTION "\0\0\1\0\1\0\0\0\0\0\4abcd"), QUERY_FORMERR, true },
    {"AXFR with octets after it", 0, {1, 0, 0, 0}, BODY(QNAME "\0\374\0\1x"), QUERY_FORMERR, true },
    {"type NULL and TSIG's own type", 0, {1, 0, 0, 0}, BODY(QNAME "\0\372\0\1"), QUERY_ANSWER, true },
    {"type 65280, unknown (RFC 3597)", 0, {1, 0, 0, 0}, BODY(QNAME "\377\0\0\1"), QUERY_ANSWER, true },
    {"IXFR and a SOA that is cut", 0, {1, 0, 1, 0}, BODY(QNAME IXFR "\300\14\0\6\0\1\0\0\0\0\0\3ab"), QUERY_FORMERR, true },
    {"IXFR and half a pointer", 0, {1, 0, 1, 0}, BODY(QNAME IXFR "\300"), QUERY_FORMERR, true },
    {"IXFR and no SOA that is counted", 0, {1, 0, 1, 0}, BODY(QNAME IXFR), QUERY_FORMERR, true },
    {"IXFR and a SOA with its whole name", 0, {1, 0, 1, 0}, BODY(QNAME IXFR QNAME SOA), QUERY_REFUSED, true },
    {"IXFR and a SOA of a label and a pointer", 0, {1, 0, 1, 0}, BODY(QNAME IXFR "\1a\300\14" SOA), QUERY_REFUSED, true },
    {"IXFR and a SOA with a label of type 0x80", 0, {1, 0, 1, 0}, BODY(QNAME IXFR "\200\0" SOA), QUERY_FORMERR, true },
    {"IXFR, a SOA and OPT", 0, {1, 0, 1, 1}, BODY(QNAME IXFR "\300\14" SOA OPT("\0\0")), QUERY_REFUSED, true },
    {"IXFR, a SOA and TSIG", 0, {1, 0, 1, 1}, BODY(QNAME IXFR "\300\14" SOA TSIG), QUERY_NOTAUTH, true },
    {"IXFR, a SOA and octets after it", 0, {1, 0, 1, 0}, BODY(QNAME IXFR "\300\14" SOA "x"), QUERY_FORMERR, true },
    {"a SOA with another type", 0, {1, 0, 1, 0}, BODY(QUESTION "\300\14" SOA), QUERY_FORMERR, true },
    {"class HS", 0, {1, 0, 0, 0}, BODY(QNAME "\0\41\0\4"), QUERY_REFUSED, true },
};
/* clang-format on */

static size_t hostile_write(const struct hostile *hostile, uint8_t *octets)
{
    struct wire_writer writer;

    wire_writer_init(&writer, octets, OCTETS_MAX);
    wire_write_u16(&writer, 0xbeef);
    wire_write_u16(&writer, hostile->flags);
    for (size_t i = 0; i < 4; i++) {
        wire_write_u16(&writer, hostile->counts[i]);
    }
    wire_write(&writer, hostile->body, hostile->body_length);
    assert_false(writer.failed);
    return writer.position;
}

/* On the heap and of the exact length, so that AddressSanitizer sees one octet too many. */
static enum query_verdict parse_exactly(struct query *query, const uint8_t *octets, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    enum query_verdict verdict = QUERY_DROP;

    assert_non_null(copy);
    if (length > 0) {
        memcpy(copy, octets, length);
    }
    verdict = query_parse(query, copy, length);
    free(copy);
    return verdict;
}

static void hostile_packets_get_the_verdict_that_most_servers_give(void **state)
{
    uint8_t octets[OCTETS_MAX];
    struct query query;

    (void)state;
    for (size_t i = 0; i < sizeof(hostiles) / sizeof(hostiles[0]); i++) {
        const struct hostile *hostile = &hostiles[i];
        enum query_verdict verdict = parse_exactly(&query, octets, hostile_write(hostile, octets));

        if (verdict != hostile->expected || (query.question != NULL) != hostile->has_question) {
            fail_msg("%s: verdict %d, question %s", hostile->why, (int)verdict,
                     query.question == NULL ? "missing" : "there");
        }
        assert_int_equal(query.id, 0xbeef);
    }
}

static void less_than_a_header_is_met_with_silence(void **state)
{
    const uint8_t octets[12] = {0};
    struct query query;

    (void)state;
    for (size_t length = 0; length < 12; length++) {
        assert_int_equal(parse_exactly(&query, octets, length), QUERY_DROP);
    }
    assert_int_equal(parse_exactly(&query, octets, 12), QUERY_FORMERR);
}

static void every_cut_of_a_good_query_is_refused(void **state)
{
    uint8_t octets[FIXTURE_REQUEST_MAX];
    struct query query;
    size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, 1232);

    (void)state;
    assert_int_equal(parse_exactly(&query, octets, length), QUERY_ANSWER);
    for (size_t cut = 12; cut < length; cut++) {
        assert_int_equal(parse_exactly(&query, octets, cut), QUERY_FORMERR);
    }
}

static void every_octet_may_take_any_value(void **state)
{
    uint8_t octets[FIXTURE_REQUEST_MAX];
    struct query query;
    size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, 1232);
    size_t answered = 0;

    (void)state;
    for (size_t at = 0; at < length; at++) {
        uint8_t kept = octets[at];

        for (unsigned value = 0; value <= 255; value++) {
            octets[at] = (uint8_t)value;
            answered += parse_exactly(&query, octets, length) == QUERY_ANSWER ? 1 : 0;
        }
        octets[at] = kept;
    }
    assert_true(answered > 0);
}

/* Names of one-letter labels: 2 octets each, and the root's 1. */
static void a_name_of_255_octets_is_read_and_one_of_256_is_not(void **state)
{
    uint8_t octets[OCTETS_MAX];
    struct query query;

    (void)state;
    for (size_t octets_of_name = 251; octets_of_name <= 260; octets_of_name++) {
        struct wire_writer writer;
        size_t left = octets_of_name - 1;

        wire_writer_init(&writer, octets, sizeof(octets));
        wire_write(&writer, "\0\1\0\0\0\1\0\0\0\0\0\0", 12);
        if (left % 2 == 1) {
            wire_write(&writer, "\2ab", 3);
            left -= 3;
        }
        for (; left > 0; left -= 2) {
            wire_write(&writer, "\1c", 2);
        }
        wire_write(&writer, "\0\0\41\0\1", 5);
        assert_int_equal(writer.position, 12 + octets_of_name + 4);
        assert_int_equal(parse_exactly(&query, octets, writer.position),
                         octets_of_name <= 255 ? QUERY_ANSWER : QUERY_FORMERR);
    }
}

static void a_label_of_63_octets_is_read_and_one_of_64_is_not(void **state)
{
    uint8_t octets[OCTETS_MAX];
    struct query query;

    (void)state;
    for (uint8_t label = 62; label <= 66; label++) {
        struct wire_writer writer;
        uint8_t letters[66];

        memset(letters, 'a', sizeof(letters));
        wire_writer_init(&writer, octets, sizeof(octets));
        wire_write(&writer, "\0\1\0\0\0\1\0\0\0\0\0\0", 12);
        wire_write_u8(&writer, label);
        wire_write(&writer, letters, label);
        wire_write(&writer, "\0\0\41\0\1", 5);
        assert_int_equal(parse_exactly(&query, octets, writer.position),
                         label <= 63 ? QUERY_ANSWER : QUERY_FORMERR);
    }
}

/* RFC 1035 section 2.3.4 and RFC 4343: labels of every length up to 63, of any octets. */
static void every_name_up_to_255_octets_is_read_whatever_its_labels(void **state)
{
    uint8_t octets[OCTETS_MAX];
    struct query query;

    (void)state;
    for (size_t label = 1; label <= 63; label++) {
        for (size_t labels = 0; labels <= 130; labels++) {
            size_t name_length = labels * (label + 1) + 1;
            struct wire_writer writer;

            if (name_length > 300) {
                break;
            }
            wire_writer_init(&writer, octets, sizeof(octets));
            wire_write(&writer, "\0\1\0\0\0\1\0\0\0\0\0\0", 12);
            for (size_t i = 0; i < labels; i++) {
                wire_write_u8(&writer, (uint8_t)label);
                for (size_t j = 0; j < label; j++) {
                    wire_write_u8(&writer, (uint8_t)(i * 31 + j * 7));
                }
            }
            wire_write(&writer, "\0\0\41\0\1", 5);
            assert_int_equal(parse_exactly(&query, octets, writer.position),
                             name_length <= 255 ? QUERY_ANSWER : QUERY_FORMERR);
        }
    }
}

/* The walk ends, after EDNS_OPTIONS_MAX of them if not before. */
static void the_largest_message_of_options_is_read(void **state)
{
    enum { MESSAGE = 65535, HEAD = 12 + 5 + 11, OPTION = 64 };
    uint8_t *octets = calloc(1, MESSAGE);
    struct query query;
    size_t end = HEAD;

    (void)state;
    assert_non_null(octets);
    memcpy(octets, "\0\1\0\0\0\1\0\0\0\0\0\1\0\0\1\0\1\0\0\51\20\0\0\0\0\0", 26);
    wire_store_u16(octets + HEAD - 2, MESSAGE - HEAD - 3);
    assert_int_equal(parse_exactly(&query, octets, MESSAGE - 3), QUERY_FORMERR); /* empty options */
    for (; end + OPTION <= MESSAGE; end += OPTION) {
        wire_store_u16(octets + end + 2, OPTION - EDNS_OPTION_HEADER);
    }
    wire_store_u16(octets + HEAD - 2, (uint16_t)(end - HEAD));
    assert_int_equal(parse_exactly(&query, octets, end), QUERY_ANSWER);
    wire_store_u16(octets + HEAD - 2, MESSAGE - HEAD);
    assert_int_equal(parse_exactly(&query, octets, MESSAGE), QUERY_FORMERR);
    free(octets);
}

static void the_name_is_lowered_and_the_question_is_kept(void **state)
{
    uint8_t octets[FIXTURE_REQUEST_MAX];
    struct query query;
    struct name expected;
    size_t length = fixture_query(octets, 7, "_WeB._TcP.Sd.eXample.com", 33, 0);

    (void)state;
    assert_int_equal(query_parse(&query, octets, length), QUERY_ANSWER);
    assert_true(name_from_text(&expected, FIXTURE_CLUSTER, NULL));
    assert_true(name_equals(&query.name, &expected));
    assert_ptr_equal(query.question, octets + 12);
    assert_int_equal(query.question_length, length - 12);
    assert_int_equal(query.type, 33);
    assert_false(query.has_edns);
}

static void an_edns_size_below_512_counts_as_512(void **state)
{
    static const struct {
        uint16_t asked;
        uint16_t expected;
    } sizes[] = {
        {1,     512  },
        {511,   512  },
        {512,   512  },
        {513,   513  },
        {8192,  8192 },
        {65535, 65535}
    };
    uint8_t octets[FIXTURE_REQUEST_MAX];
    struct query query;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, sizes[i].asked);

        assert_int_equal(query_parse(&query, octets, length), QUERY_ANSWER);
        assert_true(query.has_edns);
        assert_int_equal(query.edns_size, sizes[i].expected);
    }
}

static void the_do_bit_is_read(void **state)
{
    uint8_t octets[FIXTURE_REQUEST_MAX];
    struct query query;
    size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, 1232);

    (void)state;
    assert_int_equal(query_parse(&query, octets, length), QUERY_ANSWER);
    assert_false(query.dnssec_ok);
    octets[length - 4] = 0x80;
    assert_int_equal(query_parse(&query, octets, length), QUERY_ANSWER);
    assert_true(query.dnssec_ok);
}

/* Whether the response has OPT: RFC 6891 section 6.1.1 and, for two of them, what NSD, Knot and
 * BIND make of it. */
static void opt_is_seen_wherever_it_may_stand(void **state)
{
    static const struct {
        struct hostile packet;
        bool has_edns;
    } packets[] = {
        {{"OPT", 0, {1, 0, 0, 1}, BODY(QUESTION OPT("\0\0")), QUERY_ANSWER, true},                   true},
        {{"OPT and TSIG", 0, {1, 0, 0, 2}, BODY(QUESTION OPT("\0\0") TSIG), QUERY_NOTAUTH, true},
         true                                                                                            },
        {{"IXFR", 0, {1, 0, 1, 1}, BODY(QNAME IXFR "\300\14" SOA OPT("\0\0")), QUERY_REFUSED, true},
         true                                                                                            },
        {{"two OPTs", 0, {1, 0, 0, 2}, BODY(QUESTION OPT("\0\0") OPT("\0\0")), QUERY_FORMERR, true},
         false                                                                                           },
        {{"one as an answer", 0, {1, 1, 0, 0}, BODY(QUESTION OPT("\0\0")), QUERY_FORMERR, false},
         false                                                                                           },
    };
    uint8_t octets[OCTETS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        const struct hostile *packet = &packets[i].packet;
        struct query query;

        if (parse_exactly(&query, octets, hostile_write(packet, octets)) != packet->expected ||
            query.has_edns != packets[i].has_edns) {
            fail_msg("%s", packet->why);
        }
    }
}

/* The owner of an IXFR's SOA is not looked at; it costs no more than a name for all that. */
static void a_soas_owner_of_more_than_a_name_is_refused(void **state)
{
    (void)state;
    for (size_t labels = 120; labels < 200; labels++) {
        uint8_t octets[1024] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0};
        struct wire_writer writer;
        struct query query;

        wire_writer_init(&writer, octets + HEADER_LENGTH, sizeof(octets) - HEADER_LENGTH);
        wire_write(&writer, QNAME IXFR, sizeof(QNAME IXFR) - 1);
        for (size_t i = 0; i < labels; i++) {
            wire_write(&writer, "\1a", 2);
        }
        wire_write(&writer, "\0" SOA, sizeof("\0" SOA) - 1);
        assert_int_equal(query_parse(&query, octets, HEADER_LENGTH + writer.position),
                         labels <= 127 ? QUERY_REFUSED : QUERY_FORMERR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_packets_get_the_verdict_that_most_servers_give),
        cmocka_unit_test(less_than_a_header_is_met_with_silence),
        cmocka_unit_test(every_cut_of_a_good_query_is_refused),
        cmocka_unit_test(every_octet_may_take_any_value),
        cmocka_unit_test(a_name_of_255_octets_is_read_and_one_of_256_is_not),
        cmocka_unit_test(a_label_of_63_octets_is_read_and_one_of_64_is_not),
        cmocka_unit_test(every_name_up_to_255_octets_is_read_whatever_its_labels),
        cmocka_unit_test(the_largest_message_of_options_is_read),
        cmocka_unit_test(the_name_is_lowered_and_the_question_is_kept),
        cmocka_unit_test(an_edns_size_below_512_counts_as_512),
        cmocka_unit_test(the_do_bit_is_read),
        cmocka_unit_test(opt_is_seen_wherever_it_may_stand),
        cmocka_unit_test(a_soas_owner_of_more_than_a_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
