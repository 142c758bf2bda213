/* SPDX-License-Identifier: MIT */

/*
 * server/seen.c - the table of one worker, and the worker's side of it.
 */

#include "server/seen.h"

#include <stdlib.h>

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

/* The writer's own look at a head: nobody else changes the slot. */
static void head_get(const struct seen_slot *slot, union seen_image *image)
{
    for (size_t i = 0; i < SEEN_HEAD_WORDS; i++) {
        image->words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    }
}

static void tail_get(const struct seen_tail_slot *slot, struct seen_entry *entry)
{
    union seen_tail_image image;

    for (size_t i = 0; i < SEEN_TAIL_WORDS; i++) {
        image.words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    }
    seen_tail_unpack(entry, &image.tail);
}

static bool slot_has_key(const struct seen_slot *slot, const union seen_key_image *key)
{
    uint64_t difference = 0;

    for (size_t i = 0; i < SEEN_KEY_WORDS; i++) {
        difference |= atomic_load_explicit(&slot->words[i], memory_order_relaxed) ^ key->words[i];
    }
    return difference == 0;
}

static void tail_put(struct seen_tail_slot *slot, const struct seen_entry *entry)
{
    const union seen_tail_image image = {.tail = seen_tail_pack(entry)};

    for (size_t i = 0; i < SEEN_TAIL_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], image.words[i], memory_order_release);
    }
}

static void slot_put(struct seen_table *table, size_t index, const union seen_image *image)
{
    struct seen_slot *slot = &table->slots[index];
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
    for (size_t i = 0; i < SEEN_HEAD_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], image->words[i], memory_order_release);
    }
    if (image->entry.key.port == 0) {
        tail_put(&table->tails[index], &image->entry);
    }
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

/* ---- entries ---- */

bool seen_entry_is_gone(int64_t last_ms, uint32_t gap_ms, int64_t now_ms)
{
    int64_t silent_ms = now_ms - last_ms;

    return silent_ms > SEEN_GONE_MS && silent_ms > (int64_t)SEEN_GONE_GAPS * gap_ms;
}

/* Everything of the head but its generation over TCP, which seen_tail_count() needs as it was. */
static void head_count(struct seen_entry *entry, uint64_t generation, int64_t now_ms)
{
    int64_t gap_ms = now_ms - entry->last_ms;

    if (entry->questions > 0) {
        uint32_t shrunk_ms = entry->gap_ms - entry->gap_ms / GAP_DECAY;

        entry->gap_ms = gap_ms > (int64_t)shrunk_ms ? (uint32_t)gap_ms : shrunk_ms;
    }
    entry->questions += entry->questions < UINT32_MAX ? 1 : 0;
    entry->last_ms = now_ms;
    if (entry->key.port != 0 && generation > entry->received[0].generation) {
        entry->received[0] = (struct seen_received){.generation = generation, .first_ms = now_ms};
    }
}

/* ---- digests ---- */

/*
 * | last_ms 38 | gap 14 | asked once 1 | bits of the hash 11, odd |
 *
 * of an entry: enough to tell whether it is worth a look and who is missed least, for eight
 * entries in a cache line. The gap is in steps, rounded up. The time comes around after nine years:
 * who was silent for half of them is given up later than others.
 */
enum { TAG_BITS = 11, ONCE_BITS = 1, GAP_BITS = 14, LAST_BITS = 38, GAP_STEP_MS = 8 };

_Static_assert(TAG_BITS + ONCE_BITS + GAP_BITS + LAST_BITS == 64, "a digest is one word");
_Static_assert(SEEN_ACTIVE_MS / GAP_STEP_MS < 1 << GAP_BITS, "longer gaps make somebody new");

static uint64_t bits_take(uint64_t word, unsigned first, unsigned count)
{
    return word >> first & ((UINT64_C(1) << count) - 1);
}

/* Odd, so that no entry's digest is 0. */
static uint64_t hash_tag(uint64_t hash)
{
    return hash >> (64 - TAG_BITS) | 1;
}

static uint64_t digest_make(const struct seen_entry *entry, uint64_t hash)
{
    return (uint64_t)entry->last_ms << (TAG_BITS + ONCE_BITS + GAP_BITS) |
           (uint64_t)((entry->gap_ms + GAP_STEP_MS - 1) / GAP_STEP_MS) << (TAG_BITS + ONCE_BITS) |
           (uint64_t)(entry->questions == 1 ? 1 : 0) << TAG_BITS | hash_tag(hash);
}

enum seen_worth { WORTH_GONE, WORTH_ASKED_ONCE, WORTH_REGULAR };

/*
 * How much it would be missed: those that asked once go before regular ones, so that a flood from
 * ever new ports does not push out the load balancers; among equals who asked longest ago.
 */
static uint64_t digest_rank(uint64_t digest, int64_t now_ms)
{
    uint64_t last_ms = digest >> (TAG_BITS + ONCE_BITS + GAP_BITS);
    uint32_t gap_ms = GAP_STEP_MS * (uint32_t)bits_take(digest, TAG_BITS + ONCE_BITS, GAP_BITS);
    uint64_t silent_ms = bits_take((uint64_t)now_ms - last_ms, 0, LAST_BITS);
    /* More than half way around is a little ahead: a clock that another loop has read later. */
    bool is_ahead = silent_ms >> (LAST_BITS - 1) != 0;
    uint64_t worth = bits_take(digest, TAG_BITS, ONCE_BITS) == 1 ? WORTH_ASKED_ONCE : WORTH_REGULAR;

    silent_ms = is_ahead ? 0 : silent_ms;
    if (seen_entry_is_gone(0, gap_ms, (int64_t)silent_ms)) {
        worth = WORTH_GONE;
    }
    return worth << LAST_BITS | ((UINT64_C(1) << LAST_BITS) - 1 - silent_ms);
}

/* ---- the writer ---- */

/* Whether the entry would change in nothing that is asked of it. Over TCP every question counts. */
static bool entry_is_fresh(const struct seen_entry *entry, uint64_t generation, int64_t now_ms)
{
    return entry->key.port != 0 && now_ms - entry->last_ms < SEEN_FRESH_MS &&
           entry->questions > 1 && entry->received[0].generation == generation;
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

struct seen_place {
    size_t first; /* of its neighbourhood */
    size_t home;  /* most keys have this slot, which saves a look at the digests */
};

static struct seen_place hash_place(uint64_t hash)
{
    size_t first = (size_t)(hash % SEEN_STARTS) * SEEN_STRIDE;

    return (struct seen_place){.first = first,
                               .home = first + (size_t)(hash / SEEN_STARTS % SEEN_STRIDE)};
}

/* The slot in the neighbourhood that is missed least, or a free one. */
static size_t neighbour_give_up(struct seen_table *table, size_t first, int64_t now_ms)
{
    size_t least = first;
    uint64_t least_rank = UINT64_MAX;

    for (size_t i = first; i < first + SEEN_NEIGHBOURHOOD; i++) {
        uint64_t rank = table->digests[i] == 0 ? 0 : digest_rank(table->digests[i], now_ms);

        if (rank < least_rank) {
            least = i;
            least_rank = rank;
        }
    }
    if (least_rank >> LAST_BITS == WORTH_REGULAR) {
        uint64_t lost = atomic_load_explicit(&table->lost_count, memory_order_relaxed);

        atomic_store_explicit(&table->lost_count, lost + 1, memory_order_relaxed);
    }
    return least;
}

/* True with the index of the key's slot; false with that of one that is free for it now. */
static bool table_find_place(struct seen_table *table, const union seen_key_image *key,
                             uint64_t hash, int64_t now_ms, size_t *index)
{
    struct seen_place place = hash_place(hash);

    *index = place.home;
    if (slot_has_key(&table->slots[place.home], key)) {
        return true;
    }
    for (size_t i = place.first; i < place.first + SEEN_NEIGHBOURHOOD; i++) {
        if (bits_take(table->digests[i], 0, TAG_BITS) == hash_tag(hash) &&
            slot_has_key(&table->slots[i], key)) {
            *index = i;
            return true;
        }
    }
    if (table->digests[place.home] != 0) {
        *index = neighbour_give_up(table, place.first, now_ms);
    }
    return false;
}

void seen_prefetch(const struct seen_table *table, const struct address *client, uint16_t port,
                   uint32_t cluster_key)
{
    const union seen_key_image key = {
        .key = {.client = *client, .port = port, .cluster_key = cluster_key}
    };
    struct seen_place place = hash_place(key_hash(&key));

    __builtin_prefetch(&table->slots[place.home], 1);
    for (size_t i = 0; i < SEEN_NEIGHBOURHOOD; i += CACHE_LINE_SIZE / sizeof(table->digests[0])) {
        __builtin_prefetch(&table->digests[place.first + i], 1);
    }
}

void seen_note(struct seen_table *table, const struct address *client, uint16_t port,
               uint32_t cluster_key, uint64_t generation, int64_t now_ms)
{
    const union seen_key_image key = {
        .key = {.client = *client, .port = port, .cluster_key = cluster_key}
    };
    uint64_t hash = key_hash(&key);
    size_t index = 0;
    union seen_image image;
    bool is_known = table_find_place(table, &key, hash, now_ms, &index);

    if (is_known) {
        head_get(&table->slots[index], &image);
        if (entry_is_fresh(&image.entry, generation, now_ms)) {
            return;
        }
        /* A port that was silent for so long may be another process's by now. */
        is_known = now_ms - image.entry.last_ms <= SEEN_ACTIVE_MS;
    }
    if (!is_known) {
        image.entry = (struct seen_entry){.key = key.key, .last_ms = now_ms};
    } else if (port == 0) {
        tail_get(&table->tails[index], &image.entry);
    }
    if (port == 0) {
        seen_tail_count(&image.entry, generation, now_ms);
    }
    head_count(&image.entry, generation, now_ms);
    slot_put(table, index, &image);
    table->digests[index] = digest_make(&image.entry, hash);
    if (!is_known) {
        atomic_store_explicit(&table->clusters[index], cluster_key, memory_order_release);
    }
}
