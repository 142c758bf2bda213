/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_serve.c - one worker of ours without AWS: a made-up fleet, whose whole table
 * is built anew and published some times a second from the main thread.
 *
 *     bench_serve CLUSTERS MEMBERS SWAPS-PER-SECOND
 *
 * Prints "ready PORT", serves _c0._tcp.bench.example and so on until SIGTERM, then prints its
 * counters.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/socket.h"
#include "server/worker.h"
#include "zones/arena.h"
#include "zones/builder.h"

enum { ID_SIZE = 24, NANOSECONDS = 1000000000, UDP_SIZE = 65507, TTL_SECONDS = 10 };

struct fleet {
    size_t cluster_count;
    size_t member_count; /* of each cluster */
    struct member *members;
    struct zone zone;
    struct name nameserver;
    struct prefix allowed;
};

static void fleet_init(struct fleet *fleet, size_t cluster_count, size_t member_count)
{
    fleet->cluster_count = cluster_count;
    fleet->member_count = member_count;
    fleet->members = memory_new(cluster_count * member_count * sizeof(struct member));
    for (size_t i = 0; i < cluster_count * member_count; i++) {
        char *id = memory_new(ID_SIZE);

        (void)snprintf(id, ID_SIZE, "i-%017zx", i);
        fleet->members[i] = (struct member){
            .id = id,
            .az = "bench-1a",
            .hold = "none",
            .address = {.length = ADDRESS_V4_LENGTH,
                        .octets = {10, (uint8_t)(100 + (i >> 16)), (uint8_t)(i >> 8), (uint8_t)i}},
            .port = 8443
        };
    }
    if (!name_from_text(&fleet->zone.origin, "bench.example", NULL) ||
        !name_from_text(&fleet->nameserver, "ns1.bench.example", NULL) ||
        !prefix_parse(&fleet->allowed, "127.0.0.0/8", NULL)) {
        abort();
    }
    fleet->zone.ttl_seconds = TTL_SECONDS;
    fleet->zone.negative_ttl_seconds = TTL_SECONDS;
    fleet->zone.nameservers = &fleet->nameserver;
    fleet->zone.nameserver_count = 1;
    fleet->zone.cluster_name = "_{group}._tcp";
    fleet->zone.target_names = TARGET_ADDRESS;
    fleet->zone.udp_size_octets = UDP_SIZE;
    fleet->zone.allow_query = &fleet->allowed;
    fleet->zone.allow_query_count = 1;
}

static void fleet_free(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->cluster_count * fleet->member_count; i++) {
        const char *id = fleet->members[i].id;
        void *memory = NULL;

        memcpy(&memory, &id, sizeof(memory)); /* ours, const only to its readers */
        free(memory);
    }
    free(fleet->members);
}

/* Every weight changes with `round`, so that no table equals the one before. */
static struct snapshot *fleet_build(struct fleet *fleet, uint32_t round, struct snapshot *previous)
{
    struct builder *builder = builder_new(previous);
    struct error error;

    if (!builder_add_zone(builder, &fleet->zone, ZONE_COMPLETE, &error)) {
        (void)fprintf(stderr, "bench_serve: %s\n", error.text);
        _Exit(1);
    }
    for (size_t i = 0; i < fleet->cluster_count; i++) {
        char name[ID_SIZE];
        struct cluster cluster = {.name = name,
                                  .members = fleet->members + i * fleet->member_count,
                                  .member_count = fleet->member_count};

        (void)snprintf(name, sizeof(name), "c%zu", i);
        for (size_t j = 0; j < fleet->member_count; j++) {
            fleet->members[i * fleet->member_count + j].weight = (uint16_t)(1 + round % 65535);
        }
        if (!builder_add_cluster(builder, &cluster, &error)) {
            (void)fprintf(stderr, "bench_serve: %s\n", error.text);
            _Exit(1);
        }
    }
    return builder_finish(builder, round);
}

/* Sleep until the next swap is due; true when SIGTERM or SIGINT came first. */
static bool wait_is_over(const sigset_t *signals, long period_ns)
{
    struct timespec period = {.tv_sec = period_ns / NANOSECONDS,
                              .tv_nsec = period_ns % NANOSECONDS};

    return sigtimedwait(signals, NULL, &period) > 0;
}

static void counters_print(const struct worker *worker, uint32_t swaps)
{
    const struct counters *counters = worker_counters(worker);

    (void)printf("swaps %u\n", (unsigned)swaps);
#define COUNTER_PRINT(constant, metric, label)                                                     \
    (void)printf("%s{%s} %llu\n", metric, label,                                                   \
                 (unsigned long long)counters_get(counters, constant));
    COUNTER_TABLE(COUNTER_PRINT)
#undef COUNTER_PRINT
}

static size_t number(const char *text)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value > 1000000) {
        (void)fprintf(stderr, "bench_serve: \"%s\" is no number up to 1000000\n", text);
        _Exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    struct sockaddr_in *inet = (struct sockaddr_in *)&address;
    struct fleet fleet = {.members = NULL};
    struct snapshot *snapshot = NULL;
    struct worker *worker = NULL;
    struct error error;
    sigset_t signals;
    long period_ns = 0;
    uint32_t round = 1;

    if (argc != 4 || number(argv[1]) == 0 || number(argv[2]) == 0) {
        (void)fprintf(stderr, "usage: bench_serve CLUSTERS MEMBERS SWAPS-PER-SECOND\n");
        return 2;
    }
    period_ns = number(argv[3]) == 0 ? 3600L * NANOSECONDS : NANOSECONDS / (long)number(argv[3]);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    fleet_init(&fleet, number(argv[1]), number(argv[2]));
    inet->sin_family = AF_INET;
    inet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snapshot = fleet_build(&fleet, round, NULL);
    worker = worker_new(&address, 1, NULL, snapshot, &error);
    if (worker == NULL || !worker_start(worker, &error)) {
        (void)fprintf(stderr, "bench_serve: %s\n", error.text);
        return 1;
    }
    (void)printf("ready %u\n", (unsigned)socket_port(worker_address(worker, 0)));
    (void)fflush(stdout);
    while (!wait_is_over(&signals, period_ns)) {
        struct snapshot *next = fleet_build(&fleet, ++round, snapshot);

        worker_publish(worker, next);
        snapshot_unref(snapshot);
        snapshot = next;
    }
    counters_print(worker, round - 1);
    worker_free(worker);
    snapshot_unref(snapshot);
    fleet_free(&fleet);
    return 0;
}
