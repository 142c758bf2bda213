/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/queries.h - the questions of a run, encoded once: SRV, class IN, with an OPT
 * record that takes the largest answers.
 */

#ifndef TESTS_BENCH_LOAD_QUERIES_H
#define TESTS_BENCH_LOAD_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUERY_OCTETS_MAX = 12 + 255 + 4 + 11, /* header, the longest name, type and class, OPT */
    QUERIES_MAX = 100000,
};

struct query {
    size_t length;
    uint8_t octets[QUERY_OCTETS_MAX]; /* id 0 */
};

struct queries {
    struct query *items;
    size_t count;
    size_t next;
    uint64_t random; /* state of the generator; 0: in turn */
};

/*
 * Read `path`, one domain name a line. Ends the process with a message when that fails or gives
 * no name. `random_seed` other than 0: names are drawn by chance, the same ones for the same seed.
 */
void queries_load(struct queries *queries, const char *path, uint64_t random_seed);

/* Borrowed for the life of `queries`. */
const struct query *queries_next(struct queries *queries);

#endif
