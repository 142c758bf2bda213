/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_respond.c - header, sizes and refusals of the responses, and that making
 * one takes no memory.
 */

#include <stdlib.h>

#include "server/query.h"
#include "server/serving.h"
#include "tests/unit/server/respond_fixture.h"

/*
 * Allocations are counted by standing in front of glibc's malloc. A sanitizer stands there
 * already, so its builds do without the count.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
enum { COUNTS_ALLOCATIONS = 0 };
static size_t allocation_count;
#else
enum { COUNTS_ALLOCATIONS = 1 };
static size_t allocation_count;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocation_count++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocation_count++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocation_count++;
    return __libc_realloc(old, size);
}
#endif

enum { OPT_OCTETS = 11 };

static const char FIXTURE_TARGET[] = "ip-10-0-1-1.sd.example.com";

static const struct address loopback = {
    .length = 4, .octets = {127, 0, 0, 1}
};
static const struct address stranger = {
    .length = 4, .octets = {192, 0, 2, 1}
};

static void a_positive_answer_has_the_shape_that_haproxy_wants(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(8, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 0x1234, "_WEB._tcp.SD.example.com", 33, 8192);
    size_t question_length = length - 12 - OPT_OCTETS;

    (void)state;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(fixture_u16(flat.octets, 0), 0x1234);
    assert_int_equal(flat.flags, FLAG_QR | FLAG_AA | FLAG_RD);
    assert_int_equal(flat.counts[0], 1);
    assert_int_equal(flat.counts[1], 8);
    assert_int_equal(flat.counts[2], 0);
    assert_int_equal(flat.counts[3], 8 + 1);
    assert_memory_equal(flat.octets + 12, request + 12, question_length);
    assert_well_formed(&flat);
    /* OPT last, naming the zone's udp-size */
    assert_memory_equal(flat.octets + flat.length - OPT_OCTETS, "\0\0\51\40\0\0\0\0\0\0\0",
                        OPT_OCTETS);
    snapshot_unref(snapshot);
}

static void a_udp_response_is_never_longer_than_allowed(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(400, 65535, ZONE_COMPLETE);

    (void)state;
    for (unsigned size = 512; size <= 65535; size += size < 9000 ? 1 : 997) {
        size_t limit = size < FIXTURE_UDP_SIZE ? size : FIXTURE_UDP_SIZE;
        size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, (uint16_t)size);

        respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
        assert_true(flat.length <= limit);
        assert_true(flat.length > limit - 64); /* and as long as it can be */
        assert_true((flat.flags & FLAG_TC) != 0);
        assert_true(flat.is_truncated);
        assert_well_formed(&flat);
    }
    snapshot_unref(snapshot);
}

static void without_edns_512_octets_are_the_limit_and_no_opt_comes_back(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_true(flat.length <= 512);
    assert_true(flat.counts[1] > 0);
    assert_int_equal(flat.counts[3], 0);
    assert_true((flat.flags & FLAG_TC) != 0);
    assert_well_formed(&flat);
    snapshot_unref(snapshot);
}

static void missing_glue_is_no_truncation(void **state)
{
    enum { MEMBERS = 16 };
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(MEMBERS, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 8192);
    size_t whole = 0;

    (void)state;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    whole = flat.length;
    assert_true(whole > 512);
    /* One octet less: the targets are compressed, nothing is missing. */
    length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, (uint16_t)(whole - 1));
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.counts[1], MEMBERS);
    assert_int_equal(flat.counts[3], MEMBERS + 1);
    assert_true(flat.length < whole - 1);
    assert_well_formed(&flat);
    /* One octet less than that: the last glue goes. */
    length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, (uint16_t)(flat.length - 1));
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.counts[1], MEMBERS);
    assert_int_equal(flat.counts[3], MEMBERS - 1 + 1);
    assert_int_equal(flat.flags & FLAG_TC, 0);
    assert_well_formed(&flat);
    snapshot_unref(snapshot);
}

static void tcp_is_not_cut_by_the_edns_size(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(600, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 512);

    (void)state;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_TCP, &loopback);
    assert_int_equal(flat.counts[1], 600);
    assert_int_equal(flat.counts[3], 600 + 1);
    assert_well_formed(&flat);
    snapshot_unref(snapshot);
}

static void a_set_beyond_64_kib_is_cut_to_what_tcp_carries(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(FIXTURE_MEMBERS_MAX, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 4096);

    (void)state;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_TCP, &loopback);
    assert_true(flat.length > 65535 - 128);
    assert_true((flat.flags & FLAG_TC) != 0 || flat.counts[1] == FIXTURE_MEMBERS_MAX);
    assert_well_formed(&flat);
    snapshot_unref(snapshot);
}

struct outcome {
    const char *why;
    const char *name;
    uint16_t type;
    enum zone_state zone_state;
    const struct address *client;
    uint16_t rcode;
    bool is_authoritative;
    uint16_t answers;
    uint16_t authorities;
};

static const struct outcome outcomes[] = {
    {"an SRV set",                        FIXTURE_CLUSTER,       33,  ZONE_COMPLETE, &loopback, RCODE_NOERROR,  true,  3, 0},
    {"the cluster's A",                   "web.sd.example.com",  1,   ZONE_COMPLETE, &loopback, RCODE_NOERROR,  true,  3,
     0                                                                                                                     },
    {"another type",                      FIXTURE_CLUSTER,       1,   ZONE_COMPLETE, &loopback, RCODE_NOERROR,  true,  0, 1},
    {"an empty non-terminal",             "_tcp.sd.example.com", 33,  ZONE_COMPLETE, &loopback, RCODE_NOERROR,
     true,                                                                                                             0, 1},
    {"no such name",                      "no.sd.example.com",   33,  ZONE_COMPLETE, &loopback, RCODE_NXDOMAIN, true,  0, 1},
    {"the apex",                          "sd.example.com",      6,   ZONE_COMPLETE, &loopback, RCODE_NOERROR,  true,  1, 0},
    {"another zone",                      "www.example.org",     1,   ZONE_COMPLETE, &loopback, RCODE_REFUSED,  false, 0, 0},
    {"the parent",                        "example.com",         6,   ZONE_COMPLETE, &loopback, RCODE_REFUSED,  false, 0, 0},
    {"the root",                          "",                    2,   ZONE_COMPLETE, &loopback, RCODE_REFUSED,  false, 0, 0},
    {"a client that may not ask",         FIXTURE_CLUSTER,       33,  ZONE_COMPLETE, &stranger, RCODE_REFUSED,
     false,                                                                                                            0, 0},
    {"a zone that is loading",            FIXTURE_CLUSTER,       33,  ZONE_LOADING,  &loopback, RCODE_SERVFAIL, false,
     0,                                                                                                                   0},
    {"an unknown name of a partial zone", "no.sd.example.com",   33,  ZONE_PARTIAL,  &loopback,
     RCODE_SERVFAIL,                                                                                            false, 0, 0},
    {"a known name of a partial zone",    FIXTURE_CLUSTER,       33,  ZONE_PARTIAL,  &loopback, RCODE_NOERROR,
     true,                                                                                                             3, 0},
    {"AXFR over UDP",                     "sd.example.com",      252, ZONE_COMPLETE, &loopback, RCODE_NOTIMP,   false, 0, 0},
    {"IXFR over UDP",                     "sd.example.com",      251, ZONE_COMPLETE, &loopback, RCODE_REFUSED,  false, 0, 0},
};

static void each_outcome_has_its_rcode_and_sections(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        const struct outcome *outcome = &outcomes[i];
        struct snapshot *snapshot = fixture_snapshot(3, 65535, outcome->zone_state);
        size_t length = fixture_query(request, 1, outcome->name, outcome->type, 0);
        bool is_authoritative = false;

        respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, outcome->client);
        is_authoritative = (flat.flags & FLAG_AA) != 0;
        if (flat.rcode != outcome->rcode || (flat.flags & FLAG_RCODE) != outcome->rcode ||
            is_authoritative != outcome->is_authoritative || flat.counts[0] != 1 ||
            flat.counts[1] != outcome->answers || flat.counts[2] != outcome->authorities) {
            fail_msg("%s: rcode %u, flags %04x, counts %u %u %u", outcome->why, flat.rcode,
                     flat.flags, flat.counts[0], flat.counts[1], flat.counts[2]);
        }
        assert_well_formed(&flat);
        snapshot_unref(snapshot);
    }
}

static void a_request_that_cannot_be_read_gets_a_bare_header(void **state)
{
    static struct flat flat;
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);

    (void)state;
    respond_flat(&flat, snapshot, (const uint8_t *)"\xab\xcd\1\0\0\1\0\0\0\0\0\0\300\14", 14,
                 TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.length, 12);
    assert_memory_equal(flat.octets, "\xab\xcd\x81\1\0\0\0\0\0\0\0\0", 12);
    /* RFC 8906 section 3.1.4: flags of queries mean nothing with other opcodes. */
    respond_flat(&flat, snapshot, (const uint8_t *)"\xab\xcd\x2f\xf0\0\1\0\0\0\0\0\0", 12,
                 TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.length, 12);
    assert_memory_equal(flat.octets, "\xab\xcd\xa8\4\0\0\0\0\0\0\0\0", 12);
    snapshot_unref(snapshot);
}

static void what_is_no_request_gets_no_response(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    request[2] |= 0x80;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.length, 0);
    respond_flat(&flat, snapshot, request, 11, TRANSPORT_TCP, &loopback);
    assert_int_equal(flat.length, 0);
    snapshot_unref(snapshot);
}

static void a_higher_edns_version_gets_badvers_and_version_0(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 4096);

    (void)state;
    request[length - 5] = 1;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.rcode, RCODE_BADVERS);
    assert_int_equal(flat.flags & FLAG_RCODE, 0);
    assert_int_equal(flat.counts[1], 0);
    assert_int_equal(flat.counts[3], 1);
    assert_memory_equal(flat.octets + flat.length - OPT_OCTETS, "\0\0\51\4\320\1\0\0\0\0\0",
                        OPT_OCTETS);
    snapshot_unref(snapshot);
}

static void rd_cd_and_do_are_copied_and_the_rest_is_not(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 4096);

    (void)state;
    request[2] = 0x07; /* AA, TC, RD */
    request[3] = 0xf0; /* RA, Z, AD, CD */
    request[length - 4] = 0x80;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.flags, FLAG_QR | FLAG_AA | FLAG_RD | FLAG_CD);
    assert_memory_equal(flat.octets + flat.length - OPT_OCTETS, "\0\0\51\40\0\0\0\200\0\0\0",
                        OPT_OCTETS);
    request[2] = 0;
    request[3] = 0;
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.flags, FLAG_QR | FLAG_AA);
    snapshot_unref(snapshot);
}

static void the_longest_name_fits_into_the_smallest_response(void **state)
{
    static struct flat flat;
    uint8_t request[FIXTURE_REQUEST_MAX];
    char name[256] = "";
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);
    size_t length = 0;

    (void)state;
    /* 119 labels of one letter and the zone: 238 + 15 octets, and one label of two letters */
    for (size_t i = 0; i < 118; i++) {
        name[2 * i] = 'a';
        name[2 * i + 1] = '.';
    }
    memcpy(name + 236, "bb.sd.example.com", 18);
    length = fixture_query(request, 1, name, 33, 512);
    assert_int_equal(length, 12 + 255 + 4 + OPT_OCTETS);
    respond_flat(&flat, snapshot, request, length, TRANSPORT_UDP, &loopback);
    assert_int_equal(flat.rcode, RCODE_NXDOMAIN);
    assert_true(flat.length <= 512);
    assert_well_formed(&flat);
    snapshot_unref(snapshot);
}

/* A text is written into the response itself; two of one batch do not disturb each other. */
static void texts_of_targets_lie_in_their_responses(void **state)
{
    static const char *const texts[] = {"\x13instance=i-00000000", "\x13instance=i-00000001"};
    static const char *const targets[] = {"ip-10-0-1-1.sd.example.com",
                                          "ip-10-0-1-2.sd.example.com"};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    struct response responses[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        size_t length = fixture_query(request, 1, targets[i], 16, 0);

        respond(&responses[i], &(struct respond_basis){.snapshot = snapshot}, request, length,
                TRANSPORT_UDP, &loopback);
    }
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *records = responses[i].parts[1].iov_base;

        assert_int_equal(responses[i].part_count, 2);
        assert_memory_equal(records, "\xc0\x0c\0\x10\0\1\0\0\0\x0a", 10);
        assert_int_equal(fixture_u16(records, 10) + 12U, responses[i].parts[1].iov_len);
        assert_memory_equal(records + 12, texts[i], 20);
        assert_null(responses[i].mark);
    }
    snapshot_unref(snapshot);
}

static void responding_takes_no_memory(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
        uint16_t edns_size;
    } queries[] = {
        {FIXTURE_CLUSTER,     33,  8192},
        {FIXTURE_CLUSTER,     33,  0   },
        {FIXTURE_CLUSTER,     1,   1232},
        {FIXTURE_TARGET,      16,  1232},
        {FIXTURE_TARGET,      1,   0   },
        {"no.sd.example.com", 1,   1232},
        {"www.example.org",   1,   1232},
        {"sd.example.com",    252, 0   },
    };
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct response response;
    struct serving serving = {.snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE),
                              .seen = seen_table_new()};
    size_t before = 0;

    (void)state;
    if (COUNTS_ALLOCATIONS == 0) {
        snapshot_unref(serving.snapshot);
        seen_table_free(serving.seen);
        skip();
    }
    free(malloc(1));
    assert_true(allocation_count > 0); /* the counter is really in the way */
    before = allocation_count;
    for (size_t i = 0; i < 100000; i++) {
        size_t which = i % (sizeof(queries) / sizeof(queries[0]));
        size_t length = fixture_query(request, (uint16_t)i, queries[which].name,
                                      queries[which].type, queries[which].edns_size);

        serving_respond(&serving, &response, request, length,
                        i % 2 == 0 ? TRANSPORT_UDP : TRANSPORT_TCP, &loopback);
        serving_note(&serving, &response, &loopback, (uint16_t)i, (int64_t)i);
    }
    assert_int_equal(allocation_count, before);
    snapshot_unref(serving.snapshot);
    seen_table_free(serving.seen);
}

static void only_srv_answers_of_a_cluster_carry_its_mark(void **state)
{
    static const struct {
        const char *why;
        const char *name;
        uint16_t type;
        uint16_t edns_size;
        enum zone_state state;
        const struct address *client;
        bool is_marked;
    } rows[] = {
        {"the cluster",        FIXTURE_CLUSTER,            33,  8192, ZONE_COMPLETE, &loopback, true },
        {"in capitals",        "_WEB._TCP.SD.Example.COM", 33,  8192, ZONE_COMPLETE, &loopback, true },
        {"cut to 512 octets",  FIXTURE_CLUSTER,            33,  0,    ZONE_COMPLETE, &loopback, true },
        {"another type",       FIXTURE_CLUSTER,            1,   8192, ZONE_COMPLETE, &loopback, false},
        {"any type",           FIXTURE_CLUSTER,            255, 8192, ZONE_COMPLETE, &loopback, false},
        {"its addresses",      "web.sd.example.com",       1,   8192, ZONE_COMPLETE, &loopback, false},
        {"an unknown cluster", "_no._tcp.sd.example.com",  33,  8192, ZONE_COMPLETE, &loopback,
         false                                                                                       },
        {"not ready",          FIXTURE_CLUSTER,            33,  8192, ZONE_LOADING,  &loopback, false},
        {"a stranger",         FIXTURE_CLUSTER,            33,  8192, ZONE_COMPLETE, &stranger, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        struct snapshot *snapshot = fixture_snapshot(50, 65535, rows[i].state);
        size_t length = fixture_query(request, 1, rows[i].name, rows[i].type, rows[i].edns_size);
        struct response response;

        memset(&response, 0xa5, sizeof(response));
        respond(&response, &(struct respond_basis){.snapshot = snapshot}, request, length,
                TRANSPORT_UDP, rows[i].client);
        if ((response.mark != NULL) != rows[i].is_marked) {
            fail_msg("%s: marked %d", rows[i].why, response.mark != NULL);
        }
        snapshot_unref(snapshot);
    }
}

/* HAProxy drops an answer over its accepted_payload_size whole, over TCP as well. */
static void an_answer_that_the_client_will_drop_carries_no_mark(void **state)
{
    struct snapshot *snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    static const uint16_t sizes[] = {512, 65535, 0}; /* 0: no EDNS, so no size was named */

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, sizes[i]);
        struct response response;

        respond(&response, &(struct respond_basis){.snapshot = snapshot}, request, length,
                TRANSPORT_TCP, &loopback);
        assert_true(response.length > 512);
        assert_int_equal(response.mark == NULL, sizes[i] == 512);
    }
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_srv_answers_of_a_cluster_carry_its_mark),
        cmocka_unit_test(an_answer_that_the_client_will_drop_carries_no_mark),
        cmocka_unit_test(a_positive_answer_has_the_shape_that_haproxy_wants),
        cmocka_unit_test(a_udp_response_is_never_longer_than_allowed),
        cmocka_unit_test(without_edns_512_octets_are_the_limit_and_no_opt_comes_back),
        cmocka_unit_test(missing_glue_is_no_truncation),
        cmocka_unit_test(tcp_is_not_cut_by_the_edns_size),
        cmocka_unit_test(a_set_beyond_64_kib_is_cut_to_what_tcp_carries),
        cmocka_unit_test(each_outcome_has_its_rcode_and_sections),
        cmocka_unit_test(a_request_that_cannot_be_read_gets_a_bare_header),
        cmocka_unit_test(what_is_no_request_gets_no_response),
        cmocka_unit_test(a_higher_edns_version_gets_badvers_and_version_0),
        cmocka_unit_test(rd_cd_and_do_are_copied_and_the_rest_is_not),
        cmocka_unit_test(the_longest_name_fits_into_the_smallest_response),
        cmocka_unit_test(texts_of_targets_lie_in_their_responses),
        cmocka_unit_test(responding_takes_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
