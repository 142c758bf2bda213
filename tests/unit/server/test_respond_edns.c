/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_respond_edns.c - what goes back in OPT, who is a stranger, and that no set
 * of options makes a response longer than the client takes.
 */

#include <stdlib.h>

#include "server/query.h"
#include "tests/unit/server/respond_fixture.h"
#include "zones/record.h"

enum { REQUEST_MAX = 2048, NOW = 1559731985, OPTIONS_MAX = 600 };

static const struct address loopback = {
    .length = 4, .octets = {127, 0, 0, 1}
};
static const struct address stranger = {
    .length = 4, .octets = {192, 0, 2, 1}
};

static const struct respond_rules rules = {.has_cookies = true,
                                           .cookies = {.current = "0123456789abcdef"},
                                           .nsid = "ns1.sd.example.com",
                                           .nsid_length = 18,
                                           .keepalive = 100};

/* A question as a test wants it. */
struct ask {
    const char *name; /* NULL: no question */
    uint16_t type;
    uint16_t edns_size; /* 0: no OPT */
    const char *options;
    size_t options_length;
    enum transport transport;
    const struct address *client;
};

static size_t ask_write(const struct ask *ask, uint8_t *octets)
{
    size_t length = 12;

    memset(octets, 0, 12);
    octets[11] = 1;
    if (ask->name != NULL) {
        length = fixture_query(octets, 7, ask->name, ask->type, 0);
        octets[11] = ask->edns_size == 0 ? 0 : 1;
    }
    if (ask->edns_size != 0) {
        memset(octets + length, 0, 11);
        octets[length + 2] = RECORD_OPT;
        wire_store_u16(octets + length + 3, ask->edns_size);
        wire_store_u16(octets + length + 9, (uint16_t)ask->options_length);
        memcpy(octets + length + 11, ask->options, ask->options_length);
        length += 11 + ask->options_length;
    }
    return length;
}

/* The response as it is sent: its parts one after the other. */
static size_t flatten(const struct response *response, uint8_t *octets)
{
    size_t length = 0;

    for (size_t i = 0; i < response->part_count; i++) {
        memcpy(octets + length, response->parts[i].iov_base, response->parts[i].iov_len);
        length += response->parts[i].iov_len;
    }
    assert_int_equal(length, response->length);
    return length;
}

static void ask_answer(struct response *response, const struct snapshot *snapshot,
                       const struct ask *ask)
{
    static uint8_t octets[REQUEST_MAX];
    const struct respond_basis basis = {snapshot, &rules, NOW};

    memset(response, 0xa5, sizeof(*response));
    respond(response, &basis, octets, ask_write(ask, octets), ask->transport, ask->client);
}

/* The data of option `code` in the response's OPT, and its length; NULL: it is not there. */
static const uint8_t *option_find(const struct response *response, uint16_t code, size_t *length)
{
    struct edns_request ignored;
    size_t left = fixture_u16(response->opt, 9);
    const uint8_t *at = response->opt + 11;

    assert_true(edns_request_read(&ignored, at, left));
    while (left > 0) {
        *length = fixture_u16(at, 2);
        if (fixture_u16(at, 0) == code) {
            return at + 4;
        }
        at += 4 + *length;
        left -= 4 + *length;
    }
    return NULL;
}

#define OPTIONS(text) text, sizeof(text) - 1
#define CLIENT_COOKIE "\0\12\0\10abcdefgh"
#define BAD_COOKIE "\0\12\0\30abcdefgh\1\0\0\0\0\0\0\0abcdefgh"

static const struct row {
    const char *why;
    struct ask ask;
    enum zone_state state;
    bool is_stale;
    uint16_t rcode;
    int error; /* the code of EDE, -1: none */
    bool has_cookie;
    bool has_nsid;
    bool has_keepalive;
    bool is_stranger;
} rows[] = {
#define UDP TRANSPORT_UDP, &loopback
#define TCP TRANSPORT_TCP, &loopback
#define STRANGER TRANSPORT_UDP, &stranger
  /* clang-format off */
    {"no options", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, false, false},
    {"NSID (RFC 5001)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\3\0\0"), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, true, false, false},
    {"a client's cookie (RFC 7873 section 5.2.3)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(CLIENT_COOKIE), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, true, false, false, false},
    {"a wrong cookie (RFC 7873 section 5.2.4)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(BAD_COOKIE), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, true, false, false, false},
    {"a malformed cookie (section 5.2.2)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\12\0\1x"), UDP}, ZONE_COMPLETE, false, RCODE_FORMERR, -1, false, false, false, false},
    {"keepalive over UDP is ignored (RFC 7828 section 3.3.1)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\13\0\0"), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, false, false},
    {"keepalive with a time over UDP, likewise", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\13\0\2\0\1"), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, false, false},
    {"keepalive over TCP", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\13\0\0"), TCP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, true, false},
    {"keepalive with a time over TCP, which is ignored", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\13\0\2\0\1"), TCP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, true, false},
    {"TCP without keepalive", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(""), TCP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, false, false},
    {"client subnet, padding and an unknown one (RFC 6891 section 6.1.2)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\10\0\4\0\1\0\0\0\14\0\2\0\0\376\0\0\0"), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, false, false, false, false},
    {"a stale answer (RFC 8914 section 4.4)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, true, RCODE_NOERROR, 3, false, false, false, false},
    {"a stale NODATA", {FIXTURE_CLUSTER, 1, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, true, RCODE_NOERROR, 3, false, false, false, false},
    {"a stale NXDOMAIN (section 4.20)", {"no.sd.example.com", 1, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, true, RCODE_NXDOMAIN, 19, false, false, false, false},
    {"not ready (section 4.15)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(""), UDP}, ZONE_LOADING, false, RCODE_SERVFAIL, 14, false, false, false, false},
    {"not ready and stale", {"no.sd.example.com", 33, 8192, OPTIONS(""), UDP}, ZONE_PARTIAL, true, RCODE_SERVFAIL, 14, false, false, false, false},
    {"a stranger (section 4.19)", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(""), STRANGER}, ZONE_COMPLETE, true, RCODE_REFUSED, 18, false, false, false, true},
    {"a stranger's first cookie", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(CLIENT_COOKIE), STRANGER}, ZONE_COMPLETE, false, RCODE_REFUSED, 18, true, false, false, true},
    {"a stranger's wrong cookie", {FIXTURE_CLUSTER, 33, 8192, OPTIONS(BAD_COOKIE), STRANGER}, ZONE_COMPLETE, false, RCODE_REFUSED, 18, true, false, false, true},
    {"another zone (section 4.21)", {"www.example.org", 1, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, true, RCODE_REFUSED, 20, false, false, false, false},
    {"a stranger and another zone", {"www.example.org", 1, 8192, OPTIONS(""), STRANGER}, ZONE_COMPLETE, true, RCODE_REFUSED, 20, false, false, false, true},
    {"a stranger's malformed cookie", {FIXTURE_CLUSTER, 33, 8192, OPTIONS("\0\12\0\1x"), STRANGER}, ZONE_COMPLETE, false, RCODE_FORMERR, -1, false, false, false, true},
    {"no question but a client's cookie (RFC 7873 section 5.4)", {NULL, 0, 8192, OPTIONS(CLIENT_COOKIE), UDP}, ZONE_COMPLETE, false, RCODE_NOERROR, -1, true, false, false, false},
    {"no question but a wrong cookie (section 5.4)", {NULL, 0, 8192, OPTIONS(BAD_COOKIE), UDP}, ZONE_COMPLETE, false, RCODE_BADCOOKIE, -1, true, false, false, false},
    {"a stranger with no question but a wrong cookie", {NULL, 0, 8192, OPTIONS(BAD_COOKIE), STRANGER}, ZONE_COMPLETE, false, RCODE_BADCOOKIE, -1, true, false, false, true},
    {"no question and no cookie", {NULL, 0, 8192, OPTIONS("\0\3\0\0"), UDP}, ZONE_COMPLETE, false, RCODE_FORMERR, -1, false, true, false, false},
    {"AXFR over TCP", {"sd.example.com", 252, 8192, OPTIONS(""), TCP}, ZONE_COMPLETE, false, RCODE_REFUSED, -1, false, false, false, false},
    {"AXFR over UDP (RFC 5936 section 4.2)", {"sd.example.com", 252, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, false, RCODE_NOTIMP, -1, false, false, false, false},
    {"AXFR over TCP of another zone (RFC 5936 section 2.2.1)", {"example.org", 252, 8192, OPTIONS(""), TCP}, ZONE_COMPLETE, false, RCODE_NOTAUTH, -1, false, false, false, false},
    {"AXFR over TCP of a name that is no zone", {FIXTURE_CLUSTER, 252, 8192, OPTIONS(""), TCP}, ZONE_COMPLETE, false, RCODE_NOTAUTH, -1, false, false, false, false},
    {"AXFR over TCP of a zone in capitals", {"SD.EXAMPLE.COM", 252, 8192, OPTIONS(""), TCP}, ZONE_COMPLETE, false, RCODE_REFUSED, -1, false, false, false, false},
    {"AXFR over UDP of another zone", {"example.org", 252, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, false, RCODE_NOTIMP, -1, false, false, false, false},
    {"IXFR over UDP of another zone", {"example.org", 251, 8192, OPTIONS(""), UDP}, ZONE_COMPLETE, false, RCODE_NOTAUTH, -1, false, false, false, false},
    {"a stranger's IXFR of another zone", {"example.org", 251, 8192, OPTIONS(""), STRANGER}, ZONE_COMPLETE, false, RCODE_NOTAUTH, -1, false, false, false, true},
    {"a stranger's AXFR", {"sd.example.com", 252, 8192, OPTIONS(""), STRANGER}, ZONE_COMPLETE, false, RCODE_NOTIMP, -1, false, false, false, true},
  /* clang-format on */
#undef UDP
#undef TCP
#undef STRANGER
};

static void row_check(const struct row *row)
{
    static const struct name origin = {.octets = "\2sd\7example\3com", .length = 16};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, row->state);
    struct response response;
    const uint8_t *error = NULL;
    size_t length = 0;

    snapshot_set_stale(snapshot, &origin, row->is_stale);
    ask_answer(&response, snapshot, &row->ask);
    if (response.rcode != row->rcode || response.is_stranger != row->is_stranger) {
        fail_msg("%s: rcode %u, stranger %d", row->why, response.rcode, response.is_stranger);
    }
    assert_ptr_equal(response.parts[response.part_count - 1].iov_base, response.opt);
    if ((option_find(&response, EDNS_OPTION_COOKIE, &length) != NULL) != row->has_cookie ||
        (option_find(&response, EDNS_OPTION_NSID, &length) != NULL) != row->has_nsid ||
        (option_find(&response, EDNS_OPTION_KEEPALIVE, &length) != NULL) != row->has_keepalive) {
        fail_msg("%s: other options", row->why);
    }
    error = option_find(&response, EDNS_OPTION_ERROR, &length);
    if ((error == NULL) != (row->error == -1) ||
        (error != NULL && (length != 2 || fixture_u16(error, 0) != row->error))) {
        fail_msg("%s: another extended error", row->why);
    }
    assert_int_equal(response.opt[5], row->rcode >> 4);
    assert_int_equal(response.head[3] & FLAG_RCODE, row->rcode & FLAG_RCODE);
    snapshot_unref(snapshot);
}

static void each_option_is_answered_as_its_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row_check(&rows[i]);
    }
}

static void without_rules_no_option_comes_back(void **state)
{
    static const struct ask ask = {
        FIXTURE_CLUSTER, 33,       8192, OPTIONS(CLIENT_COOKIE "\0\3\0\0\0\13\0\0"),
        TRANSPORT_TCP,   &loopback};
    static const struct ask no_question = {NULL,          0,        512, OPTIONS(CLIENT_COOKIE),
                                           TRANSPORT_UDP, &loopback};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    const struct respond_basis basis = {.snapshot = snapshot};
    struct response response;
    uint8_t octets[REQUEST_MAX];

    (void)state;
    respond(&response, &basis, octets, ask_write(&ask, octets), ask.transport, ask.client);
    assert_int_equal(response.rcode, RCODE_NOERROR);
    assert_int_equal(response.parts[response.part_count - 1].iov_len, EDNS_OPT_FIXED);
    respond(&response, &basis, octets, ask_write(&no_question, octets), TRANSPORT_UDP, &loopback);
    assert_int_equal(response.rcode, RCODE_FORMERR);
    snapshot_unref(snapshot);
}

/* What the client learnt from one response makes it no stranger at the next; its answer is the
 * same: no cookie opens what allow-query closes. */
static void a_stranger_that_shows_our_cookie_is_limited_no_more(void **state)
{
    static const struct ask first = {FIXTURE_CLUSTER, 33,       8192, OPTIONS(CLIENT_COOKIE),
                                     TRANSPORT_UDP,   &stranger};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    char options[4 + COOKIE_LENGTH] = {0, EDNS_OPTION_COOKIE, 0, COOKIE_LENGTH};
    struct ask second = first;
    struct response response;
    size_t length = 0;

    (void)state;
    ask_answer(&response, snapshot, &first);
    memcpy(options + 4, option_find(&response, EDNS_OPTION_COOKIE, &length), COOKIE_LENGTH);
    second.options = options;
    second.options_length = sizeof(options);
    ask_answer(&response, snapshot, &second);
    assert_false(response.is_stranger);
    assert_int_equal(response.rcode, RCODE_REFUSED);
    assert_memory_equal(option_find(&response, EDNS_OPTION_COOKIE, &length), options + 4,
                        COOKIE_LENGTH);
    second.name = NULL;
    ask_answer(&response, snapshot, &second);
    assert_int_equal(response.rcode, RCODE_NOERROR);
    second.client = &loopback; /* another address: the cookie is worth nothing */
    ask_answer(&response, snapshot, &second);
    assert_int_equal(response.rcode, RCODE_BADCOOKIE);
    snapshot_unref(snapshot);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static size_t random_options(uint32_t *seed, char *octets)
{
    static const uint8_t codes[] = {3, 8, 10, 11, 12, 15, 200};
    static const uint8_t cookie_lengths[] = {8, 16, 24, 40, 8, 24, 7};
    size_t length = 0;

    for (size_t count = next_random(seed) % 6; count > 0; count--) {
        uint8_t code = codes[next_random(seed) % sizeof(codes)];
        size_t data = next_random(seed) % 60;

        data = code == EDNS_OPTION_COOKIE ? cookie_lengths[next_random(seed) % 7] : data;
        data = code == EDNS_OPTION_KEEPALIVE ? 0 : data;
        octets[length++] = 0;
        octets[length++] = (char)code;
        octets[length++] = 0;
        octets[length++] = (char)data;
        for (size_t i = 0; i < data; i++) {
            octets[length++] = (char)next_random(seed);
        }
    }
    return length;
}

static void no_set_of_options_makes_a_response_too_long(void **state)
{
    static const char *const names[] = {FIXTURE_CLUSTER,
                                        "web.sd.example.com",
                                        "sd.example.com",
                                        "no.sd.example.com",
                                        "www.example.org",
                                        "ip-10-0-1-1.sd.example.com",
                                        NULL};
    static const uint16_t types[] = {33, 1, 6, 16, 255, 252, 65280};
    static const struct name origin = {.octets = "\2sd\7example\3com", .length = 16};
    static struct flat flat;
    struct snapshot *snapshot = fixture_snapshot(700, 65535, ZONE_COMPLETE);
    uint32_t seed = 42;

    (void)state;
    snapshot_set_stale(snapshot, &origin, true);
    for (size_t i = 0; i < 200000; i++) {
        char options[OPTIONS_MAX];
        struct response response;
        uint32_t size = 512 + (i % 2 == 0 ? next_random(&seed) % 65024 : next_random(&seed) % 1000);
        struct ask ask = {.name = names[next_random(&seed) % 7],
                          .type = types[next_random(&seed) % 7],
                          .edns_size = (uint16_t)size,
                          .options = options,
                          .transport = i % 8 == 0 ? TRANSPORT_TCP : TRANSPORT_UDP,
                          .client = i % 16 == 5 ? &stranger : &loopback};

        ask.options_length = random_options(&seed, options);
        ask_answer(&response, snapshot, &ask);
        flat.length = flatten(&response, flat.octets);
        for (size_t j = 0; j < 4; j++) {
            flat.counts[j] = fixture_u16(flat.octets, 4 + 2 * j);
        }
        assert_well_formed(&flat);
        if (ask.transport == TRANSPORT_UDP) {
            assert_true(flat.length <= size && flat.length <= FIXTURE_UDP_SIZE);
        }
    }
    snapshot_unref(snapshot);
}

/* Up to 255 octets, and every letter in it. */
static void random_name_write(struct wire_writer *writer, uint32_t *seed, const char *end)
{
    size_t room = NAME_MAX_LENGTH - strlen(end) - 1;
    size_t wanted = next_random(seed) % 3 == 0 ? room : next_random(seed) % room;
    size_t length = 0;

    while (length + 2 <= wanted) {
        size_t label = 1 + next_random(seed) % 63;

        label = length + 1 + label > wanted ? wanted - length - 1 : label;
        wire_write_u8(writer, (uint8_t)label);
        for (size_t i = 0; i < label; i++) {
            wire_write_u8(writer, (uint8_t)next_random(seed));
        }
        length += 1 + label;
    }
    wire_write(writer, end, strlen(end) + 1);
}

static void random_tsig_write(struct wire_writer *writer, uint32_t *seed)
{
    size_t length_at = 0;

    random_name_write(writer, seed, "");
    wire_write(writer, "\0\372\0\377\0\0\0\0", 8);
    length_at = writer->position;
    wire_write_u16(writer, 0);
    random_name_write(writer, seed, "");
    wire_write(writer, "\0\0\1\2\3\4\1\54\0\4MAC!\276\357\0\0\0\0", 20);
    wire_store_u16(writer->octets + length_at, (uint16_t)(writer->position - length_at - 2));
}

/* Any question and, in three of four requests, OPT; in half of them a signature, too. */
static size_t random_request(uint32_t *seed, uint8_t *octets, uint16_t *size)
{
    static const uint16_t types[] = {33, 1, 255, 252};
    struct wire_writer writer;
    char options[OPTIONS_MAX];
    size_t length = random_options(seed, options);
    bool is_signed = next_random(seed) % 2 == 0;

    *size = next_random(seed) % 4 == 0 ? 0 : (uint16_t)next_random(seed);
    *size = *size % 2 == 1 ? *size % 1500 : *size;
    wire_writer_init(&writer, octets, REQUEST_MAX);
    wire_write(&writer, "\0\7\1\0\0\1\0\0\0\0\0", 11);
    wire_write_u8(&writer, (uint8_t)((*size == 0 ? 0 : 1) + (is_signed ? 1 : 0)));
    random_name_write(&writer, seed, next_random(seed) % 2 == 0 ? "\2sd\7example\3com" : "");
    wire_write_u16(&writer, types[next_random(seed) % 4]);
    wire_write_u16(&writer, 1);
    if (*size != 0) {
        wire_write(&writer, "\0\0\51", 3);
        wire_write_u16(&writer, *size);
        wire_write_u32(&writer, 0);
        wire_write_u16(&writer, (uint16_t)length);
        wire_write(&writer, options, length);
    }
    if (is_signed) {
        random_tsig_write(&writer, seed);
    }
    assert_false(writer.failed);
    return writer.position;
}

static void response_check(const struct response *response, size_t limit)
{
    static struct flat flat;

    flat.length = flatten(response, flat.octets);
    for (size_t i = 0; i < 4; i++) {
        flat.counts[i] = fixture_u16(flat.octets, 4 + 2 * i);
    }
    assert_well_formed(&flat);
    assert_true(flat.length <= limit);
}

/* The longest question, a signature that comes back, every option, no EDNS: all together. */
static void no_question_nor_signature_makes_a_response_too_long(void **state)
{
    static const struct name origin = {.octets = "\2sd\7example\3com", .length = 16};
    struct snapshot *snapshot = fixture_snapshot(20, 65535, ZONE_COMPLETE);
    const struct respond_basis basis = {snapshot, &rules, NOW};
    size_t signatures = 0;
    uint32_t seed = 4711;

    (void)state;
    snapshot_set_stale(snapshot, &origin, true);
    for (size_t i = 0; i < 200000; i++) {
        const struct address *client = i % 3 == 0 ? &stranger : &loopback;
        size_t limit = client == &stranger ? UDP_STRANGER_SIZE : FIXTURE_UDP_SIZE;
        uint8_t octets[REQUEST_MAX];
        uint16_t size = 0;
        size_t length = random_request(&seed, octets, &size);
        struct response response;
        size_t before = 0;

        limit = size < UDP_PLAIN_SIZE ? UDP_PLAIN_SIZE : size < limit ? size : limit;
        memset(&response, 0xa5, sizeof(response));
        respond(&response, &basis, octets, length, TRANSPORT_UDP, client);
        response_check(&response, limit);
        signatures += response.parts[response.part_count - 1].iov_base == response.room.octets;
        before = response.length;
        respond_slip(&response);
        response_check(&response, before);
    }
    assert_true(signatures > 1000);
    snapshot_unref(snapshot);
}

/* RFC 1035 section 6.2: what is asked in every class is not for one of them to settle. */
static void an_answer_for_any_class_is_not_authoritative(void **state)
{
    static const char *const names[] = {FIXTURE_CLUSTER, "no.sd.example.com"};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    const struct respond_basis basis = {snapshot, &rules, NOW};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t octets[FIXTURE_REQUEST_MAX];
        size_t length = fixture_query(octets, 7, names[i], 33, 0);
        struct response response;

        respond(&response, &basis, octets, length, TRANSPORT_UDP, &loopback);
        assert_int_equal(fixture_u16(response.head, 2) & FLAG_AA, FLAG_AA);
        wire_store_u16(octets + length - 2, 255);
        respond(&response, &basis, octets, length, TRANSPORT_UDP, &loopback);
        assert_int_equal(response.rcode, i == 0 ? RCODE_NOERROR : RCODE_NXDOMAIN);
        assert_int_equal(fixture_u16(response.head, 2) & FLAG_AA, 0);
    }
    snapshot_unref(snapshot);
}

/* The extended error is the only option that gives way. */
static void options_win_over_glue_and_the_error_over_nothing(void **state)
{
    static const struct name origin = {.octets = "\2sd\7example\3com", .length = 16};
    struct snapshot *snapshot = fixture_snapshot(20, 65535, ZONE_COMPLETE);
    size_t told = 0;
    size_t untold = 0;

    (void)state;
    for (uint16_t size = 512; size < 1400; size++) {
        struct ask ask = {FIXTURE_CLUSTER, 33, size, OPTIONS("\0\3\0\0"), TRANSPORT_UDP, &loopback};
        struct response fresh;
        struct response stale;
        size_t length = 0;

        snapshot_set_stale(snapshot, &origin, false);
        ask_answer(&fresh, snapshot, &ask);
        snapshot_set_stale(snapshot, &origin, true);
        ask_answer(&stale, snapshot, &ask);
        assert_int_equal(fresh.parts[1].iov_len, stale.parts[1].iov_len);
        assert_non_null(option_find(&stale, EDNS_OPTION_NSID, &length));
        if (option_find(&stale, EDNS_OPTION_ERROR, &length) != NULL) {
            told++;
        } else {
            untold++;
            assert_true(stale.length + EDNS_ERROR_LENGTH > size);
        }
    }
    assert_true(told > 0 && untold > 0);
    snapshot_unref(snapshot);
}

/* RFC 8945 sections 5.2.1 and 5.3.2: NOTAUTH with the error BADKEY, unsigned, TSIG last. */
static void a_signed_request_is_refused_with_badkey(void **state)
{
    static const char tsig[] = "\3key\0\0\372\0\377\0\0\0\0\0\40"
                               "\13hmac-sha256\0\0\0\1\2\3\4\1\54\0\0\276\357\0\0\0\0";
    static const char expected[] = "\3key\0\0\372\0\377\0\0\0\0\0\35"
                                   "\13hmac-sha256\0\0\0\1\2\3\4\1\54\0\0\0\7\0\21\0\0";
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    const struct respond_basis basis = {snapshot, &rules, NOW};
    static struct flat flat;
    struct response response;
    uint8_t octets[REQUEST_MAX];
    const size_t tsig_length = sizeof(tsig) - 1;

    (void)state;
    for (uint16_t edns_size = 0; edns_size <= 1232; edns_size = (uint16_t)(edns_size + 1232)) {
        size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, edns_size);

        memcpy(octets + length, tsig, tsig_length);
        octets[length + 14] = (uint8_t)(tsig_length - 15);
        octets[11]++;
        respond(&response, &basis, octets, length + tsig_length, TRANSPORT_UDP, &loopback);
        assert_int_equal(response.rcode, RCODE_NOTAUTH);
        flat.length = flatten(&response, flat.octets);
        for (size_t j = 0; j < 4; j++) {
            flat.counts[j] = fixture_u16(flat.octets, 4 + 2 * j);
        }
        assert_int_equal(flat.counts[0], 1);
        assert_int_equal(flat.counts[3], edns_size == 0 ? 1 : 2);
        assert_well_formed(&flat);
        assert_memory_equal(flat.octets + flat.length - (sizeof(expected) - 1), expected, 14);
        assert_memory_equal(flat.octets + flat.length - (sizeof(expected) - 1) + 15, expected + 15,
                            sizeof(expected) - 1 - 15);
    }
    snapshot_unref(snapshot);
}

/* Names that fill the message: the refusal comes without its signature rather than too long. */
static void a_signature_that_does_not_fit_is_left_out(void **state)
{
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    const struct respond_basis basis = {snapshot, &rules, NOW};
    uint8_t octets[REQUEST_MAX];

    (void)state;
    for (size_t labels = 1; labels <= 127; labels++) {
        size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, 33, 0);
        struct wire_writer writer;
        struct response response;

        wire_writer_init(&writer, octets + length, sizeof(octets) - length);
        for (size_t i = 0; i < labels; i++) {
            wire_write(&writer, "\1k", 2);
        }
        wire_write(&writer, "\0\0\372\0\377\0\0\0\0\0\24\1a\0\0\0\1\2\3\4\1\54\0\0\276\357\0\0\0\0",
                   30);
        octets[length + 2 * labels + 10] = 19;
        octets[11] = 1;
        respond(&response, &basis, octets, length + writer.position, TRANSPORT_UDP, &loopback);
        assert_true(response.length <= 512);
        if (response.rcode != RCODE_NOTAUTH) {
            fail_msg("%zu labels: rcode %u", labels, response.rcode);
        }
    }
    snapshot_unref(snapshot);
}

static void a_slip_is_a_truncated_response_without_records(void **state)
{
    static const struct ask asks[] = {
        {FIXTURE_CLUSTER,     33, 8192, OPTIONS(""),         TRANSPORT_UDP, &loopback},
        {FIXTURE_CLUSTER,     33, 0,    OPTIONS(""),         TRANSPORT_UDP, &loopback},
        {"no.sd.example.com", 1,  512,  OPTIONS("\0\3\0\0"), TRANSPORT_UDP, &loopback},
        {FIXTURE_CLUSTER,     33, 8192, OPTIONS(""),         TRANSPORT_UDP, &stranger},
    };
    struct snapshot *snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    static struct flat flat;

    (void)state;
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct response response;
        uint16_t rcode = 0;
        size_t before = 0;

        ask_answer(&response, snapshot, &asks[i]);
        rcode = response.rcode;
        before = response.length;
        respond_slip(&response);
        flat.length = flatten(&response, flat.octets);
        for (size_t j = 0; j < 4; j++) {
            flat.counts[j] = fixture_u16(flat.octets, 4 + 2 * j);
        }
        assert_well_formed(&flat);
        assert_true(flat.length <= before);
        assert_true(response.is_truncated && (flat.octets[2] & FLAG_TC >> 8) != 0);
        assert_int_equal(response.rcode, rcode);
        assert_int_equal(flat.counts[0], 1);
        assert_int_equal(flat.counts[1] + flat.counts[2], 0);
        assert_int_equal(flat.counts[3], asks[i].edns_size == 0 ? 0 : 1);
        assert_null(response.mark);
    }
    snapshot_unref(snapshot);
}

/* RFC 7873 section 5.2.3: whoever is there comes back with the cookie, over UDP. */
static void a_slip_to_a_client_with_cookies_is_badcookie(void **state)
{
    static const struct ask ask = {FIXTURE_CLUSTER, 33,       8192, OPTIONS(CLIENT_COOKIE),
                                   TRANSPORT_UDP,   &stranger};
    struct snapshot *snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    struct response response;
    size_t length = 0;

    (void)state;
    ask_answer(&response, snapshot, &ask);
    respond_slip(&response);
    assert_int_equal(response.rcode, RCODE_BADCOOKIE);
    assert_false(response.is_truncated);
    assert_int_equal(fixture_u16(response.head, 2), FLAG_QR | FLAG_RD | 7);
    assert_int_equal(response.opt[5], 1);
    assert_non_null(option_find(&response, EDNS_OPTION_COOKIE, &length));
    snapshot_unref(snapshot);
}

/* 0x20: the letters come back as they were sent. */
static void the_question_comes_back_to_the_octet(void **state)
{
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    uint32_t seed = 7;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        char name[] = FIXTURE_CLUSTER;
        uint8_t octets[FIXTURE_REQUEST_MAX];
        struct response response;
        size_t length = 0;

        for (size_t j = 0; name[j] != '\0'; j++) {
            if (name[j] >= 'a' && name[j] <= 'z' && next_random(&seed) % 2 == 0) {
                name[j] = (char)(name[j] - 'a' + 'A');
            }
        }
        length = fixture_query(octets, 1, name, 33, 0);
        respond(&response, &(struct respond_basis){.snapshot = snapshot}, octets, length,
                TRANSPORT_UDP, &loopback);
        assert_int_equal(response.rcode, RCODE_NOERROR);
        assert_memory_equal(response.head + 12, octets + 12, length - 12);
    }
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_is_answered_as_its_rfc_says),
        cmocka_unit_test(without_rules_no_option_comes_back),
        cmocka_unit_test(a_stranger_that_shows_our_cookie_is_limited_no_more),
        cmocka_unit_test(no_set_of_options_makes_a_response_too_long),
        cmocka_unit_test(no_question_nor_signature_makes_a_response_too_long),
        cmocka_unit_test(an_answer_for_any_class_is_not_authoritative),
        cmocka_unit_test(options_win_over_glue_and_the_error_over_nothing),
        cmocka_unit_test(a_signed_request_is_refused_with_badkey),
        cmocka_unit_test(a_signature_that_does_not_fit_is_left_out),
        cmocka_unit_test(a_slip_is_a_truncated_response_without_records),
        cmocka_unit_test(a_slip_to_a_client_with_cookies_is_badcookie),
        cmocka_unit_test(the_question_comes_back_to_the_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
