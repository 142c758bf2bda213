/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_load.c - a load generator that can tell lost from late, and less from all.
 *
 *     bench_load --port PORT --names FILE --seconds S [...]
 *
 * Asks 127.0.0.1 for the SRV records of the names in FILE and prints one JSON object: answers a
 * second, what was lost, how large the answers were and how many records their heads promise,
 * latencies. Exit: 0 measured, 1 the server could not be reached, 2 wrong usage.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/bench/load/tcp_load.h"
#include "tests/bench/load/udp_load.h"

static const double NS_PER_S = 1e9;

static const char usage[] =
    "usage: bench_load --port PORT --names FILE --seconds S\n"
    "    --tcp           pipelined over TCP connections instead of UDP\n"
    "    --rate QPS      open loop over UDP; without it as fast as answers come\n"
    "    --spin          with --rate: never sleep, for a core of its own\n"
    "    --sockets N     or connections, 1 to 64; default 4\n"
    "    --window N      queries under way on each, 1 to 1024; default 32, TCP 16\n"
    "    --random SEED   draw names by chance instead of in turn\n"
    "    --warmup S      before the measured time; default 0.1\n";

enum { UDP_WINDOW = 32, TCP_WINDOW = 16, SOCKETS = 4 };

struct options {
    struct load_settings load;
    const char *names_path;
    uint64_t random_seed;
    bool is_tcp;
};

_Noreturn static void usage_exit(void)
{
    (void)fputs(usage, stderr);
    exit(2);
}

static double number_read(const char *text, double min, double max)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (*text == '\0' || *end != '\0' || !(value >= min && value <= max)) {
        (void)fprintf(stderr, "bench_load: \"%s\" is not from %g to %g\n", text, min, max);
        usage_exit();
    }
    return value;
}

static void options_read(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"port",    required_argument, NULL, 'p'},
        {"names",   required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"tcp",     no_argument,       NULL, 't'},
        {"rate",    required_argument, NULL, 'r'},
        {"spin",    no_argument,       NULL, 'S'},
        {"sockets", required_argument, NULL, 'c'},
        {"window",  required_argument, NULL, 'w'},
        {"random",  required_argument, NULL, 'R'},
        {"warmup",  required_argument, NULL, 'u'},
        {NULL,      0,                 NULL, 0  },
    };
    struct load_settings *load = &options->load;
    int letter = 0;

    load->socket_count = SOCKETS;
    load->warmup_ns = (int64_t)(0.1 * NS_PER_S);
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'p':
            load->port = (uint16_t)number_read(optarg, 1, UINT16_MAX);
            break;
        case 'n':
            options->names_path = optarg;
            break;
        case 's':
            load->measured_ns = (int64_t)(number_read(optarg, 0.01, 3600) * NS_PER_S);
            break;
        case 't':
            options->is_tcp = true;
            break;
        case 'r':
            load->rate_qps = number_read(optarg, 1, 1e6);
            break;
        case 'S':
            load->is_spinning = true;
            break;
        case 'c':
            load->socket_count = (size_t)number_read(optarg, 1, LOAD_SOCKETS_MAX);
            break;
        case 'w':
            load->window = (size_t)number_read(optarg, 1, LOAD_WINDOW_MAX);
            break;
        case 'R':
            options->random_seed = (uint64_t)number_read(optarg, 1, 1e9);
            break;
        case 'u':
            load->warmup_ns = (int64_t)(number_read(optarg, 0, 60) * NS_PER_S);
            break;
        default:
            usage_exit();
        }
    }
    if (load->window == 0) {
        load->window = options->is_tcp ? TCP_WINDOW : UDP_WINDOW;
    }
    if (optind != argc || load->port == 0 || options->names_path == NULL ||
        load->measured_ns == 0 || (options->is_tcp && load->rate_qps > 0)) {
        usage_exit();
    }
}

static double cpu_seconds(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    static struct tally tally;
    struct options options = {.names_path = NULL};
    struct queries queries;
    double cpu_s = 0;
    int64_t start_ns = 0;

    options_read(&options, argc, argv);
    queries_load(&queries, options.names_path, options.random_seed);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* wake up when due, not 50 us later */
    start_ns = tally_now_ns();
    cpu_s = cpu_seconds();
    if (options.is_tcp) {
        tcp_load_run(&options.load, &queries, &tally);
    } else {
        udp_load_run(&options.load, &queries, &tally);
    }
    tally_print(&tally, (cpu_seconds() - cpu_s) * NS_PER_S / (double)(tally_now_ns() - start_ns));
    free(queries.items);
    return 0;
}
