/* SPDX-License-Identifier: MIT */

/*
 * server/seen_tail.c - what is counted of a client over TCP, and how it is kept small.
 */

#include <string.h>

#include "server/seen_internal.h"

void seen_tail_unpack(struct seen_entry *entry, const struct seen_tail *tail)
{
    const struct seen_received *newest = &entry->received[0];

    for (size_t i = 1; i < SEEN_GENERATIONS; i++) {
        const struct seen_older *older = &tail->older[i - 1];

        entry->received[i] = (struct seen_received){.generation = 0};
        if (older->generations != 0) {
            entry->received[i].generation = newest->generation - older->generations;
            entry->received[i].first_ms = newest->first_ms - older->ms;
        }
    }
    memcpy(entry->answers, tail->answers, sizeof(entry->answers));
    memcpy(entry->windows, tail->windows, sizeof(entry->windows));
}

struct seen_tail seen_tail_pack(const struct seen_entry *entry)
{
    const struct seen_received *newest = &entry->received[0];
    struct seen_tail tail = {.answers = {0}};

    for (size_t i = 1; i < SEEN_GENERATIONS; i++) {
        uint64_t generations = newest->generation - entry->received[i].generation;
        int64_t ms = newest->first_ms - entry->received[i].first_ms;

        if (entry->received[i].generation != 0 && generations <= UINT32_MAX && ms >= 0 &&
            ms <= (int64_t)UINT32_MAX) {
            tail.older[i - 1] =
                (struct seen_older){.generations = (uint32_t)generations, .ms = (uint32_t)ms};
        }
    }
    memcpy(tail.answers, entry->answers, sizeof(tail.answers));
    memcpy(tail.windows, entry->windows, sizeof(tail.windows));
    return tail;
}

/* Questions per second up to `now_ms`: seconds without one are emptied. */
static void windows_advance(struct seen_entry *entry, int64_t now_ms)
{
    int64_t newest = now_ms / SEEN_RESOLVE_MS;
    int64_t window = entry->last_ms / SEEN_RESOLVE_MS + 1;

    if (window <= newest - SEEN_WINDOWS) {
        window = newest - SEEN_WINDOWS + 1;
    }
    for (; window <= newest; window++) {
        entry->windows[window % SEEN_WINDOWS] = 0;
    }
}

static void answer_count(struct seen_entry *entry, uint64_t generation, int64_t now_ms)
{
    size_t place = 0;

    if (generation > entry->received[0].generation) {
        memmove(&entry->received[1], &entry->received[0],
                (SEEN_GENERATIONS - 1) * sizeof(entry->received[0]));
        memmove(&entry->answers[1], &entry->answers[0],
                (SEEN_GENERATIONS - 1) * sizeof(entry->answers[0]));
        entry->received[0] = (struct seen_received){.generation = generation, .first_ms = now_ms};
        entry->answers[0] = 0;
    }
    /* An older one than that comes from an answer that waited for its TCP peer. */
    while (place < SEEN_GENERATIONS && entry->received[place].generation != generation) {
        place++;
    }
    if (place < SEEN_GENERATIONS && entry->answers[place] < UINT32_MAX) {
        entry->answers[place]++;
    }
}

void seen_tail_count(struct seen_entry *entry, uint64_t generation, int64_t now_ms)
{
    uint16_t *window = &entry->windows[now_ms / SEEN_RESOLVE_MS % SEEN_WINDOWS];

    windows_advance(entry, now_ms);
    *window = *window < UINT16_MAX ? (uint16_t)(*window + 1) : *window;
    answer_count(entry, generation, now_ms);
}
