/* SPDX-License-Identifier: MIT */

/*
 * server/rate_limit.c - token buckets in a table of sets.
 */

#include "server/rate_limit.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"

enum {
    /* Tokens are kept in millionths: a worker's share of a small rate is less than a token
     * a millisecond. */
    TOKEN = 1000000,
    TOKEN_PER_MS = TOKEN / 1000, /* of one response a second */
    BUCKET_FULL_MS = 1000,
    KEY_FAMILY_SHIFT = 56, /* above the octets of either family's network */
};

struct bucket {
    uint64_t key; /* family and network; 0: free */
    uint64_t tokens;
    uint32_t filled_ms; /* wraps after 49 days: a bucket may look emptier then, never fuller */
    uint32_t over_count;
};

struct bucket_set {
    struct bucket ways[RATE_LIMIT_WAYS];
    struct bucket crowd; /* of the networks that find no place */
};

_Static_assert(RATE_LIMIT_SETS * sizeof(struct bucket_set) == (size_t)864 * 1024,
               "the header says how large the table is");

struct rate_limit {
    _Atomic uint32_t fill_per_ms; /* 0: no limit */
    _Atomic uint32_t slip;
    uint8_t hash_key[SIPHASH_KEY_LENGTH];
    struct bucket_set sets[RATE_LIMIT_SETS];
};

struct rate_limit *rate_limit_new(const uint8_t hash_key[SIPHASH_KEY_LENGTH])
{
    struct rate_limit *limit = memory_new(sizeof(*limit));

    memcpy(limit->hash_key, hash_key, sizeof(limit->hash_key));
    return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
    free(limit);
}

void rate_limit_set(struct rate_limit *limit, const struct rate_limit_settings *settings)
{
    uint64_t per_ms = (uint64_t)settings->per_second * TOKEN_PER_MS / settings->workers;

    if (settings->per_second > 0 && per_ms == 0) {
        per_ms = 1;
    }
    atomic_store_explicit(&limit->slip, settings->slip, memory_order_relaxed);
    atomic_store_explicit(&limit->fill_per_ms, (uint32_t)per_ms, memory_order_relaxed);
}

static uint64_t network_key(const struct address *client)
{
    size_t count =
        client->length == ADDRESS_V4_LENGTH ? RATE_LIMIT_IPV4_OCTETS : RATE_LIMIT_IPV6_OCTETS;
    uint64_t key = (uint64_t)client->length + 1; /* never 0, even without an address */

    key <<= KEY_FAMILY_SHIFT;
    for (size_t i = 0; i < count; i++) {
        key |= (uint64_t)client->octets[i] << (8 * i);
    }
    return key;
}

static struct bucket_set *set_find(struct rate_limit *limit, uint64_t key)
{
    uint8_t octets[sizeof(key)];
    uint8_t hash[SIPHASH_LENGTH];

    memcpy(octets, &key, sizeof(key));
    siphash_2_4(hash, limit->hash_key, octets, sizeof(octets));
    return &limit->sets[(hash[0] | (size_t)hash[1] << 8) % RATE_LIMIT_SETS];
}

/* At least one token fits, else a small share would let nothing through. */
static uint64_t tokens_full(uint32_t fill_per_ms)
{
    uint64_t full = (uint64_t)fill_per_ms * BUCKET_FULL_MS;

    return full > TOKEN ? full : TOKEN;
}

static uint64_t bucket_tokens(const struct bucket *bucket, uint32_t fill_per_ms, uint32_t now_ms)
{
    uint32_t elapsed_ms = now_ms - bucket->filled_ms;
    uint64_t tokens = bucket->tokens + (uint64_t)elapsed_ms * fill_per_ms;
    uint64_t full = tokens_full(fill_per_ms);

    return tokens < full ? tokens : full;
}

/* The bucket of `key`: its own, one that nobody misses, or that of the crowd. */
static struct bucket *bucket_find(struct bucket_set *set, uint64_t key, uint32_t fill_per_ms,
                                  uint32_t now_ms)
{
    struct bucket *spare = NULL;

    for (size_t way = 0; way < RATE_LIMIT_WAYS; way++) {
        struct bucket *bucket = &set->ways[way];

        if (bucket->key == key) {
            return bucket;
        }
        if (spare == NULL && (bucket->key == 0 || bucket_tokens(bucket, fill_per_ms, now_ms) ==
                                                      tokens_full(fill_per_ms))) {
            spare = bucket;
        }
    }
    if (spare == NULL) {
        spare = &set->crowd;
        key = UINT64_MAX;
    }
    if (spare->key != key) {
        *spare = (struct bucket){
            .key = key, .tokens = tokens_full(fill_per_ms), .filled_ms = now_ms, .over_count = 0};
    }
    return spare;
}

enum rate_verdict rate_limit_judge(struct rate_limit *limit, const struct address *client,
                                   int64_t now_ms)
{
    uint32_t fill_per_ms = atomic_load_explicit(&limit->fill_per_ms, memory_order_relaxed);
    uint32_t slip = atomic_load_explicit(&limit->slip, memory_order_relaxed);
    uint64_t key = network_key(client);
    struct bucket *bucket = NULL;

    if (fill_per_ms == 0) {
        return RATE_SEND;
    }
    bucket = bucket_find(set_find(limit, key), key, fill_per_ms, (uint32_t)now_ms);
    bucket->tokens = bucket_tokens(bucket, fill_per_ms, (uint32_t)now_ms);
    bucket->filled_ms = (uint32_t)now_ms;
    if (bucket->tokens >= TOKEN) {
        bucket->tokens -= TOKEN;
        return RATE_SEND;
    }
    bucket->over_count++;
    return slip > 0 && bucket->over_count % slip == 0 ? RATE_SLIP : RATE_DROP;
}
