/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/settings.h - how hard to ask, for how long.
 */

#ifndef TESTS_BENCH_LOAD_SETTINGS_H
#define TESTS_BENCH_LOAD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOAD_SOCKETS_MAX = 64,
    LOAD_WINDOW_MAX = 1024,
    LOAD_LOST_MS = 1000, /* a query without answer for so long is lost */
};

struct load_settings {
    uint16_t port;       /* on 127.0.0.1 */
    size_t socket_count; /* or connections */
    size_t window;       /* queries under way on each; closed loop only */
    double rate_qps;     /* 0: closed loop, as fast as answers come */
    bool is_spinning;    /* open loop: never sleep, for a core of its own */
    int64_t warmup_ns;   /* before the measured time */
    int64_t measured_ns;
};

#endif
