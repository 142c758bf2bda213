/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_worker.c - workers as threads, asked over loopback. The race test is
 * meant for ThreadSanitizer as much as for its own assertions.
 */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "server/socket.h"
#include "server/worker.h"
#include "tests/unit/server/fixture.h"

enum { ANSWER_MAX = 65535, ANSWER_WAIT_MS = 30000, TRIES_MAX = 10000 };

static int client_open(const struct worker *worker, int type)
{
    const struct sockaddr_storage *address = worker_address(worker, 0);
    int fd = socket(address->ss_family, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)address, socket_address_length(address)),
                     0);
    return fd;
}

/* Ask for the cluster over UDP; octets of the answer, 0 when none comes in time. No assertion:
 * also called from other threads. */
static size_t client_ask(int fd, uint16_t id, uint8_t *answer)
{
    uint8_t request[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(request, id, FIXTURE_CLUSTER, 33, 8192);
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    ssize_t count = 0;

    if (send(fd, request, length, 0) != (ssize_t)length || poll(&watched, 1, ANSWER_WAIT_MS) != 1) {
        return 0;
    }
    count = recv(fd, answer, ANSWER_MAX, 0);
    return count < 12 || fixture_u16(answer, 0) != id ? 0 : (size_t)count;
}

/* Ask for the cluster over TCP, and expect an answer. */
static void client_ask_tcp(const struct worker *worker, uint16_t id)
{
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX + 2];
    size_t length = fixture_query(request + 2, id, FIXTURE_CLUSTER, 33, 0);
    int fd = client_open(worker, SOCK_STREAM);

    request[0] = 0;
    request[1] = (uint8_t)length;
    assert_int_equal(send(fd, request, length + 2, 0), length + 2);
    assert_int_equal(recv(fd, answer, 2, MSG_WAITALL), 2);
    length = fixture_u16(answer, 0);
    assert_int_equal(recv(fd, answer, length, MSG_WAITALL), length);
    assert_int_equal(fixture_u16(answer, 0), id);
    (void)close(fd);
}

static void a_worker_answers_over_udp_and_tcp(void **state)
{
    static uint8_t answer[ANSWER_MAX];
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    struct error error = {.text = ""};
    struct worker *worker = worker_new(&address, 1, NULL, snapshot, &error);
    int udp = -1;

    (void)state;
    assert_non_null(worker);
    snapshot_unref(snapshot);
    assert_true(worker_start(worker, &error));
    udp = client_open(worker, SOCK_DGRAM);
    assert_true(client_ask(udp, 4, answer) > 12);
    assert_int_equal(fixture_u16(answer, 6), 3);
    client_ask_tcp(worker, 5);
    assert_int_equal(counters_get(worker_counters(worker), COUNTER_QUERIES_UDP), 1);
    assert_int_equal(counters_get(worker_counters(worker), COUNTER_QUERIES_TCP), 1);
    assert_int_equal(counters_get(worker_counters(worker), COUNTER_NOERROR), 2);
    (void)close(udp);
    worker_free(worker);
}

/* Sockets are bound before there is a table, and packets may wait in them before the thread runs.
 */
static void what_was_published_before_the_start_goes_for_the_first_packet(void **state)
{
    static uint8_t answer[ANSWER_MAX];
    uint8_t request[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(request, 9, FIXTURE_CLUSTER, 33, 8192);
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(7, 65535, ZONE_COMPLETE);
    struct worker *worker = worker_new(&address, 1, NULL, NULL, NULL);
    struct pollfd watched = {.events = POLLIN};

    (void)state;
    assert_non_null(worker);
    watched.fd = client_open(worker, SOCK_DGRAM);
    assert_int_equal(send(watched.fd, request, length, 0), length);
    worker_publish(worker, snapshot);
    assert_true(worker_start(worker, NULL));
    assert_int_equal(poll(&watched, 1, ANSWER_WAIT_MS), 1);
    assert_true(recv(watched.fd, answer, ANSWER_MAX, 0) > 12);
    assert_int_equal(fixture_u16(answer, 6), 7);
    (void)close(watched.fd);
    worker_free(worker);
    snapshot_unref(snapshot);
}

static void a_worker_that_never_started_is_freed(void **state)
{
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(7, 65535, ZONE_COMPLETE);
    struct worker *worker = worker_new(&address, 1, NULL, NULL, NULL);

    (void)state;
    assert_non_null(worker);
    worker_publish(worker, snapshot);
    worker_free(worker);
    snapshot_unref(snapshot);
}

/* Ask for the server's name; how many octets it has, 0: none came back. */
static size_t name_ask(int fd, uint16_t id, uint8_t *answer)
{
    static const uint8_t nsid[] = {4, 0, 3, 0, 0}; /* from the end of RDLENGTH on */
    uint8_t request[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(request, id, FIXTURE_CLUSTER, 1, 8192);
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    ssize_t count = 0;

    memcpy(request + length - 1, nsid, sizeof(nsid));
    length += sizeof(nsid) - 1;
    assert_int_equal(send(fd, request, length, 0), (ssize_t)length);
    assert_int_equal(poll(&watched, 1, ANSWER_WAIT_MS), 1);
    count = recv(fd, answer, ANSWER_MAX, 0);
    assert_true(count > 12 && fixture_u16(answer, 0) == id);
    /* A name of up to 64 octets ends the response, or OPT without options does. */
    for (size_t name = 1; name <= EDNS_NSID_MAX; name++) {
        const uint8_t *option = answer + count - name - 4;

        if (memcmp(option, "\0\3\0", 3) == 0 && option[3] == name) {
            return name;
        }
    }
    return 0;
}

/* Also those that came before the thread ran; of several only the newest matter. */
static void responses_go_by_the_newest_rules(void **state)
{
    static uint8_t answer[ANSWER_MAX];
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    struct worker *worker = worker_new(&address, 1, NULL, snapshot, NULL);
    struct respond_rules rules = {.has_cookies = true, .nsid = "abcdefgh", .nsid_length = 3};
    size_t length = 0;
    int client = -1;

    (void)state;
    assert_non_null(worker);
    snapshot_unref(snapshot);
    worker_set_rules(worker, &(struct respond_rules){.nsid = "x", .nsid_length = 1});
    worker_set_rules(worker, &rules);
    assert_true(worker_start(worker, NULL));
    client = client_open(worker, SOCK_DGRAM);
    assert_int_equal(name_ask(client, 1, answer), 3);
    rules.nsid_length = 8;
    worker_set_rules(worker, &rules);
    for (uint16_t i = 2; i < TRIES_MAX && length != 8; i++) {
        length = name_ask(client, i, answer);
        assert_true(length == 3 || length == 8);
    }
    assert_int_equal(length, 8);
    (void)close(client);
    worker_set_rules(worker, &rules); /* what nobody takes any more is freed */
    worker_free(worker);
}

/* The answer's own member count tells from which table it came. */
static void a_published_table_is_answered_from(void **state)
{
    static uint8_t answer[ANSWER_MAX];
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *loading = fixture_snapshot(0, 0, ZONE_LOADING);
    struct snapshot *loaded = fixture_snapshot(7, 65535, ZONE_COMPLETE);
    struct worker *worker = worker_new(&address, 1, NULL, loading, NULL);
    int client = -1;
    bool is_seen = false;

    (void)state;
    assert_non_null(worker);
    assert_true(worker_start(worker, NULL));
    client = client_open(worker, SOCK_DGRAM);
    assert_true(client_ask(client, 1, answer) > 0);
    assert_int_equal(answer[3] & 0x0f, 2); /* SERVFAIL */
    worker_publish(worker, loaded);
    for (int i = 0; i < TRIES_MAX && !is_seen; i++) {
        assert_true(client_ask(client, (uint16_t)i, answer) > 0);
        is_seen = fixture_u16(answer, 6) == 7;
    }
    assert_true(is_seen);
    (void)close(client);
    worker_free(worker);
    snapshot_unref(loading);
    snapshot_unref(loaded);
}

/* What each of two workers has counted, once that is `expected` together: an answer over UDP is
 * counted after it has left, so that the client may be faster. */
static void siblings_count(struct worker *const workers[2], uint64_t expected, uint64_t queries[2])
{
    uint64_t end_ns = uv_hrtime() + UINT64_C(1000000) * ANSWER_WAIT_MS;

    do {
        for (size_t i = 0; i < 2; i++) {
            queries[i] = counters_get(worker_counters(workers[i]), COUNTER_QUERIES_UDP);
        }
        (void)sched_yield();
    } while (queries[0] + queries[1] < expected && uv_hrtime() < end_ns);
}

static void siblings_share_ports_and_clients(void **state)
{
    enum { WORKERS = 2, CLIENTS = 64 };
    static uint8_t answer[ANSWER_MAX];
    struct sockaddr_storage addresses[2] = {fixture_address("127.0.0.1", 0),
                                            fixture_address("::1", 0)};
    struct snapshot *snapshot = fixture_snapshot(3, 65535, ZONE_COMPLETE);
    struct worker *workers[WORKERS] = {NULL};
    uint64_t queries[WORKERS] = {0};

    (void)state;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = worker_new(addresses, 2, i == 0 ? NULL : workers[0], snapshot, NULL);
        assert_non_null(workers[i]);
        assert_int_equal(socket_port(worker_address(workers[i], 0)),
                         socket_port(worker_address(workers[0], 0)));
        assert_int_equal(socket_port(worker_address(workers[i], 1)),
                         socket_port(worker_address(workers[0], 1)));
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_true(worker_start(workers[i], NULL));
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        int client = client_open(workers[0], SOCK_DGRAM);

        assert_true(client_ask(client, (uint16_t)i, answer) > 0);
        (void)close(client);
    }
    siblings_count(workers, CLIENTS, queries);
    for (size_t i = 0; i < WORKERS; i++) {
        worker_stop(workers[i]);
    }
    assert_int_equal(queries[0] + queries[1], CLIENTS);
    assert_true(queries[0] > 0 && queries[1] > 0);
    for (size_t i = 0; i < WORKERS; i++) {
        worker_free(workers[i]);
    }
    snapshot_unref(snapshot);
}

/* The next table of the cluster, with another weight; takes over the reference to `previous`. */
static struct snapshot *publish_next(struct worker *worker, struct snapshot *previous,
                                     uint16_t weight)
{
    struct snapshot *next = fixture_snapshot_after(previous, 3, weight, ZONE_COMPLETE);

    worker_publish(worker, next);
    snapshot_unref(previous);
    return next;
}

/* Two workers; each client's questions all go to one of them. */
static void what_clients_have_seen_follows_the_published_tables(void **state)
{
    enum { WORKERS = 2, CLIENTS = 8, TABLES = 3 };
    static uint8_t answer[ANSWER_MAX];
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(3, 1, ZONE_COMPLETE);
    struct worker *workers[WORKERS] = {NULL};
    const struct seen_table *tables[WORKERS];
    int clients[CLIENTS];

    (void)state;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = worker_new(&address, 1, workers[0], snapshot, NULL);
        assert_non_null(workers[i]);
        assert_true(worker_start(workers[i], NULL));
        tables[i] = worker_seen(workers[i]);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_open(workers[0], SOCK_DGRAM);
    }
    for (uint16_t table = 1; table <= TABLES; table++) {
        struct seen_client seen[CLIENTS];
        size_t up_to_date = 0;

        for (unsigned try = 0; up_to_date < CLIENTS && try < TRIES_MAX; try++) {
            up_to_date = 0;
            for (size_t i = 0; i < CLIENTS; i++) {
                assert_true(client_ask(clients[i], (uint16_t)try, answer) > 0);
            }
            /* An answer is noted when it has left: the client may be faster than the note. */
            if (fixture_seen(tables, WORKERS, (int64_t)(uv_hrtime() / 1000000), seen, CLIENTS) !=
                CLIENTS) {
                continue;
            }
            for (size_t i = 0; i < CLIENTS; i++) {
                assert_in_range(seen[i].generation, table - 1, table);
                up_to_date += seen[i].generation == table;
            }
        }
        assert_int_equal(up_to_date, CLIENTS);
        snapshot = publish_next(workers[0], snapshot, (uint16_t)(1 + table));
        worker_publish(workers[1], snapshot);
    }
    snapshot_unref(snapshot);
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)close(clients[i]);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        worker_free(workers[i]);
    }
}

static void a_second_server_on_the_same_address_is_refused(void **state)
{
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(1, 65535, ZONE_COMPLETE);
    struct worker *first = worker_new(&address, 1, NULL, snapshot, NULL);
    struct error error = {.text = ""};

    (void)state;
    assert_non_null(first);
    address = *worker_address(first, 0);
    assert_null(worker_new(&address, 1, NULL, snapshot, &error));
    assert_non_null(strstr(error.text, "another process listens there"));
    worker_free(first); /* never started */
    snapshot_unref(snapshot);
}

/* ---- the race ---- */

enum { RACE_TABLES = 10000, RACE_CLIENTS = 2, RACE_MEMBERS = 5 };

struct race {
    struct worker *worker;
    atomic_bool is_over;
    atomic_uint answers;
    atomic_uint wrong;
    _Atomic uint16_t newest; /* the weight in the table published last */
};

/* The weight of an SRV set, or -1 if its members differ: a table is seen whole or not at all. */
static int answer_weight(const uint8_t *answer, size_t length)
{
    size_t at = 12;
    int weight = -1;

    while (at < length && answer[at] != 0) {
        at += 1U + answer[at];
    }
    at += 5;
    for (unsigned i = 0; i < RACE_MEMBERS; i++) {
        if (at + 16 > length || (weight >= 0 && fixture_u16(answer, at + 14) != weight)) {
            return -1;
        }
        weight = fixture_u16(answer, at + 14);
        at += 12U + fixture_u16(answer, at + 10);
    }
    return weight;
}

/* Tables carry growing weights, so one client never sees an older one after a newer. */
static void *race_client(void *argument)
{
    struct race *race = argument;
    uint8_t *answer = malloc(ANSWER_MAX);
    const struct sockaddr_storage *address = worker_address(race->worker, 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int last = 0;

    (void)connect(fd, (const struct sockaddr *)address, socket_address_length(address));
    for (uint16_t id = 0; answer != NULL && !atomic_load(&race->is_over); id++) {
        size_t length = client_ask(fd, id, answer);
        int weight = length == 0 ? -1 : answer_weight(answer, length);

        if (weight < last || weight > atomic_load(&race->newest)) {
            atomic_fetch_add(&race->wrong, 1);
        }
        last = weight;
        atomic_fetch_add(&race->answers, 1);
    }
    (void)close(fd);
    free(answer);
    return NULL;
}

static void ten_thousand_tables_are_swapped_under_load_without_a_lost_answer(void **state)
{
    struct sockaddr_storage address = fixture_address("127.0.0.1", 0);
    struct snapshot *snapshot = fixture_snapshot(RACE_MEMBERS, 1, ZONE_COMPLETE);
    struct race race = {.worker = worker_new(&address, 1, NULL, snapshot, NULL), .newest = 1};
    pthread_t clients[RACE_CLIENTS];

    (void)state;
    snapshot_unref(snapshot);
    assert_non_null(race.worker);
    assert_true(worker_start(race.worker, NULL));
    for (size_t i = 0; i < RACE_CLIENTS; i++) {
        assert_int_equal(pthread_create(&clients[i], NULL, race_client, &race), 0);
    }
    for (unsigned i = 2; i < RACE_TABLES + 2; i++) {
        snapshot = fixture_snapshot(RACE_MEMBERS, (uint16_t)i, ZONE_COMPLETE);
        atomic_store(&race.newest, (uint16_t)i);
        worker_publish(race.worker, snapshot);
        snapshot_unref(snapshot);
        worker_set_rules(race.worker, &(struct respond_rules){.nsid_length = (uint8_t)(i % 64)});
    }
    while (atomic_load(&race.answers) < RACE_CLIENTS) {
        (void)sched_yield();
    }
    atomic_store(&race.is_over, true);
    for (size_t i = 0; i < RACE_CLIENTS; i++) {
        assert_int_equal(pthread_join(clients[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&race.wrong), 0);
    /* UDP is counted after an answer has left, TCP before: with this one all are counted. */
    client_ask_tcp(race.worker, 1);
    assert_int_equal(counters_get(worker_counters(race.worker), COUNTER_NOERROR),
                     atomic_load(&race.answers) + 1);
    worker_free(race.worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_answers_over_udp_and_tcp),
        cmocka_unit_test(what_was_published_before_the_start_goes_for_the_first_packet),
        cmocka_unit_test(a_worker_that_never_started_is_freed),
        cmocka_unit_test(responses_go_by_the_newest_rules),
        cmocka_unit_test(a_published_table_is_answered_from),
        cmocka_unit_test(siblings_share_ports_and_clients),
        cmocka_unit_test(what_clients_have_seen_follows_the_published_tables),
        cmocka_unit_test(a_second_server_on_the_same_address_is_refused),
        cmocka_unit_test(ten_thousand_tables_are_swapped_under_load_without_a_lost_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
