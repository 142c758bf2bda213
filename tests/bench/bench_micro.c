/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_micro.c - what one query and one member cost, without sockets.
 *
 *     bench_micro [ROUNDS]
 *
 * One line "micro NAME VALUE UNIT" a figure: CPU time of the least disturbed of ROUNDS rounds (7
 * otherwise), allocations, octets. Where another allocator than glibc's is linked in (that of a
 * sanitizer), what it would have to count is left out. Exit: 0 measured and no query allocates, 1 a
 * query does, 2 wrong usage.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/query.h"
#include "server/respond.h"
#include "zones/arena.h"
#include "zones/builder.h"
#include "zones/wire.h"

enum {
    ID_SIZE = 24,
    REQUEST_SIZE = 128,
    REQUESTS = 1024,
    QUERIES = 400000, /* of one round */
    ROUNDS = 7,
    ROUNDS_MAX = 1000,
    TTL_SECONDS = 60,
    EDNS_SIZE = 65507,
};

static const double NS_PER_S = 1e9;

/* What is allocated, of this one thread. */
static struct {
    size_t count;
    bool is_sized; /* follow octets, too: it costs time, so not while time is measured */
    long long octets;
    long long octets_peak;
} allocated;

/* Allocations are counted by standing in front of glibc's malloc; a sanitizer stands there already.
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
enum { ALLOCATIONS_ARE_COUNTED = 1 };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *block);

static void block_forget(void *block)
{
    allocated.octets -= allocated.is_sized ? (long long)malloc_usable_size(block) : 0;
}

static void *block_note(void *block)
{
    allocated.count++;
    if (allocated.is_sized) {
        allocated.octets += (long long)malloc_usable_size(block);
        if (allocated.octets > allocated.octets_peak) {
            allocated.octets_peak = allocated.octets;
        }
    }
    return block;
}

void *malloc(size_t size)
{
    return block_note(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return block_note(__libc_calloc(count, size));
}

/* While it moves a large block, both are there: glibc remaps those, so that only one counts. */
void *realloc(void *old, size_t size)
{
    block_forget(old);
    return block_note(__libc_realloc(old, size));
}

void free(void *block)
{
    block_forget(block);
    __libc_free(block);
}
#else
enum { ALLOCATIONS_ARE_COUNTED = 0 };
#endif

struct fleet {
    size_t cluster_count;
    size_t member_count; /* of each cluster */
    struct member *members;
    char (*ids)[ID_SIZE];
    struct zone zone;
    struct name nameserver;
    struct prefix allowed;
};

struct requests {
    uint8_t octets[REQUESTS][REQUEST_SIZE];
    size_t lengths[REQUESTS];
};

static const struct address client = {
    .length = ADDRESS_V4_LENGTH, .octets = {127, 0, 0, 1}
};

static double cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

static size_t heap_octets(void)
{
    struct mallinfo2 heap = mallinfo2();

    return heap.uordblks + heap.hblkhd;
}

/* Targets "i-0000000.sh.example.com" of 26 octets, as in the data sets. */
static void fleet_init(struct fleet *fleet, size_t cluster_count, size_t member_count)
{
    size_t count = cluster_count * member_count;

    *fleet = (struct fleet){.cluster_count = cluster_count, .member_count = member_count};
    fleet->members = memory_new(count * sizeof(*fleet->members));
    fleet->ids = memory_new(count * sizeof(*fleet->ids));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(fleet->ids[i], ID_SIZE, "i-%07zu", i);
        fleet->members[i] = (struct member){
            .id = fleet->ids[i],
            .az = "bench-1a",
            .hold = "none",
            .address = {.length = ADDRESS_V4_LENGTH,
                        .octets = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
            .port = 8443,
            .weight = 1
        };
    }
    if (!name_from_text(&fleet->zone.origin, "sh.example.com", NULL) ||
        !name_from_text(&fleet->nameserver, "ns1.sh.example.com", NULL) ||
        !prefix_parse(&fleet->allowed, "127.0.0.0/8", NULL)) {
        abort();
    }
    fleet->zone.ttl_seconds = TTL_SECONDS;
    fleet->zone.negative_ttl_seconds = TTL_SECONDS;
    fleet->zone.nameservers = &fleet->nameserver;
    fleet->zone.nameserver_count = 1;
    fleet->zone.cluster_name = "_{group}._tcp";
    fleet->zone.target_names = TARGET_INSTANCE;
    fleet->zone.udp_size_octets = EDNS_SIZE;
    fleet->zone.allow_query = &fleet->allowed;
    fleet->zone.allow_query_count = 1;
}

static void fleet_free(struct fleet *fleet)
{
    free(fleet->members);
    free(fleet->ids);
}

static struct snapshot *fleet_build(const struct fleet *fleet, const struct snapshot *previous)
{
    struct builder *builder = builder_new(previous);
    struct error error;

    if (!builder_add_zone(builder, &fleet->zone, ZONE_COMPLETE, &error)) {
        abort();
    }
    for (size_t i = 0; i < fleet->cluster_count; i++) {
        char name[ID_SIZE];
        struct cluster cluster = {.name = name,
                                  .members = fleet->members + i * fleet->member_count,
                                  .member_count = fleet->member_count};

        (void)snprintf(name, sizeof(name), "c%04zu", i);
        if (!builder_add_cluster(builder, &cluster, &error)) {
            abort();
        }
    }
    return builder_finish(builder, 1);
}

static void weights_change(struct fleet *fleet, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        fleet->members[i].weight = (uint16_t)(1 + fleet->members[i].weight % 60000);
    }
}

/* Questions for SRV of clusters in no order that a cache could guess. */
static void requests_make(struct requests *requests, const struct fleet *fleet)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        char text[64];
        struct name name;
        struct wire_writer writer;

        (void)snprintf(text, sizeof(text), "_c%04zu._tcp.sh.example.com",
                       i * 7919 % fleet->cluster_count);
        if (!name_from_text(&name, text, NULL)) {
            abort();
        }
        wire_writer_init(&writer, requests->octets[i], REQUEST_SIZE);
        wire_write(&writer, "\0\1\1\0\0\1\0\0\0\0\0\1", HEADER_LENGTH);
        wire_write(&writer, name.octets, name.length);
        wire_write(&writer, "\0\41\0\1\0\0\51\377\343\0\0\0\0\0\0", 15);
        requests->lengths[i] = writer.position;
    }
}

/* The steps of an answer, each with those before it. */
enum step { STEP_PARSE, STEP_LOOKUP, STEP_RESPOND, STEP_COUNT };

static const char *const STEPS[STEP_COUNT] = {"parse", "lookup", "respond"};

static size_t step_run(enum step step, const struct snapshot *snapshot,
                       const struct requests *requests, size_t index)
{
    static struct response response;
    static struct lookup_room room;
    struct query query;

    if (step == STEP_RESPOND) {
        respond(&response, &(struct respond_basis){.snapshot = snapshot}, requests->octets[index],
                requests->lengths[index], TRANSPORT_UDP, &client);
        return response.length;
    }
    if (query_parse(&query, requests->octets[index], requests->lengths[index]) != QUERY_ANSWER) {
        abort();
    }
    return step == STEP_PARSE
               ? query.question_length
               : snapshot_lookup(snapshot, &query.name, query.type, &room).answer->length;
}

/* Nanoseconds a query, of the least disturbed round. */
static double step_measure(enum step step, const struct snapshot *snapshot,
                           const struct requests *requests, size_t rounds, size_t *mallocs)
{
    double least = 0;
    volatile size_t sum = 0; /* so that nothing is left out */

    for (size_t round = 0; round < rounds; round++) {
        double start = cpu_ns();
        size_t before = allocated.count;
        double spent = 0;

        for (size_t i = 0; i < QUERIES; i++) {
            sum += step_run(step, snapshot, requests, i % REQUESTS);
        }
        spent = (cpu_ns() - start) / QUERIES;
        *mallocs += allocated.count - before;
        least = round == 0 || spent < least ? spent : least;
    }
    (void)sum;
    return least;
}

/* Returns what one whole response costs. */
static double queries_measure(size_t cluster_count, size_t member_count, size_t rounds,
                              size_t *mallocs)
{
    static struct requests requests;
    struct fleet fleet;
    struct snapshot *snapshot = NULL;
    double respond_ns = 0;

    fleet_init(&fleet, cluster_count, member_count);
    snapshot = fleet_build(&fleet, NULL);
    requests_make(&requests, &fleet);
    for (int step = STEP_PARSE; step < STEP_COUNT; step++) {
        respond_ns = step_measure((enum step)step, snapshot, &requests, rounds, mallocs);
        (void)printf("micro %s-%zux%zu %.1f ns\n", STEPS[step], cluster_count, member_count,
                     respond_ns);
    }
    snapshot_unref(snapshot);
    fleet_free(&fleet);
    return respond_ns;
}

/* Build after build, of which `changed` clusters are new; the least disturbed one in ns. */
static double builds_measure(struct fleet *fleet, struct snapshot **snapshot, size_t changed,
                             size_t rounds)
{
    double least = 0;

    for (size_t round = 0; round < rounds; round++) {
        struct snapshot *next = NULL;
        double start = 0;
        double spent = 0;

        weights_change(fleet, 0, changed * fleet->member_count);
        start = cpu_ns();
        next = fleet_build(fleet, *snapshot);
        spent = cpu_ns() - start;
        least = round == 0 || spent < least ? spent : least;
        snapshot_unref(*snapshot);
        *snapshot = next;
    }
    return least;
}

/* What the heap holds at most while every cluster of a table changes: the table before, the one
 * that comes, and the notes of the one who makes it. In octets beyond the table before. */
static double swap_measure(struct fleet *fleet, struct snapshot **snapshot)
{
    struct snapshot *next = NULL;

    weights_change(fleet, 0, fleet->cluster_count * fleet->member_count);
    allocated.octets = allocated.octets_peak = 0;
    allocated.is_sized = true;
    next = fleet_build(fleet, *snapshot);
    allocated.is_sized = false;
    snapshot_unref(*snapshot);
    *snapshot = next;
    return (double)allocated.octets_peak;
}

static void table_measure(struct fleet *fleet, struct snapshot **snapshot)
{
    double members = (double)(fleet->cluster_count * fleet->member_count);
    size_t before = heap_octets();
    struct snapshot *another = fleet_build(fleet, NULL);
    size_t table_octets = heap_octets() - before;

    snapshot_unref(another);
    (void)printf(
        "micro table-%zux%zu %.1f octets a member\n", fleet->cluster_count, fleet->member_count,
        (double)(snapshot_size_octets(*snapshot) + snapshot_shared_octets(*snapshot)) / members);
    if (table_octets == 0) {
        return; /* another allocator than glibc's */
    }
    (void)printf("micro heap-%zux%zu %.1f octets a member\n", fleet->cluster_count,
                 fleet->member_count, (double)table_octets / members);
    if (ALLOCATIONS_ARE_COUNTED) {
        (void)printf("micro heap-peak-of-a-swap %.2f times\n",
                     1 + swap_measure(fleet, snapshot) / (double)table_octets);
    }
}

static void updates_measure(size_t rounds)
{
    enum { CLUSTERS = 1000, MEMBERS = 100, ALL = CLUSTERS * MEMBERS };
    struct fleet fleet;
    struct snapshot *snapshot = NULL;
    double all_ns = 0;
    double one_ns = 0;

    fleet_init(&fleet, CLUSTERS, MEMBERS);
    snapshot = fleet_build(&fleet, NULL);
    all_ns = builds_measure(&fleet, &snapshot, CLUSTERS, rounds);
    one_ns = builds_measure(&fleet, &snapshot, 1, rounds);
    (void)printf("micro build-%dx%d %.1f ns a member\n", CLUSTERS, MEMBERS, all_ns / ALL);
    (void)printf("micro build-%dx%d-one-changed %.1f ns a member\n", CLUSTERS, MEMBERS,
                 one_ns / ALL);
    table_measure(&fleet, &snapshot);
    snapshot_unref(snapshot);
    fleet_free(&fleet);
}

int main(int argc, char **argv)
{
    size_t rounds = argc == 2 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    size_t mallocs = 0;
    double few = 0;
    double many = 0;

    if (argc > 2 || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: bench_micro [ROUNDS]\n");
        return 2;
    }
    (void)queries_measure(100, 3, rounds, &mallocs);
    (void)queries_measure(100, 100, rounds, &mallocs);
    (void)queries_measure(4, 800, rounds, &mallocs);
    few = queries_measure(10, 3, rounds, &mallocs);
    many = queries_measure(10000, 3, rounds, &mallocs);
    /* Nanoseconds of the cache's, of microseconds that a query takes with its system calls. */
    (void)printf("micro respond-10000-to-10-clusters %.2f times\n", many / few);
    if (ALLOCATIONS_ARE_COUNTED) {
        (void)printf("micro mallocs %zu in all queries\n", mallocs);
    }
    updates_measure(rounds);
    return mallocs > 0 ? 1 : 0;
}
