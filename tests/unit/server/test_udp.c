/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_udp.c - the UDP listener over real sockets on loopback. One thread: the
 * loop is run by hand between sending and receiving.
 */

#include <errno.h>
#include <netinet/udp.h>

#include "server/udp.h"
#include "tests/unit/server/fixture.h"

enum { ANSWER_MAX = 65535, PUMPS_MAX = 1000, PUMP_WAIT_MS = 5 };

struct bench {
    uv_loop_t loop;
    struct socket_pair pair;
    struct udp_batch *batch;
    struct serving serving;
    struct udp *udp;
};

static void bench_open(struct bench *bench, const char *host)
{
    struct sockaddr_storage address = fixture_address(host, 0);

    memset(bench, 0, sizeof(*bench));
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_true(socket_pair_open(&bench->pair, &address, NULL));
    bench->batch = udp_batch_new();
    bench->serving.snapshot = fixture_snapshot(50, 65535, ZONE_COMPLETE);
    bench->udp = udp_new(&bench->loop, &bench->pair, bench->batch, &bench->serving, NULL);
    assert_non_null(bench->udp);
}

static void bench_close(struct bench *bench)
{
    udp_close(bench->udp);
    assert_int_equal(uv_run(&bench->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    socket_pair_close(&bench->pair);
    udp_batch_free(bench->batch);
    snapshot_unref(bench->serving.snapshot);
}

static uint64_t bench_count(const struct bench *bench, enum counter counter)
{
    return counters_get(&bench->serving.counters, counter);
}

/* A client bound to `host`, not connected, as HAProxy 3.3 is. */
static int client_open(const char *host)
{
    struct sockaddr_storage address = fixture_address(host, 0);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, socket_address_length(&address)),
                     0);
    return fd;
}

static void client_send(int fd, const void *octets, size_t length,
                        const struct sockaddr_storage *to)
{
    assert_int_equal(
        sendto(fd, octets, length, 0, (const struct sockaddr *)to, socket_address_length(to)),
        length);
}

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};

    return poll(&watched, 1, wait_ms) == 1;
}

/* Run the loop until the client has something to read; 0 when nothing comes. */
static size_t client_receive(struct bench *bench, int fd, uint8_t *octets,
                             struct sockaddr_storage *from)
{
    for (int i = 0; i < PUMPS_MAX; i++) {
        socklen_t length = sizeof(*from);

        (void)uv_run(&bench->loop, UV_RUN_NOWAIT);
        if (is_readable(fd, PUMP_WAIT_MS)) {
            ssize_t count = recvfrom(fd, octets, ANSWER_MAX, 0, (struct sockaddr *)from, &length);

            assert_true(count > 0);
            return (size_t)count;
        }
    }
    return 0;
}

static void a_query_is_answered_from_the_address_that_was_asked(void **state)
{
    static const struct {
        const char *why;
        const char *listen;
        const char *client;
        const char *asked;
    } cases[] = {
        {"one address",             "127.0.0.1", "127.0.0.1", "127.0.0.1"},
        {"every IPv4 address",      "0.0.0.0",   "127.0.0.1", "127.0.0.1"},
        {"not the route's address", "0.0.0.0",   "127.0.0.1", "127.0.0.7"},
        {"IPv6",                    "::1",       "::1",       "::1"      },
        {"every IPv6 address",      "::",        "::1",       "::1"      },
    };
    uint8_t request[FIXTURE_REQUEST_MAX];
    static uint8_t answer[ANSWER_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        struct sockaddr_storage asked;
        char expected[SOCKET_ADDRESS_TEXT];
        char actual[SOCKET_ADDRESS_TEXT];
        size_t length = fixture_query(request, 0x4242, FIXTURE_CLUSTER, 33, 8192);
        int client = client_open(cases[i].client);

        bench_open(&bench, cases[i].listen);
        asked = fixture_address(cases[i].asked, socket_port(&bench.pair.address));
        client_send(client, request, length, &asked);
        length = client_receive(&bench, client, answer, &from);
        assert_true(length > 512);
        assert_int_equal(fixture_u16(answer, 0), 0x4242);
        assert_int_equal(fixture_u16(answer, 2), 0x8500);
        assert_int_equal(fixture_u16(answer, 6), 50);
        assert_string_equal(socket_address_to_text(&from, actual),
                            socket_address_to_text(&asked, expected));
        (void)close(client);
        bench_close(&bench);
    }
}

static void more_queries_than_one_batch_are_each_answered_once(void **state)
{
    enum { QUERIES = 3 * UDP_BATCH_SIZE + 5 };
    uint8_t request[FIXTURE_REQUEST_MAX];
    static uint8_t answer[ANSWER_MAX];
    unsigned answers[QUERIES] = {0};
    struct bench bench;
    struct sockaddr_storage from;
    int client = client_open("127.0.0.1");

    (void)state;
    bench_open(&bench, "127.0.0.1");
    for (unsigned i = 0; i < QUERIES; i++) {
        size_t length = fixture_query(request, (uint16_t)i, "no.sd.example.com", 1, 0);

        client_send(client, request, length, &bench.pair.address);
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        assert_true(client_receive(&bench, client, answer, &from) > 0);
        assert_true(fixture_u16(answer, 0) < QUERIES);
        answers[fixture_u16(answer, 0)]++;
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        assert_int_equal(answers[i], 1);
    }
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP), QUERIES);
    assert_int_equal(bench_count(&bench, COUNTER_NXDOMAIN), QUERIES);
    (void)close(client);
    bench_close(&bench);
}

/* The good query behind the silent ones proves that they were read, without waiting. */
static void what_gets_no_answer_is_counted_by_its_reason(void **state)
{
    static uint8_t big[UDP_REQUEST_SIZE + 1];
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct sockaddr_storage from;
    int client = client_open("127.0.0.1");
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 1232);

    (void)state;
    bench_open(&bench, "127.0.0.1");
    client_send(client, request, 0, &bench.pair.address);
    client_send(client, request, 11, &bench.pair.address);
    request[2] |= 0x80;
    client_send(client, request, length, &bench.pair.address);
    client_send(client, big, sizeof(big), &bench.pair.address);
    length = fixture_query(request, 77, FIXTURE_CLUSTER, 33, 1232);
    client_send(client, request, length, &bench.pair.address);
    assert_true(client_receive(&bench, client, answer, &from) > 0);
    assert_int_equal(fixture_u16(answer, 0), 77);
    assert_false(is_readable(client, 0));
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_NO_QUERY), 3);
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_OVERSIZE), 1);
    assert_int_equal(bench_count(&bench, COUNTER_NOERROR), 1);
    assert_int_equal(bench_count(&bench, COUNTER_TRUNCATED), 1);
    (void)close(client);
    bench_close(&bench);
}

/* Only a raw socket can send from port 0. */
static void a_query_from_port_0_gets_no_answer(void **state)
{
    struct {
        struct udphdr header;
        uint8_t request[FIXTURE_REQUEST_MAX];
    } packet = {.header = {.source = 0}};
    struct bench bench;
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
    size_t length = fixture_query(packet.request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    if (raw < 0) {
        skip();
    }
    bench_open(&bench, "127.0.0.1");
    packet.header.dest = htons(socket_port(&bench.pair.address));
    packet.header.len = htons((uint16_t)(sizeof(packet.header) + length));
    client_send(raw, &packet, sizeof(packet.header) + length, &bench.pair.address);
    for (int i = 0; i < PUMPS_MAX && bench_count(&bench, COUNTER_DROPPED_SOURCE_PORT) == 0; i++) {
        (void)is_readable(bench.pair.udp_fd, PUMP_WAIT_MS);
        (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_SOURCE_PORT), 1);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP), 0);
    (void)close(raw);
    bench_close(&bench);
}

static void a_wake_up_ends_after_its_share_of_batches(void **state)
{
    enum { QUERIES = UDP_BATCH_SIZE * UDP_BATCHES_PER_WAKE + UDP_BATCH_SIZE };
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    int client = client_open("127.0.0.1");
    size_t length = fixture_query(request, 1, "no.sd.example.com", 1, 0);

    (void)state;
    bench_open(&bench, "127.0.0.1");
    for (unsigned i = 0; i < QUERIES; i++) {
        client_send(client, request, length, &bench.pair.address);
    }
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP),
                     UDP_BATCH_SIZE * UDP_BATCHES_PER_WAKE);
    (void)uv_run(&bench.loop, UV_RUN_NOWAIT);
    assert_int_equal(bench_count(&bench, COUNTER_QUERIES_UDP), QUERIES);
    (void)close(client);
    bench_close(&bench);
}

static size_t bench_seen(const struct bench *bench, struct seen_client *clients, size_t limit)
{
    const struct seen_table *table = bench->serving.seen;

    return fixture_seen(&table, 1, (int64_t)uv_now(&bench->loop), clients, limit);
}

static uint16_t client_port(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return socket_port(&address);
}

/* Refused and unknown names between them are not noted, and do not shift whom an answer is for. */
static void each_port_that_got_a_clusters_srv_answer_is_noted(void **state)
{
    enum { CLIENTS = 3 };
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    struct sockaddr_storage from;
    struct seen_client seen[CLIENTS];
    int clients[CLIENTS];
    int other = client_open("127.0.0.1");
    bool is_noted[CLIENTS] = {false};

    (void)state;
    bench_open(&bench, "127.0.0.1");
    bench.serving.seen = seen_table_new();
    for (size_t i = 0; i < CLIENTS; i++) {
        size_t length = fixture_query(request, 7, "no.example.org", 33, 0);

        clients[i] = client_open("127.0.0.1");
        client_send(other, request, length, &bench.pair.address);
        client_send(other, request, 5, &bench.pair.address);
        length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 8192);
        client_send(clients[i], request, length, &bench.pair.address);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(client_receive(&bench, clients[i], answer, &from) > 0);
    }
    assert_int_equal(bench_seen(&bench, seen, CLIENTS), CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(seen[i].generation, 1);
        assert_int_equal(seen[i].address.octets[0], 127);
        for (size_t j = 0; j < CLIENTS; j++) {
            is_noted[j] = is_noted[j] || seen[i].port == client_port(clients[j]);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(is_noted[i]);
        (void)close(clients[i]);
    }
    (void)close(other);
    seen_table_free(bench.serving.seen);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_port_that_got_a_clusters_srv_answer_is_noted),
        cmocka_unit_test(a_query_is_answered_from_the_address_that_was_asked),
        cmocka_unit_test(more_queries_than_one_batch_are_each_answered_once),
        cmocka_unit_test(what_gets_no_answer_is_counted_by_its_reason),
        cmocka_unit_test(a_query_from_port_0_gets_no_answer),
        cmocka_unit_test(a_wake_up_ends_after_its_share_of_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
