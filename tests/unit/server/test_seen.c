/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_seen.c - who asked and what they have seen, with a clock of our own; and
 * writers beside a reader, for ThreadSanitizer as much as for the assertions.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "server/seen.h"
#include "tests/unit/server/fixture.h"

enum {
    WEB = 0x1234,
    API = 0x5678,
    START_MS = 1000000, /* the beginning of a second */
    SECOND_MS = 1000,
    TCP_PORT = 0,
    TABLES_MAX = 4,
};

static struct address client_number(unsigned number)
{
    return (struct address){
        .length = ADDRESS_V4_LENGTH,
        .octets = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}
    };
}

struct bench {
    struct seen_table *tables[TABLES_MAX];
    size_t table_count;
    struct arena arena;
    struct seen_client *clients;
    size_t count;
};

static void bench_open(struct bench *bench, size_t table_count)
{
    *bench = (struct bench){.table_count = table_count};
    arena_init(&bench->arena);
    for (size_t i = 0; i < table_count; i++) {
        bench->tables[i] = seen_table_new();
    }
}

static void bench_close(struct bench *bench)
{
    for (size_t i = 0; i < bench->table_count; i++) {
        seen_table_free(bench->tables[i]);
    }
    arena_free(&bench->arena);
}

/* Client 1 asks worker `table` for WEB. */
static void bench_note(struct bench *bench, size_t table, uint16_t port, uint64_t generation,
                       int64_t at_ms)
{
    const struct address client = client_number(1);

    seen_note(bench->tables[table], &client, port, WEB, generation, at_ms);
}

static size_t bench_collect(struct bench *bench, uint32_t cluster_key, int64_t now_ms)
{
    bench->count = seen_collect((const struct seen_table *const *)bench->tables, bench->table_count,
                                cluster_key, now_ms, &bench->arena, &bench->clients);
    return bench->count;
}

/* The only client there is. */
static const struct seen_client *bench_client(struct bench *bench, int64_t now_ms)
{
    assert_int_equal(bench_collect(bench, WEB, now_ms), 1);
    return &bench->clients[0];
}

static void nobody_has_asked_an_empty_table(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, 2);
    assert_int_equal(bench_collect(&bench, WEB, START_MS), 0);
    assert_int_equal(seen_lost_count(bench.tables[0]), 0);
    bench_close(&bench);
}

static void a_client_is_told_of_with_its_newest_generation_and_since_when(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;
    const struct address expected = client_number(1);

    (void)state;
    bench_open(&bench, 1);
    for (int64_t second = 0; second < 10; second++) {
        bench_note(&bench, 0, 4000, second < 6 ? 7 : 9, START_MS + second * SECOND_MS + 3);
    }
    client = bench_client(&bench, START_MS + 9 * SECOND_MS + 500);
    assert_int_equal(address_compare(&client->address, &expected), 0);
    assert_int_equal(client->port, 4000);
    assert_int_equal(client->generation, 9);
    assert_int_equal(client->first_ms, START_MS + 6 * SECOND_MS + 3);
    assert_int_equal(client->last_ms, START_MS + 9 * SECOND_MS + 3);
    assert_false(client->is_gone);
    bench_close(&bench);
}

static void clusters_are_told_apart(void **state)
{
    struct bench bench;
    const struct address client = client_number(1);

    (void)state;
    bench_open(&bench, 1);
    seen_note(bench.tables[0], &client, 4000, WEB, 1, START_MS);
    seen_note(bench.tables[0], &client, 4000, API, 2, START_MS);
    assert_int_equal(bench_collect(&bench, WEB, START_MS), 1);
    assert_int_equal(bench.clients[0].generation, 1);
    assert_int_equal(bench_collect(&bench, API, START_MS), 1);
    assert_int_equal(bench.clients[0].generation, 2);
    bench_close(&bench);
}

static void udp_ports_of_one_address_are_clients_of_their_own_in_order(void **state)
{
    struct bench bench;
    const struct address other = client_number(0);

    (void)state;
    bench_open(&bench, 2);
    bench_note(&bench, 0, 5000, 3, START_MS);
    bench_note(&bench, 1, 4000, 2, START_MS + 1);
    seen_note(bench.tables[1], &other, 6000, WEB, 1, START_MS + 2);
    assert_int_equal(bench_collect(&bench, WEB, START_MS + 3), 3);
    assert_int_equal(bench.clients[0].port, 6000);
    assert_int_equal(bench.clients[1].port, 4000);
    assert_int_equal(bench.clients[1].generation, 2);
    assert_int_equal(bench.clients[2].port, 5000);
    assert_int_equal(bench.clients[2].generation, 3);
    bench_close(&bench);
}

static void ipv4_and_ipv6_clients_are_told_apart(void **state)
{
    struct bench bench;
    struct address v4 = client_number(1);
    struct address v6 = {.length = ADDRESS_V6_LENGTH};

    (void)state;
    bench_open(&bench, 1);
    memcpy(v6.octets, v4.octets, ADDRESS_V4_LENGTH);
    seen_note(bench.tables[0], &v6, 4000, WEB, 2, START_MS);
    seen_note(bench.tables[0], &v4, 4000, WEB, 1, START_MS);
    assert_int_equal(bench_collect(&bench, WEB, START_MS), 2);
    assert_int_equal(bench.clients[0].address.length, ADDRESS_V4_LENGTH);
    assert_int_equal(bench.clients[1].address.length, ADDRESS_V6_LENGTH);
    bench_close(&bench);
}

/* A client over UDP that two workers know, as after its path has changed. */
static void the_newest_generation_of_any_worker_counts_over_udp(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;

    (void)state;
    bench_open(&bench, 2);
    bench_note(&bench, 0, 4000, 8, START_MS + 5);
    bench_note(&bench, 1, 4000, 7, START_MS + 9);
    client = bench_client(&bench, START_MS + 10);
    assert_int_equal(client->generation, 8);
    assert_int_equal(client->first_ms, START_MS + 5);
    assert_int_equal(client->last_ms, START_MS + 9);
    bench_close(&bench);
}

/* An answer that had waited for its TCP peer comes after newer ones. */
static void a_late_older_generation_takes_nothing_back(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;

    (void)state;
    bench_open(&bench, 1);
    bench_note(&bench, 0, 4000, 5, START_MS);
    bench_note(&bench, 0, 4000, 4, START_MS + 700);
    client = bench_client(&bench, START_MS + 800);
    assert_int_equal(client->generation, 5);
    assert_int_equal(client->first_ms, START_MS);
    assert_int_equal(client->last_ms, START_MS + 700);
    bench_close(&bench);
}

/* Who asks more often than ten times a second is not written down each time. */
static void a_question_right_after_another_still_shows_a_new_generation(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;

    (void)state;
    bench_open(&bench, 1);
    for (int64_t i = 0; i < 1000; i++) {
        bench_note(&bench, 0, 4000, i < 990 ? 1 : 2, START_MS + i);
    }
    client = bench_client(&bench, START_MS + 1000);
    assert_int_equal(client->generation, 2);
    assert_int_equal(client->first_ms, START_MS + 990);
    assert_in_range(client->last_ms, START_MS + 990, START_MS + 999);
    bench_close(&bench);
}

static void who_has_stopped_asking_is_gone_and_then_forgotten(void **state)
{
    static const struct {
        const char *why;
        int64_t interval_ms;
        unsigned questions;
        int64_t silent_ms;
        size_t count;
        bool is_gone;
    } rows[] = {
        {"every second, just now",          1000,  20, 0,                  1, false},
        {"every second, 10 s ago",          1000,  20, SEEN_GONE_MS,       1, false},
        {"every second, longer ago",        1000,  20, SEEN_GONE_MS + 1,   1, true },
        {"every 15 s, three of them ago",   15000, 5,  45000,              1, false},
        {"every 15 s, longer ago",          15000, 5,  45001,              1, true },
        {"once, 10 s ago",                  0,     1,  SEEN_GONE_MS,       1, false},
        {"once, longer ago",                0,     1,  SEEN_GONE_MS + 1,   1, true },
        {"as long ago as anybody is known", 1000,  20, SEEN_ACTIVE_MS,     1, true },
        {"too long ago",                    1000,  20, SEEN_ACTIVE_MS + 1, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;
        int64_t last_ms = START_MS;

        bench_open(&bench, 1);
        for (unsigned question = 0; question < rows[i].questions; question++) {
            last_ms = START_MS + (int64_t)question * rows[i].interval_ms;
            bench_note(&bench, 0, 4000, 1, last_ms);
        }
        if (bench_collect(&bench, WEB, last_ms + rows[i].silent_ms) != rows[i].count ||
            (bench.count == 1 && bench.clients[0].is_gone != rows[i].is_gone)) {
            fail_msg("%s: %zu clients, gone %d", rows[i].why, bench.count,
                     bench.count == 1 && bench.clients[0].is_gone);
        }
        bench_close(&bench);
    }
}

/* A pause makes us patient for a while, not for ever. */
static void one_long_gap_is_forgotten_after_some_questions(void **state)
{
    struct bench bench;
    int64_t now_ms = START_MS;

    (void)state;
    bench_open(&bench, 1);
    bench_note(&bench, 0, 4000, 1, now_ms);
    now_ms += 60 * SECOND_MS;
    bench_note(&bench, 0, 4000, 1, now_ms);
    assert_false(bench_client(&bench, now_ms + 30 * SECOND_MS)->is_gone);
    for (int i = 0; i < 30; i++) {
        now_ms += SECOND_MS;
        bench_note(&bench, 0, 4000, 1, now_ms);
    }
    assert_true(bench_client(&bench, now_ms + SEEN_GONE_MS + 1)->is_gone);
    bench_close(&bench);
}

static void a_restarted_load_balancer_leaves_its_old_port_behind_as_gone(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, 1);
    for (int64_t second = 0; second < 30; second++) {
        bench_note(&bench, 0, second < 15 ? 4000 : 4001, second < 20 ? 1 : 2,
                   START_MS + second * SECOND_MS);
    }
    assert_int_equal(bench_collect(&bench, WEB, START_MS + 29 * SECOND_MS), 2);
    assert_int_equal(bench.clients[0].generation, 1);
    assert_true(bench.clients[0].is_gone);
    assert_int_equal(bench.clients[1].generation, 2);
    assert_false(bench.clients[1].is_gone);
    bench_close(&bench);
}

static void a_port_that_is_used_again_after_two_minutes_is_somebody_new(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;
    int64_t later_ms = START_MS + SEEN_ACTIVE_MS + SECOND_MS;

    (void)state;
    bench_open(&bench, 1);
    bench_note(&bench, 0, 4000, 9, START_MS);
    bench_note(&bench, 0, 4000, 9, later_ms);
    client = bench_client(&bench, later_ms);
    assert_int_equal(client->first_ms, later_ms);
    assert_false(bench_client(&bench, later_ms + SEEN_GONE_MS)->is_gone);
    assert_true(bench_client(&bench, later_ms + SEEN_GONE_MS + 1)->is_gone);
    bench_close(&bench);
}

/* ---- TCP ---- */

/* `processes` behind one address ask once in the second that begins at `from_ms`, spread over it
 * and over the workers. */
static void tcp_second(struct bench *bench, unsigned processes, uint64_t generation,
                       int64_t from_ms)
{
    for (unsigned i = 0; i < processes; i++) {
        bench_note(bench, i % bench->table_count, TCP_PORT, generation,
                   from_ms + (int64_t)(i * SECOND_MS / processes));
    }
}

static void one_process_over_tcp_has_seen_what_it_got_once(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;

    (void)state;
    bench_open(&bench, 1);
    for (int64_t second = 0; second < 20; second++) {
        tcp_second(&bench, 1, 1, START_MS + second * SECOND_MS);
    }
    tcp_second(&bench, 1, 2, START_MS + 20 * SECOND_MS);
    client = bench_client(&bench, START_MS + 20 * SECOND_MS);
    assert_int_equal(client->port, 0);
    assert_int_equal(client->generation, 2);
    assert_int_equal(client->first_ms, START_MS + 20 * SECOND_MS);
    bench_close(&bench);
}

/* The rule of seen.h, answer by answer: five processes, so the fifth answer counts. */
static void over_tcp_as_many_answers_count_as_there_are_questions_per_interval(void **state)
{
    enum { PROCESSES = 5, LEAD_SECONDS = 12, STEP_MS = SECOND_MS / PROCESSES };
    const int64_t change_ms = START_MS + LEAD_SECONDS * SECOND_MS;

    (void)state;
    for (size_t workers = 1; workers <= 3; workers++) {
        struct bench bench;
        const struct seen_client *client = NULL;

        bench_open(&bench, workers);
        for (int64_t second = 0; second < LEAD_SECONDS; second++) {
            tcp_second(&bench, PROCESSES, 1, START_MS + second * SECOND_MS);
        }
        for (unsigned i = 0; i < PROCESSES; i++) {
            client = bench_client(&bench, change_ms + i * STEP_MS);
            assert_int_equal(client->generation, 1);
            bench_note(&bench, i % workers, TCP_PORT, 2, change_ms + i * STEP_MS);
        }
        client = bench_client(&bench, change_ms + SECOND_MS);
        assert_int_equal(client->generation, 2);
        assert_int_equal(client->first_ms, change_ms + (PROCESSES - 1) * STEP_MS);
        tcp_second(&bench, PROCESSES, 2, change_ms + SECOND_MS);
        client = bench_client(&bench, change_ms + 2 * SECOND_MS);
        assert_int_equal(client->first_ms, change_ms + SECOND_MS - 1); /* to the second, later */
        bench_close(&bench);
    }
}

/* The change falls into the middle of a second. */
static void the_time_of_seeing_over_tcp_is_never_told_too_early(void **state)
{
    enum { PROCESSES = 4, LEAD_SECONDS = 12, STEP_MS = SECOND_MS / PROCESSES };
    const int64_t change_ms = START_MS + LEAD_SECONDS * SECOND_MS + SECOND_MS / 2;

    (void)state;
    for (int64_t later = 0; later < 30; later++) {
        struct bench bench;
        const struct seen_client *client = NULL;
        int64_t now_ms = START_MS;
        int64_t fourth_ms = change_ms + (PROCESSES - 1) * STEP_MS;

        bench_open(&bench, 2);
        for (unsigned i = 0; now_ms <= fourth_ms + later * STEP_MS; i++, now_ms += STEP_MS) {
            bench_note(&bench, i % 2, TCP_PORT, now_ms < change_ms ? 1 : 2, now_ms);
        }
        client = bench_client(&bench, now_ms);
        assert_int_equal(client->generation, 2);
        assert_in_range(client->first_ms, fourth_ms, fourth_ms + SECOND_MS);
        bench_close(&bench);
    }
}

static void a_process_that_ends_is_not_waited_for_after_ten_seconds(void **state)
{
    struct bench bench;
    int64_t now_ms = START_MS;

    (void)state;
    bench_open(&bench, 1);
    for (int second = 0; second < 12; second++, now_ms += SECOND_MS) {
        tcp_second(&bench, 3, 1, now_ms);
    }
    for (int second = 0; second < 10; second++, now_ms += SECOND_MS) {
        tcp_second(&bench, 1, 1, now_ms);
    }
    tcp_second(&bench, 1, 2, now_ms);
    assert_int_equal(bench_client(&bench, now_ms)->generation, 2);
    bench_close(&bench);
}

/* Silence is no proof: the seconds before it still say how many there are. */
static void tcp_clients_that_fall_silent_have_not_seen_more(void **state)
{
    struct bench bench;
    int64_t now_ms = START_MS;

    (void)state;
    bench_open(&bench, 1);
    for (int second = 0; second < 12; second++, now_ms += SECOND_MS) {
        tcp_second(&bench, 3, 1, now_ms);
    }
    tcp_second(&bench, 1, 2, now_ms);
    assert_int_equal(bench_client(&bench, now_ms + 60 * SECOND_MS)->generation, 1);
    assert_true(bench.clients[0].is_gone);
    bench_close(&bench);
}

/* Each answer with a newer generation counts for those before it too. */
static void a_cluster_that_changes_every_second_is_still_seen(void **state)
{
    struct bench bench;
    int64_t now_ms = START_MS;
    uint64_t generation = 1;

    (void)state;
    bench_open(&bench, 3);
    for (; generation <= 30; generation++, now_ms += SECOND_MS) {
        tcp_second(&bench, 7, generation, now_ms);
    }
    bench_note(&bench, 0, TCP_PORT, generation, now_ms);
    assert_int_equal(bench_client(&bench, now_ms)->generation, generation - 1);
    bench_close(&bench);
}

static void generations_that_pass_by_too_fast_are_not_seen_yet(void **state)
{
    struct bench bench;
    const struct seen_client *client = NULL;
    int64_t now_ms = START_MS;

    (void)state;
    bench_open(&bench, 1);
    for (int second = 0; second < 5; second++, now_ms += SECOND_MS) {
        tcp_second(&bench, 9, 1, now_ms);
    }
    for (uint64_t generation = 2; generation < 8; generation++) {
        bench_note(&bench, 0, TCP_PORT, generation, now_ms++);
    }
    client = bench_client(&bench, now_ms);
    assert_int_equal(client->generation, 0);
    assert_int_equal(client->first_ms, client->last_ms);
    bench_close(&bench);
}

/* ---- bounded memory ---- */

static void twenty_load_balancers_of_400_clusters_have_room(void **state)
{
    enum { CLUSTERS = 400, CLIENTS = 20 };
    struct bench bench;

    (void)state;
    bench_open(&bench, 1);
    for (int64_t second = 0; second < 3; second++) {
        for (unsigned i = 0; i < CLUSTERS * CLIENTS; i++) {
            const struct address client = client_number(i % CLIENTS);

            seen_note(bench.tables[0], &client, (uint16_t)(40000 + i % CLIENTS),
                      0x9e3779b9U * (1 + i / CLIENTS), 1, START_MS + second * SECOND_MS);
        }
    }
    for (uint32_t cluster = 1; cluster <= CLUSTERS; cluster++) {
        assert_int_equal(bench_collect(&bench, 0x9e3779b9U * cluster, START_MS + 2 * SECOND_MS),
                         CLIENTS);
    }
    assert_int_equal(seen_lost_count(bench.tables[0]), 0);
    bench_close(&bench);
}

/* One allowed client that asks from ever new ports. */
static void a_flood_of_one_off_questions_pushes_out_no_load_balancer(void **state)
{
    enum { BALANCERS = 100, FLOOD = 65535 };
    struct bench bench;
    const struct address flooder = client_number(99999);
    int64_t now_ms = START_MS;
    size_t found = 0;

    (void)state;
    bench_open(&bench, 1);
    for (int second = 0; second < 6; second++, now_ms += SECOND_MS) {
        for (unsigned i = 0; i < BALANCERS; i++) {
            const struct address client = client_number(i);

            seen_note(bench.tables[0], &client, 4000, WEB, 1, now_ms);
        }
        for (unsigned i = 1; second >= 2 && i <= FLOOD; i++) {
            seen_note(bench.tables[0], &flooder, (uint16_t)i, second % 2 == 0 ? API : WEB, 1,
                      now_ms);
        }
    }
    (void)bench_collect(&bench, WEB, now_ms);
    for (size_t i = 0; i < bench.count; i++) {
        found += address_compare(&bench.clients[i].address, &flooder) != 0;
    }
    assert_int_equal(found, BALANCERS);
    assert_true(bench.count > BALANCERS); /* the flood's last questions are known too */
    assert_int_equal(seen_lost_count(bench.tables[0]), 0);
    bench_close(&bench);
}

static void a_full_neighbourhood_gives_up_who_asked_longest_ago_and_says_so(void **state)
{
    enum { CLIENTS = 3 * SEEN_SLOTS };
    struct bench bench;
    const struct address first = client_number(0);
    const struct address last = client_number(CLIENTS - 1);
    bool has_first = false;
    bool has_last = false;

    (void)state;
    bench_open(&bench, 1);
    for (unsigned i = 0; i < CLIENTS; i++) {
        const struct address client = client_number(i);

        /* two questions each: regular, not one-off */
        seen_note(bench.tables[0], &client, 4000, WEB, 1, START_MS + i / 8);
        seen_note(bench.tables[0], &client, 4000, WEB, 1, START_MS + i / 8 + 1);
    }
    (void)bench_collect(&bench, WEB, START_MS + CLIENTS / 8);
    assert_in_range(bench.count, SEEN_SLOTS - SEEN_SLOTS / 100, SEEN_SLOTS + SEEN_SLOTS / 100);
    for (size_t i = 0; i < bench.count; i++) {
        has_first = has_first || address_compare(&bench.clients[i].address, &first) == 0;
        has_last = has_last || address_compare(&bench.clients[i].address, &last) == 0;
    }
    assert_false(has_first);
    assert_true(has_last);
    assert_int_equal(seen_lost_count(bench.tables[0]), CLIENTS - bench.count);
    bench_close(&bench);
}

static void asking_for_memory_changes_nothing(void **state)
{
    struct bench bench;
    const struct address client = client_number(1);

    (void)state;
    bench_open(&bench, 1);
    seen_prefetch(bench.tables[0], &client, 4000, WEB);
    assert_int_equal(bench_collect(&bench, WEB, START_MS), 0);
    bench_note(&bench, 0, 4000, 3, START_MS);
    seen_prefetch(bench.tables[0], &client, 4000, WEB);
    assert_int_equal(bench_client(&bench, START_MS)->generation, 3);
    assert_int_equal(bench.clients[0].last_ms, START_MS);
    bench_close(&bench);
}

/* Who asks every 15 s and was silent for twenty is no load balancer that has gone. */
static void a_flood_pushes_out_nobody_who_asks_seldom(void **state)
{
    enum { SELDOM = 100, INTERVAL_MS = 15000, SILENT_MS = 20000, FLOOD = 4 * SEEN_SLOTS };
    struct bench bench;
    int64_t now_ms = START_MS;
    size_t found = 0;

    (void)state;
    bench_open(&bench, 1);
    for (int question = 0; question < 3; question++, now_ms += INTERVAL_MS) {
        for (unsigned i = 0; i < SELDOM; i++) {
            const struct address client = client_number(i);

            seen_note(bench.tables[0], &client, 4000, WEB, 1, now_ms);
        }
    }
    now_ms += SILENT_MS - INTERVAL_MS;
    for (unsigned i = 0; i < FLOOD; i++) {
        const struct address client = client_number(SELDOM + i);

        seen_note(bench.tables[0], &client, 4000, WEB, 1, now_ms);
    }
    (void)bench_collect(&bench, WEB, now_ms);
    for (size_t i = 0; i < bench.count; i++) {
        const struct address end = client_number(SELDOM);

        found += address_compare(&bench.clients[i].address, &end) < 0;
    }
    assert_int_equal(found, SELDOM);
    assert_int_equal(seen_lost_count(bench.tables[0]), 0);
    bench_close(&bench);
}

/* Who has gone makes room before anybody who asked once, and is not counted as lost. */
static void who_has_gone_is_given_up_first(void **state)
{
    enum { CLIENTS = 2 * SEEN_SLOTS };
    struct bench bench;
    int64_t later_ms = START_MS + SEEN_GONE_MS + SECOND_MS;
    size_t fresh = 0;

    (void)state;
    bench_open(&bench, 1);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct address client = client_number(i);
            int64_t now_ms = round < 2 ? START_MS + round : later_ms;

            if (round < 2 || i >= CLIENTS - SEEN_SLOTS / 2) {
                seen_note(bench.tables[0], &client, (uint16_t)(4000 + (round == 2 ? 1 : 0)), WEB, 1,
                          now_ms);
            }
        }
        if (round == 1) {
            fresh = seen_lost_count(bench.tables[0]);
        }
    }
    assert_int_equal(seen_lost_count(bench.tables[0]), fresh);
    fresh = 0;
    (void)bench_collect(&bench, WEB, later_ms);
    for (size_t i = 0; i < bench.count; i++) {
        fresh += bench.clients[i].port == 4001;
    }
    assert_in_range(fresh, SEEN_SLOTS / 2 - SEEN_SLOTS / 100, SEEN_SLOTS / 2);
    bench_close(&bench);
}

/* What counts questions over TCP stays behind in a slot that a client over UDP gets, and the other
 * way round. */
static void a_slot_tells_nothing_of_who_had_it_before(void **state)
{
    enum { CLIENTS = 2 * SEEN_SLOTS, ROUNDS = 4, PROCESSES = 3 };
    struct bench bench;
    int64_t now_ms = START_MS;

    (void)state;
    bench_open(&bench, 1);
    for (int round = 0; round < ROUNDS; round++, now_ms += SEEN_GONE_MS + SECOND_MS) {
        uint16_t port = round % 2 == 0 ? TCP_PORT : 4000;
        size_t complete = 0;

        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct address client = client_number((unsigned)round * CLIENTS + i);

            for (unsigned j = 0; j < PROCESSES; j++) {
                seen_note(bench.tables[0], &client, port, WEB, (uint64_t)round * 10 + 1, now_ms);
            }
            /* the fewest answers that count, with the newest generation */
            for (unsigned j = 0; j < (port == TCP_PORT ? 2 * PROCESSES - 1 : 1); j++) {
                seen_note(bench.tables[0], &client, port, WEB, (uint64_t)round * 10 + 2,
                          now_ms + SECOND_MS);
            }
        }
        (void)bench_collect(&bench, WEB, now_ms + SECOND_MS);
        for (size_t i = 0; i < bench.count; i++) {
            if (bench.clients[i].last_ms == now_ms + SECOND_MS) {
                assert_int_equal(bench.clients[i].port, port);
                assert_int_equal(bench.clients[i].generation, round * 10 + 2);
                complete++;
            }
        }
        assert_true(complete > SEEN_SLOTS / 2);
    }
    bench_close(&bench);
}

/* Over TCP what is behind the newest generation is told by its distance. */
static void a_generation_too_far_behind_is_forgotten_and_not_taken_for_another(void **state)
{
    static const struct {
        uint64_t first;
        uint64_t second;
        uint64_t expected; /* two processes, the newer generation answered once */
    } rows[] = {
        {1, 2,                        1},
        {1, UINT32_MAX,               1},
        {1, (uint64_t)UINT32_MAX + 1, 1},
        {1, (uint64_t)UINT32_MAX + 2, 0},
        {7, UINT64_MAX,               0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;

        bench_open(&bench, 1);
        tcp_second(&bench, 2, rows[i].first, START_MS);
        bench_note(&bench, 0, TCP_PORT, rows[i].second, START_MS + SECOND_MS);
        assert_int_equal(bench_client(&bench, START_MS + SECOND_MS)->generation, rows[i].expected);
        bench_note(&bench, 0, TCP_PORT, rows[i].second, START_MS + SECOND_MS + 1);
        assert_int_equal(bench_client(&bench, START_MS + SECOND_MS + 1)->generation,
                         rows[i].second);
        bench_close(&bench);
    }
}

/* ---- threads ---- */

enum { RACE_WRITERS = 2, RACE_NOTES = 1000000, RACE_CLIENTS = 40, RACE_STEP = 50 };

struct race {
    struct seen_table *tables[RACE_WRITERS];
    atomic_uint running;
    atomic_bool may_start;
};

struct race_writer {
    struct race *race;
    size_t index;
};

/* Client, generation and time of every note fit together, so that a torn entry shows. */
static void *race_write(void *argument)
{
    const struct race_writer *writer = argument;
    struct race *race = writer->race;

    while (!atomic_load(&race->may_start)) {
    }
    for (unsigned i = 0; i < RACE_NOTES; i++) {
        const struct address client = client_number(i % RACE_CLIENTS);
        uint64_t generation = 1 + i / RACE_STEP;

        seen_note(race->tables[writer->index], &client,
                  (uint16_t)(1000 + i % RACE_CLIENTS + 100 * writer->index), WEB, generation,
                  (int64_t)generation * 3);
    }
    atomic_fetch_sub(&race->running, 1);
    return NULL;
}

/* How many clients do not fit together. */
static unsigned race_look(const struct race *race, unsigned *found)
{
    struct seen_client *clients = NULL;
    struct arena arena;
    size_t count = 0;
    unsigned wrong = 0;

    arena_init(&arena);
    count = seen_collect((const struct seen_table *const *)race->tables, RACE_WRITERS, WEB, 1,
                         &arena, &clients);
    for (size_t i = 0; i < count; i++) {
        unsigned number = clients[i].address.octets[3];
        const struct address expected = client_number(number);

        wrong += address_compare(&clients[i].address, &expected) != 0 ||
                 clients[i].port % 100 != number ||
                 clients[i].last_ms != (int64_t)clients[i].generation * 3 ||
                 clients[i].first_ms != clients[i].last_ms;
    }
    *found = (unsigned)count;
    arena_free(&arena);
    return wrong;
}

static void entries_are_read_whole_while_workers_write(void **state)
{
    struct race race = {.running = RACE_WRITERS};
    struct race_writer writers[RACE_WRITERS];
    pthread_t threads[RACE_WRITERS];
    unsigned wrong = 0;
    unsigned found = 0;

    (void)state;
    for (size_t i = 0; i < RACE_WRITERS; i++) {
        race.tables[i] = seen_table_new();
        writers[i] = (struct race_writer){.race = &race, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, race_write, &writers[i]), 0);
    }
    atomic_store(&race.may_start, true);
    while (atomic_load(&race.running) > 0) {
        wrong += race_look(&race, &found);
    }
    wrong += race_look(&race, &found);
    for (size_t i = 0; i < RACE_WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        seen_table_free(race.tables[i]);
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(found, RACE_WRITERS * RACE_CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_asked_an_empty_table),
        cmocka_unit_test(a_client_is_told_of_with_its_newest_generation_and_since_when),
        cmocka_unit_test(clusters_are_told_apart),
        cmocka_unit_test(udp_ports_of_one_address_are_clients_of_their_own_in_order),
        cmocka_unit_test(ipv4_and_ipv6_clients_are_told_apart),
        cmocka_unit_test(the_newest_generation_of_any_worker_counts_over_udp),
        cmocka_unit_test(a_late_older_generation_takes_nothing_back),
        cmocka_unit_test(a_question_right_after_another_still_shows_a_new_generation),
        cmocka_unit_test(who_has_stopped_asking_is_gone_and_then_forgotten),
        cmocka_unit_test(one_long_gap_is_forgotten_after_some_questions),
        cmocka_unit_test(a_restarted_load_balancer_leaves_its_old_port_behind_as_gone),
        cmocka_unit_test(a_port_that_is_used_again_after_two_minutes_is_somebody_new),
        cmocka_unit_test(one_process_over_tcp_has_seen_what_it_got_once),
        cmocka_unit_test(over_tcp_as_many_answers_count_as_there_are_questions_per_interval),
        cmocka_unit_test(the_time_of_seeing_over_tcp_is_never_told_too_early),
        cmocka_unit_test(a_process_that_ends_is_not_waited_for_after_ten_seconds),
        cmocka_unit_test(tcp_clients_that_fall_silent_have_not_seen_more),
        cmocka_unit_test(a_cluster_that_changes_every_second_is_still_seen),
        cmocka_unit_test(generations_that_pass_by_too_fast_are_not_seen_yet),
        cmocka_unit_test(twenty_load_balancers_of_400_clusters_have_room),
        cmocka_unit_test(a_flood_of_one_off_questions_pushes_out_no_load_balancer),
        cmocka_unit_test(a_full_neighbourhood_gives_up_who_asked_longest_ago_and_says_so),
        cmocka_unit_test(asking_for_memory_changes_nothing),
        cmocka_unit_test(a_flood_pushes_out_nobody_who_asks_seldom),
        cmocka_unit_test(who_has_gone_is_given_up_first),
        cmocka_unit_test(a_slot_tells_nothing_of_who_had_it_before),
        cmocka_unit_test(a_generation_too_far_behind_is_forgotten_and_not_taken_for_another),
        cmocka_unit_test(entries_are_read_whole_while_workers_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
