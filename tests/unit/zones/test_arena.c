/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_arena.c - The arena: aligned, zeroed, apart from one another, gone all at
 * once.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zones/arena.h"

static void every_size_is_aligned_zeroed_and_apart_from_the_others(void **state)
{
    enum { COUNT = 4000 };
    static unsigned char *blocks[COUNT];
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t index = 0; index < COUNT; index++) {
        size_t size = index * 7 % 911;

        blocks[index] = arena_alloc(&arena, size);
        assert_non_null(blocks[index]);
        assert_int_equal((uintptr_t)blocks[index] % alignof(max_align_t), 0);
        for (size_t octet = 0; octet < size; octet++) {
            assert_int_equal(blocks[index][octet], 0);
        }
        memset(blocks[index], (int)(index % 251), size);
    }
    for (size_t index = 0; index < COUNT; index++) {
        for (size_t octet = 0; octet < index * 7 % 911; octet++) {
            assert_int_equal(blocks[index][octet], index % 251);
        }
    }
    arena_free(&arena);
}

static void a_large_block_leaves_the_rest_of_the_chunk_to_small_ones(void **state)
{
    struct arena arena;
    char *before = NULL;
    char *after = NULL;

    (void)state;
    arena_init(&arena);
    before = arena_alloc(&arena, 16);
    memset(arena_alloc(&arena, 10U << 20), 'x', 10U << 20);
    after = arena_alloc(&arena, 16);
    assert_in_range((uintptr_t)after, (uintptr_t)before + 16, (uintptr_t)before + 4096);
    arena_free(&arena);
}

static void blocks_of_size_0_have_addresses_of_their_own(void **state)
{
    struct arena arena;
    const void *first = NULL;

    (void)state;
    arena_init(&arena);
    first = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(first, arena_alloc(&arena, 0));
    assert_non_null(arena_copy(&arena, NULL, 0));
    arena_free(&arena);
}

static void strings_are_copies(void **state)
{
    struct arena arena;
    char text[] = "web";
    char *copy = NULL;

    (void)state;
    arena_init(&arena);
    copy = arena_string(&arena, text);
    text[0] = 'x';
    assert_string_equal(copy, "web");
    assert_null(arena_string(&arena, NULL));
    assert_string_equal(arena_string_of(&arena, "api-1", 3), "api");
    assert_string_equal(arena_string_of(&arena, "", 0), "");
    assert_string_equal(arena_format(&arena, "%s-%d", "web", 5), "web-5");
    assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    arena_free(&arena);
}

static void a_freed_arena_is_empty_and_can_be_used_again(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(arena.used_octets, 0);
    arena_alloc(&arena, 5000);
    assert_true(arena.used_octets >= 5000);
    arena_free(&arena);
    assert_int_equal(arena.used_octets, 0);
    assert_string_equal(arena_string(&arena, "again"), "again");
    arena_free(&arena);
    arena_free(&arena);
}

static void memory_grows_and_keeps_what_it_held(void **state)
{
    char *text = memory_string("abc");

    (void)state;
    text = memory_grow(text, 100, 1000);
    assert_string_equal(text, "abc");
    text = memory_grow(text, 0, 8);
    assert_non_null(text);
    free(text);
}

static void array_that_overflows(void)
{
    struct arena arena;

    arena_init(&arena);
    arena_array(&arena, SIZE_MAX / 4, 8);
}

static void growth_that_overflows(void)
{
    free(memory_grow(NULL, SIZE_MAX, 2));
}

static void memory_apart_begins_and_ends_with_a_cache_line(void **state)
{
    enum { SIZES = 300 };
    uint8_t *blocks[SIZES];

    (void)state;
    for (size_t size = 0; size < SIZES; size++) {
        blocks[size] = memory_new_apart(size);
        assert_int_equal((uintptr_t)blocks[size] % CACHE_LINE_SIZE, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(blocks[size][i], 0);
        }
        memset(blocks[size], 0xa5, size);
        for (size_t before = 0; before < size; before++) {
            size_t distance = blocks[before] < blocks[size]
                                  ? (size_t)(blocks[size] - blocks[before]) - before
                                  : (size_t)(blocks[before] - blocks[size]) - size;

            assert_true(distance <= SIZE_MAX / 2); /* the lower one ends before the upper begins */
        }
    }
    for (size_t size = 0; size < SIZES; size++) {
        free(blocks[size]);
    }
}

static void a_product_that_overflows_ends_the_process(void **state)
{
    static void (*const overflows[])(void) = {array_that_overflows, growth_that_overflows};

    (void)state;
    for (size_t index = 0; index < sizeof(overflows) / sizeof(overflows[0]); index++) {
        int status = 0;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            const struct rlimit no_core = {0, 0};

            setrlimit(RLIMIT_CORE, &no_core);
            signal(SIGABRT, SIG_DFL);
            overflows[index]();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_aligned_zeroed_and_apart_from_the_others),
        cmocka_unit_test(a_large_block_leaves_the_rest_of_the_chunk_to_small_ones),
        cmocka_unit_test(blocks_of_size_0_have_addresses_of_their_own),
        cmocka_unit_test(strings_are_copies),
        cmocka_unit_test(a_freed_arena_is_empty_and_can_be_used_again),
        cmocka_unit_test(memory_grows_and_keeps_what_it_held),
        cmocka_unit_test(memory_apart_begins_and_ends_with_a_cache_line),
        cmocka_unit_test(a_product_that_overflows_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
