/* SPDX-License-Identifier: MIT */

/*
 * server/seen.c - the table of one worker, and the worker's side of it.
 */

#include "server/seen.h"

#include <stdlib.h>
#include <string.h>

#include "server/seen_internal.h"

enum { GAP_DECAY = 8 }; /* with every question the longest gap shrinks by this part of it */

struct seen_table *seen_table_new(void)
{
    void *memory = memory_new(sizeof(struct seen_table) + CACHE_LINE_SIZE - 1);
    size_t past_line = (uintptr_t)memory % CACHE_LINE_SIZE;
    struct seen_table *table =
        (void *)((uint8_t *)memory + (past_line == 0 ? 0 : CACHE_LINE_SIZE - past_line));

    table->memory = memory;
    return table;
}

void seen_table_free(struct seen_table *table)
{
    if (table != NULL) {
        free(table->memory);
    }
}

uint64_t seen_lost_count(const struct seen_table *table)
{
    return atomic_load_explicit(&table->lost_count, memory_order_relaxed);
}

/* ---- slots ---- */

/* The writer's own look: nobody else changes the slot. */
static void slot_get(const struct seen_slot *slot, union seen_image *image)
{
    for (size_t i = 0; i < SEEN_ENTRY_WORDS; i++) {
        image->words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    }
}

static bool slot_has_key(const struct seen_slot *slot, const union seen_key_image *key)
{
    uint64_t difference = 0;

    for (size_t i = 0; i < SEEN_KEY_WORDS; i++) {
        difference |= atomic_load_explicit(&slot->words[i], memory_order_relaxed) ^ key->words[i];
    }
    return difference == 0;
}

static void slot_put(struct seen_slot *slot, const union seen_image *image)
{
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
    for (size_t i = 0; i < SEEN_ENTRY_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], image->words[i], memory_order_release);
    }
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

/* ---- entries ---- */

bool seen_entry_is_gone(int64_t last_ms, uint32_t gap_ms, int64_t now_ms)
{
    int64_t silent_ms = now_ms - last_ms;

    return silent_ms > SEEN_GONE_MS && silent_ms > (int64_t)SEEN_GONE_GAPS * gap_ms;
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

static void entry_count(struct seen_entry *entry, uint64_t generation, int64_t now_ms)
{
    uint16_t *window = &entry->windows[now_ms / SEEN_RESOLVE_MS % SEEN_WINDOWS];
    int64_t gap_ms = now_ms - entry->last_ms;

    if (entry->questions > 0) {
        uint32_t shrunk_ms = entry->gap_ms - entry->gap_ms / GAP_DECAY;

        entry->gap_ms = gap_ms > (int64_t)shrunk_ms ? (uint32_t)gap_ms : shrunk_ms;
    }
    windows_advance(entry, now_ms);
    *window = *window < UINT16_MAX ? (uint16_t)(*window + 1) : *window;
    entry->questions += entry->questions < UINT32_MAX ? 1 : 0;
    entry->last_ms = now_ms;
    answer_count(entry, generation, now_ms);
}

/* ---- the writer ---- */

/* Whether the entry would change in nothing that is asked of it. Over TCP every question counts. */
static bool slot_is_fresh(const struct seen_slot *slot, uint16_t port, uint64_t generation,
                          int64_t now_ms)
{
    union seen_image image;

    if (port == 0) {
        return false;
    }
    for (size_t i = 0; i < SEEN_HEAD_WORDS; i++) {
        image.words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    }
    return now_ms - image.entry.last_ms < SEEN_FRESH_MS && image.entry.questions > 1 &&
           image.entry.received[0].generation == generation;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio, odd */
    return hash ^ hash >> 32;
}

static uint64_t key_hash(const union seen_key_image *key)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < SEEN_KEY_WORDS; i++) {
        hash = mix(hash, key->words[i]);
    }
    return hash;
}

/* Never 0, which says that a slot is free. */
static uint32_t hash_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

/*
 * The place in the neighbourhood that is missed least. Those that asked once go before regular
 * ones, so that a flood from ever new ports does not push out the load balancers.
 */
static size_t neighbour_give_up(struct seen_table *table, size_t first, int64_t now_ms)
{
    enum { GONE, ASKED_ONCE, REGULAR };
    size_t least = first;
    int least_worth = REGULAR + 1;
    int64_t least_ms = 0;

    for (size_t i = first; i < first + SEEN_NEIGHBOURHOOD; i++) {
        union seen_image image;
        const struct seen_entry *entry = &image.entry;
        int worth = REGULAR;

        if (table->tags[i] == 0) {
            return i;
        }
        slot_get(&table->slots[i], &image);
        if (seen_entry_is_gone(entry->last_ms, entry->gap_ms, now_ms)) {
            worth = GONE;
        } else if (entry->questions == 1) {
            worth = ASKED_ONCE;
        }
        if (worth < least_worth || (worth == least_worth && entry->last_ms < least_ms)) {
            least = i;
            least_worth = worth;
            least_ms = entry->last_ms;
        }
    }
    if (least_worth == REGULAR) {
        uint64_t lost = atomic_load_explicit(&table->lost_count, memory_order_relaxed);

        atomic_store_explicit(&table->lost_count, lost + 1, memory_order_relaxed);
    }
    return least;
}

/* The index of the key's slot, or of one that is free for it now. Most keys have the slot that
 * their hash names, which saves a look at the tags: it is memory that is seldom in the cache. */
static size_t table_place(struct seen_table *table, const union seen_key_image *key, uint64_t hash,
                          int64_t now_ms)
{
    size_t first = (size_t)(hash % SEEN_STARTS) * SEEN_STRIDE;
    size_t home = first + (size_t)(hash / SEEN_STARTS % SEEN_STRIDE);

    if (slot_has_key(&table->slots[home], key)) {
        return home;
    }
    for (size_t i = first; i < first + SEEN_NEIGHBOURHOOD; i++) {
        if (table->tags[i] == hash_tag(hash) && slot_has_key(&table->slots[i], key)) {
            return i;
        }
    }
    return table->tags[home] == 0 ? home : neighbour_give_up(table, first, now_ms);
}

void seen_note(struct seen_table *table, const struct address *client, uint16_t port,
               uint32_t cluster_key, uint64_t generation, int64_t now_ms)
{
    const union seen_key_image key = {
        .key = {.client = *client, .port = port, .cluster_key = cluster_key}
    };
    uint64_t hash = key_hash(&key);
    size_t index = table_place(table, &key, hash, now_ms);
    struct seen_slot *slot = &table->slots[index];
    union seen_image image;
    bool is_new = !slot_has_key(slot, &key);

    if (!is_new && slot_is_fresh(slot, port, generation, now_ms)) {
        return;
    }
    slot_get(slot, &image);
    /* A port that was silent for so long may be another process's by now. */
    is_new = is_new || now_ms - image.entry.last_ms > SEEN_ACTIVE_MS;
    if (is_new) {
        image.entry = (struct seen_entry){.key = key.key, .last_ms = now_ms};
    }
    entry_count(&image.entry, generation, now_ms);
    slot_put(slot, &image);
    if (is_new) {
        table->tags[index] = hash_tag(hash);
        atomic_store_explicit(&table->clusters[index], cluster_key, memory_order_release);
    }
}
