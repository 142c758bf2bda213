/* SPDX-License-Identifier: MIT */

/*
 * zones/arena.c - a bump allocator over a list of chunks.
 *
 * Under AddressSanitizer what has not been handed out is poisoned, so that running over the end of
 * an allocation is found as it would be with malloc().
 */

#include "zones/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

enum {
    CHUNK_FIRST_OCTETS = 4096,         /* small arenas stay small */
    CHUNK_LARGEST_OCTETS = 256 * 1024, /* growth stops here: bounds what a last chunk wastes */
    CHUNK_SHARE = 4, /* a request above 1/4 of a chunk gets its own, so the rest is not lost */
};

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>

enum { ARENA_GAP_OCTETS = alignof(max_align_t) };

static void octets_poison(const void *octets, size_t size)
{
    __asan_poison_memory_region(octets, size);
}

static void octets_unpoison(const void *octets, size_t size)
{
    __asan_unpoison_memory_region(octets, size);
}
#else
enum { ARENA_GAP_OCTETS = 0 };

static void octets_poison(const void *octets, size_t size)
{
    (void)octets;
    (void)size;
}

static void octets_unpoison(const void *octets, size_t size)
{
    (void)octets;
    (void)size;
}
#endif

struct arena_chunk {
    struct arena_chunk *older;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char octets[];
};

static _Noreturn void memory_exhausted(void)
{
    fputs("<2>event=\"out of memory\"\n", stderr);
    abort();
}

static size_t size_product(size_t count, size_t size)
{
    size_t product = 0;

    if (__builtin_mul_overflow(count, size, &product)) {
        memory_exhausted();
    }
    return product;
}

static size_t size_align(size_t size)
{
    const size_t mask = alignof(max_align_t) - 1;

    if (size > SIZE_MAX / 2) {
        memory_exhausted();
    }
    /* At least one unit: allocations of size 0 have addresses of their own. */
    return size == 0 ? mask + 1 : (size + mask) & ~mask;
}

static struct arena_chunk *chunk_new(size_t capacity)
{
    struct arena_chunk *chunk = memory_new(sizeof(*chunk) + capacity);

    chunk->capacity = capacity;
    octets_poison(chunk->octets, capacity);
    return chunk;
}

static void *chunk_take(struct arena_chunk *chunk, size_t size, size_t requested)
{
    void *octets = chunk->octets + chunk->used;

    chunk->used += size;
    octets_unpoison(octets, requested);
    return octets;
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.newest = NULL};
}

void arena_free(struct arena *arena)
{
    struct arena_chunk *chunk = arena->newest;

    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;

        octets_unpoison(chunk->octets, chunk->capacity);
        free(chunk);
        chunk = older;
    }
    arena_init(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_chunk *newest = arena->newest;
    size_t aligned = size_align(size) + ARENA_GAP_OCTETS;
    size_t capacity = CHUNK_FIRST_OCTETS;

    arena->used_octets += aligned;
    if (newest != NULL && aligned <= newest->capacity - newest->used) {
        return chunk_take(newest, aligned, size);
    }
    if (newest != NULL && aligned > newest->capacity / CHUNK_SHARE) {
        struct arena_chunk *own = chunk_new(aligned);

        own->older = newest->older;
        newest->older = own;
        return chunk_take(own, aligned, size);
    }
    if (newest != NULL) {
        capacity = newest->capacity < CHUNK_LARGEST_OCTETS / 2 ? newest->capacity * 2
                                                               : CHUNK_LARGEST_OCTETS;
    }
    arena->newest = chunk_new(aligned > capacity ? aligned : capacity);
    arena->newest->older = newest;
    return chunk_take(arena->newest, aligned, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    return arena_alloc(arena, size_product(count, size));
}

void *arena_copy(struct arena *arena, const void *octets, size_t size)
{
    void *copy = arena_alloc(arena, size);

    if (size > 0) {
        memcpy(copy, octets, size);
    }
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_string_of(arena, text, strlen(text));
}

char *arena_string_of(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    int length = 0;
    size_t size = 0;
    char *text = NULL;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    /* Fails only for more than INT_MAX octets or a conversion that no caller uses. */
    if (length < 0) {
        memory_exhausted();
    }
    size = (size_t)length + 1;
    text = arena_alloc(arena, size);
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return text;
}

void *memory_new(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);

    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

void *memory_new_apart(size_t size)
{
    size_t lines = size / CACHE_LINE_SIZE + 1;
    void *memory = NULL;

    if (lines > SIZE_MAX / CACHE_LINE_SIZE) {
        memory_exhausted();
    }
    memory = aligned_alloc(CACHE_LINE_SIZE, lines * CACHE_LINE_SIZE);
    if (memory == NULL) {
        memory_exhausted();
    }
    return memset(memory, 0, lines * CACHE_LINE_SIZE);
}

void *memory_grow(void *old, size_t count, size_t size)
{
    size_t octets = size_product(count, size);
    /* realloc(p, 0) may free: never ask for that. */
    void *memory = realloc(old, octets == 0 ? 1 : octets);

    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

char *memory_string(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(memory_new(size), text, size);
}
