/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_update.c - how long it takes from a source's text to answers, on the program's
 * own way (fleet file -> fleet -> publisher -> worker), without the waiting in between.
 *
 *     bench_update CLUSTERS MEMBERS ROUNDS
 *
 * In turn every weight changes, or those of one cluster. One JSON object a line and round, whose
 * "what" is "change". CPU in ms of the main thread: "parse_cpu_ms", "apply_cpu_ms",
 * "publish_cpu_ms" (clusters and snapshot), "hand_over_cpu_ms". Wall time: "answer_ms" from the
 * hand-over to the first answer over UDP that has the change, "visible_ms" to it from the parsed
 * inventory. Every second round of a kind "is_split": the clusters are asked for once more before,
 * which takes "clusters_cpu_ms" and makes the rest of that round say nothing.
 *
 * The last line, whose "what" is "table", tells what the heap holds between two changes:
 * "table_octets" for one table that shares nothing with another, "counted_octets" what that table
 * says of itself, and "known_octets" all else that came with the members: what the sources said, as
 * the next poll is compared with it. Exit: 0 measured, 1 failed, 2 wrong usage.
 */

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "discovery/fleet_file.h"
#include "server/heap.h"
#include "server/publisher.h"
#include "server/socket.h"
#include "server/worker.h"
#include "zones/arena.h"

enum {
    MEMBER_TEXT_OCTETS = 80,
    CLUSTER_TEXT_OCTETS = 64,
    CLUSTERS_MAX = 1000, /* of a zone; the program's own limit is a little higher */
    MEMBERS_MAX = 4000,
    ROUNDS_MAX = 1000,
    ANSWER_OCTETS = 65536,
    WEIGHT_OFFSET = 14, /* of the first SRV record: owner, type, class, TTL, RDLENGTH, priority */
    OPT_OCTETS = 11,
    NOW_S = 1700000000,
    POLL_APART_MS = 120 * 1000, /* past the TTL: whoever just changed would have to settle */
    PROBES_MAX = 1000000,
};

static const double NS_PER_MS = 1e6;

static const char configuration[] =
    "listen = {\"127.0.0.1:5353\"}\n"
    "zone \"sh.example.com\" { ttl = 60s nameservers = {\"ns1.sh.example.com\"}\n"
    "  target-names = instance udp-size = 65535 }\n"
    "file \"bench\" { zone = \"sh.example.com\" path = \"none\" }\n";

struct stage {
    size_t cluster_count;
    size_t member_count; /* of each cluster */
    uv_loop_t loop;
    struct site *site;
    struct publisher *publisher;
    struct worker *worker;
    int probe_fd;
    uint16_t *weights; /* of each cluster */
    char *text;        /* the fleet file */
    size_t text_size;
    size_t text_length;
    int64_t poll_ms;
    long long empty_octets; /* of the heap, before there was a member */
};

struct timing {
    double parse_cpu_ms;
    double apply_cpu_ms;
    double clusters_cpu_ms;
    double publish_cpu_ms;
    double hand_over_cpu_ms;
    double answer_ms;
    double visible_ms;
};

_Noreturn static void die(const char *what)
{
    (void)fprintf(stderr, "bench_update: %s\n", what);
    exit(1);
}

static double clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / NS_PER_MS;
}

static long long heap_in_use(void)
{
    struct mallinfo2 heap = mallinfo2();

    return (long long)heap.uordblks + (long long)heap.hblkhd;
}

static void config_die(void *owner, const char *text)
{
    (void)owner;
    die(text);
}

static void log_nothing(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    (void)level;
    (void)line;
    (void)length;
}

static void change_ignore(void *owner)
{
    (void)owner;
}

static void site_open(struct stage *stage)
{
    static const struct site_listener listener = {.on_change = change_ignore};
    char path[] = "/tmp/rollcall-bench-XXXXXX";
    int fd = mkstemp(path);
    struct config *config = NULL;
    struct error error;

    if (fd < 0 || write(fd, configuration, sizeof(configuration) - 1) < 0) {
        die("cannot write a file in /tmp");
    }
    (void)close(fd);
    config = config_load(path, config_die, NULL);
    (void)unlink(path);
    if (config == NULL || uv_loop_init(&stage->loop) != 0 ||
        !site_new(&stage->site, config, &stage->loop, NULL, &listener, &error)) {
        die("cannot make a site");
    }
    stage->publisher = publisher_new();
}

__attribute__((format(printf, 2, 3))) static void text_add(struct stage *stage, const char *format,
                                                           ...)
{
    va_list arguments;

    va_start(arguments, format);
    stage->text_length += (size_t)vsnprintf(
        stage->text + stage->text_length, stage->text_size - stage->text_length, format, arguments);
    va_end(arguments);
}

static void text_write(struct stage *stage)
{
    size_t number = 0;

    stage->text_length = 0;
    text_add(stage, "{\"groups\":[");
    for (size_t i = 0; i < stage->cluster_count; i++) {
        text_add(stage, "%s{\"name\":\"c%04zu\",\"members\":[", i == 0 ? "" : ",", i);
        for (size_t j = 0; j < stage->member_count; j++, number++) {
            text_add(stage,
                     "%s{\"id\":\"i-%07zu\",\"address\":\"10.%zu.%zu.%zu\",\"port\":8443,"
                     "\"weight\":%u}",
                     j == 0 ? "" : ",", number, number / 62500, number / 250 % 250,
                     number % 250 + 1, (unsigned)stage->weights[i]);
        }
        text_add(stage, "]}");
    }
    text_add(stage, "]}");
}

static void probe_open(struct stage *stage)
{
    const struct sockaddr_storage *address = worker_address(stage->worker, 0);
    struct timeval limit = {.tv_sec = 1};

    stage->probe_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (stage->probe_fd < 0 ||
        connect(stage->probe_fd, (const struct sockaddr *)address, sizeof(struct sockaddr_in)) !=
            0 ||
        setsockopt(stage->probe_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0) {
        die("cannot connect to the worker");
    }
}

/* Ask for `cluster` until its first record has the new weight. */
static void probe_until_changed(struct stage *stage, size_t cluster)
{
    static uint8_t answer[ANSWER_OCTETS];
    uint8_t query[] = "\0\1\1\0\0\1\0\0\0\0\0\1\6_c0000\4_tcp\2sh\7example\3com\0\0\41\0\1"
                      "\0\0\51\377\377\0\0\0\0\0";
    size_t weight_at = sizeof(query) - OPT_OCTETS + WEIGHT_OFFSET;
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "%04u", (unsigned)(cluster % CLUSTERS_MAX));
    memcpy(query + 12 + 1 + 2, digits, 4);
    for (int i = 0; i < PROBES_MAX; i++) {
        ssize_t length = -1;

        if (send(stage->probe_fd, query, sizeof(query), 0) > 0) {
            length = recv(stage->probe_fd, answer, sizeof(answer), 0);
        }
        if (length > (ssize_t)weight_at + 2 &&
            (answer[weight_at] << 8 | answer[weight_at + 1]) == stage->weights[cluster]) {
            return;
        }
    }
    die("a change was never answered");
}

static struct fleet_moment moment(const struct stage *stage)
{
    return (struct fleet_moment){NOW_S + stage->poll_ms / 1000, stage->poll_ms};
}

/* The step that publisher_build() begins with, by itself. */
static void clusters_ask(struct stage *stage)
{
    const struct fleet_moment now = moment(stage);
    const struct cluster *clusters = NULL;
    struct arena arena;

    arena_init(&arena);
    if (fleet_clusters(site_fleet(stage->site), 0, &now, &arena, &clusters, NULL) !=
        stage->cluster_count) {
        die("clusters are missing");
    }
    arena_free(&arena);
}

/* Since the last lap. */
static double lap_cpu_ms(double *since_ms)
{
    double now_ms = clock_ms(CLOCK_THREAD_CPUTIME_ID);
    double lap_ms = now_ms - *since_ms;

    *since_ms = now_ms;
    return lap_ms;
}

static struct timing round_run(struct stage *stage, size_t changed_from, bool is_split)
{
    struct timing timing = {.clusters_cpu_ms = 0};
    struct error error;
    struct inventory *inventory = NULL;
    struct snapshot *snapshot = NULL;
    struct fleet_moment now;
    double lap_ms = 0;
    double parsed_ms = 0;
    double published_ms = 0;

    for (size_t i = changed_from; i < stage->cluster_count; i++) {
        stage->weights[i] = (uint16_t)(1 + stage->weights[i] % 60000);
    }
    text_write(stage);
    stage->poll_ms += POLL_APART_MS;
    now = moment(stage);
    lap_ms = clock_ms(CLOCK_THREAD_CPUTIME_ID);
    inventory = fleet_file_parse(stage->text, stage->text_length, &error);
    if (inventory == NULL) {
        die(error.text);
    }
    timing.parse_cpu_ms = lap_cpu_ms(&lap_ms);
    parsed_ms = clock_ms(CLOCK_MONOTONIC);
    fleet_apply(site_fleet(stage->site), 0, inventory, stage->poll_ms, NULL, NULL);
    timing.apply_cpu_ms = lap_cpu_ms(&lap_ms);
    if (is_split) {
        clusters_ask(stage);
        timing.clusters_cpu_ms = lap_cpu_ms(&lap_ms);
    }
    snapshot = publisher_build(stage->publisher, stage->site, &now);
    timing.publish_cpu_ms = lap_cpu_ms(&lap_ms);
    worker_publish(stage->worker, snapshot);
    timing.hand_over_cpu_ms = lap_cpu_ms(&lap_ms);
    published_ms = clock_ms(CLOCK_MONOTONIC);
    probe_until_changed(stage, stage->cluster_count - 1);
    timing.visible_ms = clock_ms(CLOCK_MONOTONIC) - parsed_ms;
    timing.answer_ms = clock_ms(CLOCK_MONOTONIC) - published_ms;
    inventory_free(inventory);
    return timing;
}

/* A publisher of its own shares nothing with the table that is served; of it only the table stays.
 */
static void table_print(const struct stage *stage)
{
    const struct fleet_moment now = moment(stage);
    long long before = heap_in_use();
    struct publisher *publisher = publisher_new();
    struct snapshot *snapshot = snapshot_ref(publisher_build(publisher, stage->site, &now));
    long long table_octets = 0;

    publisher_free(publisher);
    table_octets = heap_in_use() - before;
    (void)printf("{\"what\": \"table\", \"members\": %zu, \"table_octets\": %lld, "
                 "\"counted_octets\": %zu, \"known_octets\": %lld}\n",
                 stage->cluster_count * stage->member_count, table_octets,
                 snapshot_size_octets(snapshot) + snapshot_shared_octets(snapshot),
                 before - stage->empty_octets - table_octets);
    snapshot_unref(snapshot);
}

static size_t number(const char *text, size_t max)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value == 0 || value > max) {
        (void)fprintf(stderr, "bench_update: \"%s\" is not from 1 to %zu\n", text, max);
        exit(2);
    }
    return value;
}

static void stage_open(struct stage *stage)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    struct sockaddr_in *inet = (struct sockaddr_in *)&address;
    struct error error;

    inet->sin_family = AF_INET;
    inet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    stage->weights = memory_new(stage->cluster_count * sizeof(*stage->weights));
    stage->text_size = CLUSTER_TEXT_OCTETS * (stage->cluster_count + 1) +
                       MEMBER_TEXT_OCTETS * stage->cluster_count * stage->member_count;
    stage->text = memory_new(stage->text_size);
    log_set_sink(log_nothing, NULL);
    site_open(stage);
    stage->worker = worker_new(
        &address, 1, NULL,
        publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S}),
        &error);
    if (stage->worker == NULL || !worker_start(stage->worker, &error)) {
        die(error.text);
    }
    probe_open(stage);
    stage->empty_octets = heap_in_use();
}

static void stage_close(struct stage *stage)
{
    worker_stop(stage->worker);
    worker_free(stage->worker);
    publisher_free(stage->publisher);
    site_free(stage->site);
    (void)uv_loop_close(&stage->loop);
    (void)close(stage->probe_fd);
    free(stage->weights);
    free(stage->text);
}

static void change_measure(struct stage *stage, const char *changed, size_t changed_from,
                           bool is_split)
{
    struct timing timing = round_run(stage, changed_from, is_split);

    (void)printf("{\"what\": \"change\", \"changed\": \"%s\", \"is_split\": %s, "
                 "\"parse_cpu_ms\": %.3f, \"apply_cpu_ms\": %.3f, \"clusters_cpu_ms\": %.3f, "
                 "\"publish_cpu_ms\": %.3f, \"hand_over_cpu_ms\": %.3f, \"answer_ms\": %.3f, "
                 "\"visible_ms\": %.3f}\n",
                 changed, is_split ? "true" : "false", timing.parse_cpu_ms, timing.apply_cpu_ms,
                 timing.clusters_cpu_ms, timing.publish_cpu_ms, timing.hand_over_cpu_ms,
                 timing.answer_ms, timing.visible_ms);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct stage stage;
    size_t round_count = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: bench_update CLUSTERS MEMBERS ROUNDS\n");
        return 2;
    }
    stage.cluster_count = number(argv[1], CLUSTERS_MAX);
    stage.member_count = number(argv[2], MEMBERS_MAX);
    round_count = number(argv[3], ROUNDS_MAX);
    heap_prepare();
    stage_open(&stage);
    change_measure(&stage, "first", 0, false);
    for (size_t i = 0; i < round_count; i++) {
        for (int is_split = 0; is_split < 2; is_split++) {
            change_measure(&stage, "all", 0, is_split);
            change_measure(&stage, "one", stage.cluster_count - 1, is_split);
        }
    }
    table_print(&stage);
    stage_close(&stage);
    return 0;
}
