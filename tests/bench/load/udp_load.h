/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/udp_load.h - queries over connected UDP sockets, in batches.
 */

#ifndef TESTS_BENCH_LOAD_UDP_LOAD_H
#define TESTS_BENCH_LOAD_UDP_LOAD_H

#include "tests/bench/load/queries.h"
#include "tests/bench/load/settings.h"
#include "tests/bench/load/tally.h"

/*
 * Closed loop: every socket keeps its window full. Open loop: queries leave when they are due, and
 * a latency counts from then, so that a server (or a generator) that stalls cannot hide it. Returns
 * when all answers are there or lost. Ends the process with a message when a socket cannot be made.
 */
void udp_load_run(const struct load_settings *settings, struct queries *queries,
                  struct tally *tally);

#endif
