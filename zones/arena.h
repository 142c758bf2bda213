/* SPDX-License-Identifier: MIT */

/*
 * zones/arena.h - memory that is given back all at once.
 *
 * For values that are built together and die together: a snapshot, a poll's inventory. Single
 * threaded while allocating; what lies in it may be read by any thread afterwards. When memory
 * runs out the process ends with a message: no caller could do better, and the table that is
 * being served lives in the other workers' references until systemd restarts us.
 */

#ifndef ZONES_ARENA_H
#define ZONES_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *newest;
    size_t used_octets; /* handed out so far, padding included */
};

/* Make `arena` empty. Allocates nothing. */
void arena_init(struct arena *arena);

/* Free everything at once and make `arena` empty again. */
void arena_free(struct arena *arena);

/* `size` octets, zeroed, aligned for any type. Never NULL, also for size 0. */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed elements of `size` octets. A product that overflows ends the process. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A copy of `size` octets, aligned for any type. */
void *arena_copy(struct arena *arena, const void *octets, size_t size);

/* A copy of a NUL-terminated string; NULL stays NULL. */
char *arena_string(struct arena *arena, const char *text);

/* A NUL-terminated copy of `length` octets, which hold no NUL. */
char *arena_string_of(struct arena *arena, const char *text, size_t length);

/* A formatted string. */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The same rule for memory outside an arena: zeroed heap memory, given back with free(), or the
 * end of the process. `memory_grow` resizes an array of `count` elements.
 */
void *memory_new(size_t size);
void *memory_grow(void *old, size_t count, size_t size);
char *memory_string(const char *text);

/* What processors pass between each other as a whole: two threads that write into one wait. */
enum { CACHE_LINE_SIZE = 64 };

/* As memory_new(), on cache lines of its own: for what one thread writes all the time. */
void *memory_new_apart(size_t size);

#endif
