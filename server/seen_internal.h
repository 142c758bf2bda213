/* SPDX-License-Identifier: MIT */

/*
 * server/seen_internal.h - the table that a worker writes and seen_collect() reads.
 *
 * A slot is one entry as atomic words behind a sequence number, odd while the entry is written.
 * The orders on the words do what fences would do, in a way that ThreadSanitizer understands: a
 * word is stored after the odd number, and loaded before the number is looked at again.
 *
 * An entry lies in two places. Its head, with the sequence number, is one cache line and all that
 * there is of a client over UDP; the tail counts questions, which only those over TCP need. Memory
 * that is never written costs nothing, so that a worker without TCP has no tails.
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
     * a crowded one flows over into the next. */
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

/* One client of one cluster, as one worker knows it. The head comes first, without padding, as it
 * is copied by words. */
struct seen_entry {
    struct seen_key key;
    int64_t last_ms;
    uint32_t gap_ms;    /* the longest between two questions, lately; 0: not known yet */
    uint32_t questions; /* stops at its largest value */
    struct seen_received received[SEEN_GENERATIONS]; /* newest first; over UDP only that one */
    /* The rest is kept only over TCP. */
    uint32_t answers[SEEN_GENERATIONS]; /* with each of them */
    uint16_t windows[SEEN_WINDOWS]; /* questions per second, by the second modulo SEEN_WINDOWS */
};

/* A generation before the newest one, told by how far it is behind. */
struct seen_older {
    uint32_t generations; /* 0: none */
    uint32_t ms;
};

/* What an entry has beside its head, without padding. */
struct seen_tail {
    struct seen_older older[SEEN_GENERATIONS - 1];
    uint32_t answers[SEEN_GENERATIONS];
    uint16_t windows[SEEN_WINDOWS];
};

enum {
    SEEN_HEAD_WORDS =
        (offsetof(struct seen_entry, received) + sizeof(struct seen_received)) / sizeof(uint64_t),
    SEEN_KEY_WORDS = sizeof(struct seen_key) / sizeof(uint64_t),
    SEEN_TAIL_WORDS = sizeof(struct seen_tail) / sizeof(uint64_t),
};

/* The two ways to look at an entry's head: every question of a load balancer changes one, so that
 * copies in between would be felt. */
union seen_image {
    struct seen_entry entry;
    uint64_t words[SEEN_HEAD_WORDS];
};

union seen_tail_image {
    struct seen_tail tail;
    uint64_t words[SEEN_TAIL_WORDS];
};

union seen_key_image {
    struct seen_key key;
    uint64_t words[SEEN_KEY_WORDS];
};

struct seen_slot {
    _Atomic uint64_t sequence; /* of head and tail */
    _Atomic uint64_t words[SEEN_HEAD_WORDS];
};

struct seen_tail_slot {
    _Atomic uint64_t words[SEEN_TAIL_WORDS];
};

_Static_assert(offsetof(struct seen_entry, received) + sizeof(struct seen_received) ==
                   SEEN_HEAD_WORDS * sizeof(uint64_t),
               "a head is whole words");
_Static_assert(sizeof(struct seen_tail) == SEEN_TAIL_WORDS * sizeof(uint64_t),
               "a tail is whole words");
_Static_assert(sizeof(struct seen_key) == SEEN_KEY_WORDS * sizeof(uint64_t),
               "a key is whole words");
_Static_assert(sizeof(struct seen_slot) == CACHE_LINE_SIZE, "a slot is one cache line");

/* Stands at a cache line, and with it each slot. */
struct seen_table {
    /* The writer's alone: what it must know of all entries of a neighbourhood to find one or to
     * give one up (seen.c); 0: free. */
    uint64_t digests[SEEN_ALL_SLOTS];
    _Atomic uint32_t clusters[SEEN_ALL_SLOTS]; /* whose entry it is: what a reader scans */
    struct seen_slot slots[SEEN_ALL_SLOTS];
    struct seen_tail_slot tails[SEEN_ALL_SLOTS];
    _Atomic uint64_t lost_count;
    void *memory; /* what to free */
};

_Static_assert(offsetof(struct seen_table, slots) % CACHE_LINE_SIZE == 0,
               "a slot begins where a cache line does");
_Static_assert(sizeof(struct seen_table) / 1000 < 2000, "2 MB a worker");

/* Put together what a head and a tail say, and take them apart again. A generation that is too far
 * behind to be told so is forgotten. */
void seen_tail_unpack(struct seen_entry *entry, const struct seen_tail *tail);
struct seen_tail seen_tail_pack(const struct seen_entry *entry);

/* A question over TCP, and the generation that it was answered with; before the entry's last_ms is
 * set to `now_ms`. */
void seen_tail_count(struct seen_entry *entry, uint64_t generation, int64_t now_ms);

/* Silent for too long, measured by its own habit. */
bool seen_entry_is_gone(int64_t last_ms, uint32_t gap_ms, int64_t now_ms);

#endif
