/* SPDX-License-Identifier: MIT */

/*
 * server/seen_internal.h - the table that a worker writes and seen_collect() reads.
 *
 * A slot is one entry as atomic words behind a sequence number, odd while the entry is written.
 * The orders on the words do what fences would do, in a way that ThreadSanitizer understands: a
 * word is stored after the odd number, and loaded before the number is looked at again.
 */

#ifndef SERVER_SEEN_INTERNAL_H
#define SERVER_SEEN_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/counters.h"
#include "server/seen.h"

enum {
    /* A client's hash says where its neighbourhood begins; neighbourhoods overlap by half, so that
     * a crowded one flows over into the next. The first tags are one cache line. */
    SEEN_STRIDE = 16,
    SEEN_NEIGHBOURHOOD = 2 * SEEN_STRIDE,
    SEEN_STARTS = SEEN_SLOTS / SEEN_STRIDE,
    SEEN_ALL_SLOTS = SEEN_SLOTS + SEEN_STRIDE, /* the last neighbourhood ends past the last start */
    /* Newest generations of an entry that are counted one by one. A cluster that changes with
     * every poll is two generations ahead of the count at most. */
    SEEN_GENERATIONS = 3,
    /* Who asks more often over UDP is noted this often: last_ms is no older than that. */
    SEEN_FRESH_MS = 100,
    SEEN_WINDOWS = 10, /* seconds in which questions are counted one by one */
};

struct seen_received {
    uint64_t generation; /* 0: none */
    int64_t first_ms;
};

struct seen_key {
    struct address client;
    uint8_t unused; /* 0: keys are compared by words */
    uint16_t port;
    uint32_t cluster_key;
};

/* One client of one cluster, as one worker knows it. Without padding, as it is copied by words. */
struct seen_entry {
    struct seen_key key;
    int64_t last_ms;
    uint32_t gap_ms;    /* the longest between two questions, lately; 0: not known yet */
    uint32_t questions; /* stops at its largest value */
    struct seen_received received[SEEN_GENERATIONS]; /* newest first */
    uint32_t answers[SEEN_GENERATIONS];              /* with each of them */
    uint16_t windows[SEEN_WINDOWS]; /* questions per second, by the second modulo SEEN_WINDOWS */
};

enum {
    SEEN_ENTRY_WORDS = sizeof(struct seen_entry) / sizeof(uint64_t),
    SEEN_KEY_WORDS = sizeof(struct seen_key) / sizeof(uint64_t),
    SEEN_HEAD_WORDS = SEEN_KEY_WORDS + 3, /* with last_ms, the habit and the newest generation */
};

/* The two ways to look at an entry: every question of a load balancer changes one, so that copies
 * in between would be felt. */
union seen_image {
    struct seen_entry entry;
    uint64_t words[SEEN_ENTRY_WORDS];
};

union seen_key_image {
    struct seen_key key;
    uint64_t words[SEEN_KEY_WORDS];
};

struct seen_slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[SEEN_ENTRY_WORDS];
};

_Static_assert(sizeof(struct seen_entry) == SEEN_ENTRY_WORDS * sizeof(uint64_t),
               "an entry is whole words");
_Static_assert(sizeof(struct seen_key) == SEEN_KEY_WORDS * sizeof(uint64_t),
               "a key is whole words");
_Static_assert(offsetof(struct seen_entry, received) + sizeof(uint64_t) ==
                   SEEN_HEAD_WORDS * sizeof(uint64_t),
               "the head ends with the newest generation");
_Static_assert(sizeof(struct seen_slot) == 128, "a slot is two cache lines");

/* Stands at a cache line, and with it each slot and the tags of each neighbourhood. */
struct seen_table {
    uint32_t tags[SEEN_ALL_SLOTS];             /* hash of the key, the writer's alone; 0: free */
    _Atomic uint32_t clusters[SEEN_ALL_SLOTS]; /* whose entry it is: what a reader scans */
    struct seen_slot slots[SEEN_ALL_SLOTS];
    _Atomic uint64_t lost_count;
    void *memory; /* what to free */
};

/* Silent for too long, measured by its own habit. */
bool seen_entry_is_gone(int64_t last_ms, uint32_t gap_ms, int64_t now_ms);

#endif
