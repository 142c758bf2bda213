/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_allocations.c - that no answer over UDP takes memory, from the socket and
 * back to it, whatever is asked; promise: a worker allocates nothing per packet.
 *
 * Allocations are counted by standing in front of glibc's malloc. A sanitizer stands there already,
 * so that its builds do without the count.
 */

#include <stdlib.h>

#include "server/udp.h"
#include "tests/unit/server/fixture.h"

static size_t allocation_count;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
enum { COUNTS_ALLOCATIONS = 0 };
#else
enum { COUNTS_ALLOCATIONS = 1 };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

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

void *aligned_alloc(size_t alignment, size_t size)
{
    allocation_count++;
    return __libc_memalign(alignment, size);
}
#endif

enum {
    LARGE_CLUSTERS = 2500, /* with two names each and their targets */
    TYPE_A = 1,
    TYPE_TXT = 16,
    TYPE_SRV = 33,
    TYPE_AXFR = 252,
    QR_AND_NOTIFY = 0xa0,
    OPCODE_NOTIFY = 0x20,
    FLAGS_AT = 2,
    ANSWER_MAX = 65535,
    ROUNDS = 50,
    WAIT_MS = 10,
    WAITS_MAX = 1000,
};

/* clang-format off */
/* COUNTER_COUNT as the last field: whatever it is, it is answered. */
static const struct {
    const char *why;
    const char *name;
    uint16_t type;
    uint16_t edns_size;
    uint8_t flags;    /* instead of RD alone, when not 0 */
    bool has_cookie;  /* a client's, RFC 7873 section 4 */
    bool is_cut;      /* in the middle of its question */
    enum counter counter;
} requests[] = {
    {"whole",                    FIXTURE_CLUSTER,              TYPE_SRV,  8192, 0, false, false, COUNTER_NOERROR  },
    {"without OPT: truncated",   FIXTURE_CLUSTER,              TYPE_SRV,  0,    0, false, false, COUNTER_TRUNCATED},
    {"with a cookie",            FIXTURE_CLUSTER,              TYPE_SRV,  8192, 0, true,  false, COUNTER_NOERROR  },
    {"all addresses",            "web.sd.example.com",         TYPE_A,    1232, 0, false, false, COUNTER_NOERROR  },
    {"a target's text",          "ip-10-0-1-1.sd.example.com", TYPE_TXT,  1232, 0, false, false, COUNTER_NOERROR  },
    {"a target's address",       "ip-10-0-1-1.sd.example.com", TYPE_A,    0,    0, false, false, COUNTER_NOERROR  },
    {"no such type",             FIXTURE_CLUSTER,              TYPE_TXT,  1232, 0, false, false, COUNTER_NOERROR  },
    {"no such name",             "no.sd.example.com",          TYPE_SRV,  1232, 0, false, false, COUNTER_NXDOMAIN },
    {"a name of many labels",    "a.b.c.d.no.sd.example.com",  TYPE_SRV,  1232, 0, false, false, COUNTER_NXDOMAIN },
    {"another's zone",           "www.example.org",            TYPE_A,    1232, 0, false, false, COUNTER_REFUSED  },
    {"another's, with a cookie", "www.example.org",            TYPE_A,    1232, 0, true,  false, COUNTER_REFUSED  },
    {"a transfer",               "sd.example.com",             TYPE_AXFR, 0,    0, false, false, COUNTER_COUNT    },
    {"cut off",                  FIXTURE_CLUSTER,              TYPE_SRV,  0,    0, false, true,  COUNTER_FORMERR  },
    {"NOTIFY",                   "sd.example.com",             TYPE_A,    0,    OPCODE_NOTIFY, false, false, COUNTER_NOTIMP},
    {"a response",               "sd.example.com",             TYPE_A,    0,    QR_AND_NOTIFY, false, false, COUNTER_DROPPED_NO_QUERY},
};
/* clang-format on */

enum { REQUESTS = sizeof(requests) / sizeof(requests[0]) };

struct bench {
    uv_loop_t loop;
    struct socket_pair pair;
    struct udp_batch *batch;
    struct serving serving;
    struct udp *udp;
    int client;
};

static void bench_open(struct bench *bench, struct snapshot *snapshot)
{
    static const uint8_t hash_key[SIPHASH_KEY_LENGTH] = {42};
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);

    memset(bench, 0, sizeof(*bench));
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_true(socket_pair_open(&bench->pair, &address, NULL));
    bench->batch = udp_batch_new();
    bench->serving.snapshot = snapshot;
    bench->serving.seen = seen_table_new();
    bench->serving.rate_limit = rate_limit_new(hash_key);
    bench->serving.rules.has_cookies = true;
    bench->udp = udp_new(&bench->loop, &bench->pair, bench->batch, &bench->serving, NULL);
    assert_non_null(bench->udp);
    bench->client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(bench->client, (const struct sockaddr *)&bench->pair.address,
                             socket_address_length(&bench->pair.address)),
                     0);
    (void)uv_run(&bench->loop, UV_RUN_NOWAIT); /* the loop's own first steps */
}

static void bench_close(struct bench *bench)
{
    (void)close(bench->client);
    udp_close(bench->udp);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    socket_pair_close(&bench->pair);
    udp_batch_free(bench->batch);
    seen_table_free(bench->serving.seen);
    rate_limit_free(bench->serving.rate_limit);
    snapshot_unref(bench->serving.snapshot);
}

static size_t request_write(uint8_t *octets, size_t index)
{
    static const uint8_t cookie[] = {0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    size_t length = fixture_query(octets, (uint16_t)index, requests[index].name,
                                  requests[index].type, requests[index].edns_size);

    if (requests[index].flags != 0) {
        octets[FLAGS_AT] = requests[index].flags;
    }
    if (requests[index].has_cookie) {
        memcpy(octets + length - 2, cookie, sizeof(cookie)); /* from RDLENGTH on */
        length += sizeof(cookie) - 2;
    }
    return requests[index].is_cut ? length / 2 : length;
}

static uint64_t count_of(const struct bench *bench, enum counter counter)
{
    return counters_get(&bench->serving.counters, counter);
}

/* Every request once in one go, and what comes back is read; returns the server's allocations. */
static size_t round_run(struct bench *bench)
{
    static uint8_t answer[ANSWER_MAX];
    uint64_t wanted = count_of(bench, COUNTER_QUERIES_UDP) + REQUESTS;
    size_t taken = 0;

    for (size_t i = 0; i < REQUESTS; i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        size_t length = request_write(request, i);

        assert_int_equal(send(bench->client, request, length, 0), length);
    }
    for (int i = 0; i < WAITS_MAX && count_of(bench, COUNTER_QUERIES_UDP) < wanted; i++) {
        struct pollfd watched = {.fd = bench->pair.udp_fd, .events = POLLIN};
        size_t before = 0;

        (void)poll(&watched, 1, WAIT_MS);
        before = allocation_count;
        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        taken += allocation_count - before;
    }
    assert_int_equal(count_of(bench, COUNTER_QUERIES_UDP), wanted);
    while (recv(bench->client, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
    }
    return taken;
}

/* Each row really is what it says: alone, it makes its counter grow. */
static void assert_kinds(struct bench *bench)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        uint8_t octets[FIXTURE_REQUEST_MAX];
        static struct response response;
        const struct address client = {
            .length = ADDRESS_V4_LENGTH, .octets = {127, 0, 0, 1}
        };
        uint64_t before = 0;

        if (requests[i].counter == COUNTER_COUNT) {
            continue;
        }
        before = count_of(bench, requests[i].counter);
        serving_respond(&bench->serving, &response, octets, request_write(octets, i), TRANSPORT_UDP,
                        &client);
        if (response.part_count > 0) {
            serving_count(&bench->serving, &response);
        }
        if (count_of(bench, requests[i].counter) != before + 1) {
            fail_msg("%s: rcode %u, not counted as expected", requests[i].why,
                     (unsigned)response.rcode);
        }
    }
}

static void rounds_run(struct snapshot *snapshot, const struct rate_limit_settings *limit)
{
    struct bench bench;
    size_t taken = 0;

    bench_open(&bench, snapshot);
    if (limit->per_second == 0) {
        assert_kinds(&bench);
    }
    rate_limit_set(bench.serving.rate_limit, limit);
    allocation_count = 0;
    free(malloc(1));
    assert_int_equal(allocation_count, COUNTS_ALLOCATIONS); /* the counter is really in the way */
    for (int i = 0; i < ROUNDS; i++) {
        taken += round_run(&bench);
    }
    assert_int_equal(taken, 0);
    if (limit->per_second > 0) {
        assert_true(count_of(&bench, COUNTER_SLIPPED) > 0);
        assert_true(count_of(&bench, COUNTER_DROPPED_RATE_LIMIT) > 0);
    }
    bench_close(&bench);
}

static const struct rate_limit_settings no_limit = {.per_second = 0, .workers = 1};

/* The fixture's zone with `cluster_count` clusters more, for loopback or for nobody. */
static struct snapshot *snapshot_make(size_t cluster_count, bool is_allowed)
{
    struct snapshot *first = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    struct builder *builder = builder_new(NULL);
    struct zone zone = *snapshot_zone(first, 0);
    struct snapshot *snapshot = NULL;

    zone.allow_query_count = is_allowed ? zone.allow_query_count : 0;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    for (size_t i = 0; i <= cluster_count; i++) {
        char name[24] = "web";
        struct member members[50];
        struct cluster cluster = {
            .name = name, .members = members, .member_count = i == 0 ? 50 : 1};

        for (size_t j = 0; j < cluster.member_count; j++) {
            members[j] = (struct member){
                .id = "i-1",
                .az = "az-a",
                .hold = "none",
                .address = {.length = ADDRESS_V4_LENGTH,
                            .octets = {10, (uint8_t)(i >> 8), (uint8_t)(i + (i == 0)),
                                       (uint8_t)(j + 1)}},
                .port = FIXTURE_PORT,
                .weight = 1
            };
        }
        if (i > 0) {
            (void)snprintf(name, sizeof(name), "c%zu", i);
        }
        assert_true(builder_add_cluster(builder, &cluster, NULL));
    }
    snapshot = builder_finish(builder, 1000);
    snapshot_unref(first);
    return snapshot;
}

static void answers_over_udp_take_no_memory(void **state)
{
    (void)state;
    rounds_run(fixture_snapshot(50, 65535, ZONE_COMPLETE), &no_limit);
}

static void strangers_over_their_rate_take_no_memory(void **state)
{
    static const struct rate_limit_settings limit = {.per_second = 1, .slip = 2, .workers = 1};

    (void)state;
    rounds_run(snapshot_make(0, false), &limit);
}

static void answers_out_of_a_large_table_take_no_memory(void **state)
{
    struct snapshot *snapshot = snapshot_make(LARGE_CLUSTERS, true);

    (void)state;
    assert_true(snapshot_is_large(snapshot)); /* so that look-ups are prefetched */
    rounds_run(snapshot, &no_limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_over_udp_take_no_memory),
        cmocka_unit_test(strangers_over_their_rate_take_no_memory),
        cmocka_unit_test(answers_out_of_a_large_table_take_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
