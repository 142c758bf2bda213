/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credentials.c - what the chain gave last, who waits for more, and when to ask.
 */

#include <stdlib.h>
#include <sys/random.h>

#include "discovery/aws/credential_chain.h"
#include "discovery/log.h"

struct waiter {
    credentials_done done;
    void *owner;
    struct waiter *next;
};

struct credential_cache {
    struct credential_settings settings;
    struct aws_place place;
    uv_timer_t *retry;    /* of the walk; frees itself once it is closed */
    int64_t own_offset_s; /* settings.clock_offset_s points here when nobody shares one */
    struct arena arena;   /* of `current` */
    struct credentials current;
    bool has_current;
    int64_t life_s;       /* of `current`, when it came */
    bool refused;         /* by AWS: not to be used before the chain was asked again */
    int64_t not_before_s; /* no renewal before this after one failed */
    struct error failure; /* of the last walk, when there is no `current` */
    struct credential_walk walk;
    bool walking;
    struct waiter *waiters; /* the one that has waited longest first */
    bool delivering;
    bool freed;
};

enum freshness { USABLE, RENEW_BESIDE, RENEW_FIRST };

static void cache_destroy(struct credential_cache *cache)
{
    while (cache->waiters != NULL) {
        struct waiter *waiter = cache->waiters;

        cache->waiters = waiter->next;
        free(waiter);
    }
    arena_free(&cache->arena);
    free(cache);
}

/* By AWS's clock, as far as it is known: it wrote the end. */
static int64_t cache_now_s(const struct credential_cache *cache)
{
    return cache->settings.environment->now_s() + *cache->settings.clock_offset_s;
}

/* Roles may be assumed for 15 minutes only: with fixed times every call would renew them. */
static int64_t window_s(int64_t usual_s, int64_t life_s, int64_t share)
{
    return life_s / share < usual_s ? life_s / share : usual_s;
}

static enum freshness cache_freshness(const struct credential_cache *cache)
{
    int64_t now_s = cache_now_s(cache);
    int64_t left_s = cache->current.ends_s - now_s;

    if (!cache->has_current || cache->refused) {
        return RENEW_FIRST;
    }
    if (cache->current.ends_s == 0 || now_s < cache->not_before_s ||
        left_s > window_s(CREDENTIALS_ADVISORY_S, cache->life_s, CREDENTIALS_ADVISORY_SHARE)) {
        return USABLE;
    }
    return left_s > window_s(CREDENTIALS_MANDATORY_S, cache->life_s, CREDENTIALS_MANDATORY_SHARE)
               ? RENEW_BESIDE
               : RENEW_FIRST;
}

/* From the time that the kept credentials have left. */
static int64_t retry_wait_s(int64_t left_s)
{
    uint32_t random = 0;

    if (left_s > 0) {
        return CREDENTIALS_RETRY_S;
    }
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
        random = 0; /* the shortest wait: jitter is a courtesy */
    }
    return CREDENTIALS_STALE_RETRY_S + CREDENTIALS_STALE_JITTER_MIN_S +
           random % (CREDENTIALS_STALE_JITTER_MAX_S - CREDENTIALS_STALE_JITTER_MIN_S + 1);
}

/* Each `done` may ask again, cancel others or free the cache. */
static void waiters_deliver(struct credential_cache *cache)
{
    cache->delivering = true;
    while (cache->waiters != NULL && !cache->freed && !cache->walking) {
        struct waiter waiter = *cache->waiters;

        free(cache->waiters);
        cache->waiters = waiter.next;
        waiter.done(waiter.owner, cache->has_current ? &cache->current : NULL,
                    cache->has_current ? NULL : &cache->failure);
    }
    cache->delivering = false;
    if (cache->freed) {
        cache_destroy(cache);
    }
}

static void renewal_put_off(struct credential_cache *cache, const char *reason)
{
    int64_t left_s = cache->current.ends_s - cache_now_s(cache);

    cache->not_before_s = cache_now_s(cache) + retry_wait_s(left_s);
    log_event(LEVEL_WARNING, "credentials not renewed",
              log_text("provider", cache->current.provider), log_text("error", reason));
}

static void walk_take(struct credential_cache *cache)
{
    const struct credential_walk *walk = &cache->walk;
    bool same = cache->has_current && walk->found.ends_s == cache->current.ends_s;
    int64_t now_s = cache_now_s(cache);

    arena_free(&cache->arena);
    cache->arena = walk->arena;
    cache->current = walk->found;
    cache->has_current = true;
    cache->not_before_s = 0;
    if (walk->found.ends_s != 0 && walk->found.ends_s <= now_s) {
        renewal_put_off(cache, "the new ones have ended already");
    } else if (same) {
        /* Instances get new ones some minutes before the end only: not with every call. */
        cache->not_before_s = now_s + CREDENTIALS_RETRY_S;
    } else {
        cache->life_s = walk->found.ends_s - now_s;
    }
}

static void walk_failed(struct credential_cache *cache)
{
    struct credential_walk *walk = &cache->walk;
    int64_t ends_s = cache->current.ends_s;

    arena_free(&walk->arena);
    cache->failure = walk->error;
    if (!cache->has_current) {
        return;
    }
    if (ends_s == 0 || ends_s > cache_now_s(cache) || walk->unreachable) {
        renewal_put_off(cache, walk->error.text);
        return;
    }
    cache->has_current = false;
    cache->current = (struct credentials){0};
    arena_free(&cache->arena);
}

static void on_walk(void *owner, bool found)
{
    struct credential_cache *cache = owner;

    cache->walking = false;
    cache->refused = false;
    if (found) {
        walk_take(cache);
    } else {
        walk_failed(cache);
    }
    if (!cache->delivering) {
        waiters_deliver(cache);
    }
}

static void walk_start(struct credential_cache *cache)
{
    if (cache->walking) {
        return;
    }
    cache->walking = true;
    cache->walk = (struct credential_walk){
        .settings = &cache->settings,
        .place = &cache->place,
        .retry = cache->retry,
        .done = on_walk,
        .owner = cache,
    };
    credential_walk_start(&cache->walk);
}

static void waiter_add(struct credential_cache *cache, credentials_done done, void *owner)
{
    struct waiter *waiter = memory_new(sizeof(*waiter));
    struct waiter **end = &cache->waiters;

    while (*end != NULL) {
        end = &(*end)->next;
    }
    waiter->done = done;
    waiter->owner = owner;
    *end = waiter;
}

void credentials_get(struct credential_cache *cache, credentials_done done, void *owner)
{
    if (cache_freshness(cache) == RENEW_BESIDE) {
        walk_start(cache);
    }
    /* Looked at again: the renewal may have ended at once, and they in the meantime. */
    if (cache_freshness(cache) != RENEW_FIRST) {
        done(owner, &cache->current, NULL);
        return;
    }
    waiter_add(cache, done, owner);
    walk_start(cache);
}

void credentials_cancel(struct credential_cache *cache, const void *owner)
{
    struct waiter **link = &cache->waiters;

    while (*link != NULL) {
        struct waiter *waiter = *link;

        if (waiter->owner == owner) {
            *link = waiter->next;
            free(waiter);
        } else {
            link = &waiter->next;
        }
    }
}

void credentials_invalidate(struct credential_cache *cache)
{
    cache->refused = true;
}

void credential_cache_set_place(struct credential_cache *cache, const struct aws_place *place)
{
    cache->place = *place;
}

struct credential_cache *credential_cache_new(uv_loop_t *loop,
                                              const struct credential_settings *settings)
{
    struct credential_cache *cache = memory_new(sizeof(*cache));

    cache->settings = *settings;
    if (settings->clock_offset_s == NULL) {
        cache->settings.clock_offset_s = &cache->own_offset_s;
    }
    cache->retry = memory_new(sizeof(*cache->retry));
    (void)uv_timer_init(loop, cache->retry);
    arena_init(&cache->arena);
    return cache;
}

static void on_retry_closed(uv_handle_t *handle)
{
    free((uv_timer_t *)handle);
}

void credential_cache_free(struct credential_cache *cache)
{
    if (cache->walking) {
        credential_walk_cancel(&cache->walk);
        cache->walking = false;
    }
    uv_close((uv_handle_t *)cache->retry, on_retry_closed);
    cache->freed = true;
    if (!cache->delivering) {
        cache_destroy(cache);
    }
}
