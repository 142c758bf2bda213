/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_reflector.c - sources that get silence.
 */

#include <netinet/udp.h>

#include "server/reflector.h"
#include "tests/unit/server/udp_fixture.h"

static void exactly_the_ports_of_services_that_answer_anything_are_reflectors(void **state)
{
    static const uint16_t ports[] = {0, 7, 13, 17, 19, 37, 69, 123};
    size_t next = 0;

    (void)state;
    for (uint32_t port = 0; port <= UINT16_MAX; port++) {
        bool is_wanted = next < sizeof(ports) / sizeof(ports[0]) && ports[next] == port;

        if (reflector_is_port((uint16_t)port) != is_wanted) {
            fail_msg("port %u", port);
        }
        next += is_wanted ? 1 : 0;
    }
}

static void our_own_addresses_are_told_from_those_of_clients(void **state)
{
    static const struct {
        const char *why;
        const char *source;
        uint16_t port;
        const char *arrived_at; /* NULL: not known */
        bool is_own;
    } rows[] = {
        {"the address that was asked",             "192.0.2.1",    53,   NULL,           true },
        {"another port of it",                     "192.0.2.1",    5353, NULL,           false},
        {"another address of our port",            "192.0.2.2",    53,   NULL,           false},
        {"our second address",                     "192.0.2.9",    5300, NULL,           true },
        {"the first one's port at the second one", "192.0.2.9",    53,   NULL,           false},
        {"a wildcard, asked there",                "198.51.100.4", 5301, "198.51.100.4", true },
        {"a wildcard, asked elsewhere",            "198.51.100.5", 5301, "198.51.100.4", false},
        {"a wildcard, not known where",            "198.51.100.4", 5301, NULL,           false},
        {"IPv6",                                   "2001:db8::1",  53,   NULL,           true },
        {"another IPv6 address",                   "2001:db8::2",  53,   NULL,           false},
    };
    const struct socket_pair listens[] = {
        {.address = fixture_address("192.0.2.1", 53)  },
        {.address = fixture_address("192.0.2.9", 5300)},
        {.address = fixture_address("0.0.0.0",   5301), .is_wildcard = true},
        {.address = fixture_address("2001:db8::1",                                      53)   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage source = fixture_address(rows[i].source, rows[i].port);
        struct address arrived_at = {.length = 0};

        if (rows[i].arrived_at != NULL) {
            assert_true(address_parse(&arrived_at, rows[i].arrived_at));
        }
        if (reflector_is_own(&source, listens, 4, &arrived_at) != rows[i].is_own) {
            fail_msg("%s", rows[i].why);
        }
        assert_false(reflector_is_own(&source, listens, 0, &arrived_at));
    }
}

/* Only a raw socket can send from any port; -1 where that is not allowed. */
static int raw_open(void)
{
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
}

static void raw_send(int raw, uint16_t port, const uint8_t *octets, size_t length,
                     const struct sockaddr_storage *to)
{
    struct {
        struct udphdr header;
        uint8_t octets[FIXTURE_REQUEST_MAX];
    } packet = {.header = {.source = htons(port)}};

    packet.header.dest = htons(socket_port(to));
    packet.header.len = htons((uint16_t)(sizeof(packet.header) + length));
    memcpy(packet.octets, octets, length);
    client_send(raw, &packet, sizeof(packet.header) + length, to);
}

static void queries_from_the_ports_of_reflectors_get_no_answer(void **state)
{
    static const uint16_t ports[] = {0, 7, 13, 17, 19, 37, 69, 123};
    enum { PORTS = sizeof(ports) / sizeof(ports[0]) };
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench bench;
    int raw = raw_open();
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    if (raw < 0) {
        skip();
    }
    bench_open(&bench, "127.0.0.1");
    for (size_t i = 0; i < PORTS; i++) {
        raw_send(raw, ports[i], request, length, &bench.pair.address);
    }
    bench_pump(&bench, PORTS);
    assert_int_equal(bench_count(&bench, COUNTER_DROPPED_SOURCE_PORT), PORTS);
    assert_balanced(&bench);
    (void)close(raw);
    bench_close(&bench);
}

static void a_query_that_says_to_come_from_ourselves_gets_no_answer(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0"};
    uint8_t request[FIXTURE_REQUEST_MAX];
    int raw = raw_open();
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    if (raw < 0) {
        skip();
    }
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        struct sockaddr_storage to;

        bench_open(&bench, hosts[i]);
        bench.serving.listens = &bench.pair;
        bench.serving.listen_count = 1;
        to = fixture_address("127.0.0.1", socket_port(&bench.pair.address));
        raw_send(raw, socket_port(&to), request, length, &to);
        bench_pump(&bench, 1);
        assert_int_equal(bench_count(&bench, COUNTER_DROPPED_OWN_ADDRESS), 1);
        assert_balanced(&bench);
        bench_close(&bench);
    }
    (void)close(raw);
}

/* Whatever is thrown in between two servers that take each other for a client dies there. */
static void two_servers_do_not_talk_to_each_other(void **state)
{
    uint8_t request[FIXTURE_REQUEST_MAX];
    struct bench left;
    struct bench right;
    uint64_t sent = 0;
    int raw = raw_open();

    (void)state;
    if (raw < 0) {
        skip();
    }
    bench_open(&left, "127.0.0.1");
    bench_open(&right, "127.0.0.1");
    for (unsigned flags = 0; flags <= UINT16_MAX; flags += 509) {
        size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, flags % 2 == 0 ? 0 : 4096);

        request[2] = (uint8_t)(flags >> 8);
        request[3] = (uint8_t)flags;
        raw_send(raw, socket_port(&right.pair.address), request, flags % 3 == 0 ? 12 : length,
                 &left.pair.address);
        bench_pump(&left, ++sent);
    }
    bench_pump(&right, sent - bench_count(&left, COUNTER_DROPPED_NO_QUERY));
    assert_true(bench_count(&right, COUNTER_QUERIES_UDP) > 0);
    assert_int_equal(bench_count(&right, COUNTER_DROPPED_NO_QUERY),
                     bench_count(&right, COUNTER_QUERIES_UDP));
    assert_false(is_readable(left.pair.udp_fd, 0));
    assert_false(is_readable(right.pair.udp_fd, 0));
    assert_balanced(&left);
    assert_balanced(&right);
    (void)close(raw);
    bench_close(&left);
    bench_close(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_ports_of_services_that_answer_anything_are_reflectors),
        cmocka_unit_test(our_own_addresses_are_told_from_those_of_clients),
        cmocka_unit_test(queries_from_the_ports_of_reflectors_get_no_answer),
        cmocka_unit_test(a_query_that_says_to_come_from_ourselves_gets_no_answer),
        cmocka_unit_test(two_servers_do_not_talk_to_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
