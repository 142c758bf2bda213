/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/tcp_load.h - pipelined queries over TCP connections.
 */

#ifndef TESTS_BENCH_LOAD_TCP_LOAD_H
#define TESTS_BENCH_LOAD_TCP_LOAD_H

#include "tests/bench/load/queries.h"
#include "tests/bench/load/settings.h"
#include "tests/bench/load/tally.h"

/*
 * Closed loop only. Every connection keeps its window of queries under way; queries that became
 * due together leave in one write. A connection that the server closes is made again, and what was
 * under way on it is lost. Ends the process with a message when the server takes no connection.
 */
void tcp_load_run(const struct load_settings *settings, struct queries *queries,
                  struct tally *tally);

#endif
