/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/moved_clock.h - the machine's clocks, moved ahead by the test, or by nobody else.
 * Included once per program: it takes the place of the C library's clock_gettime(), also for libuv.
 */

#ifndef TESTS_UNIT_MOVED_CLOCK_H
#define TESTS_UNIT_MOVED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_STANDS_AT_S = 1000000 };

static int64_t clock_ahead_ms;

/* From now on time passes by `clock_ahead_ms` alone: for limits that are met to the millisecond. */
static bool clock_stands;

/* Let the time that stood pass again, and never backwards. */
static inline void clock_go_on(void)
{
    clock_ahead_ms += clock_stands ? INT64_C(1000) * CLOCK_STANDS_AT_S : 0;
    clock_stands = false;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the system's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ns = 0;

    *now = (struct timespec){.tv_sec = CLOCK_STANDS_AT_S};
    if (!clock_stands && syscall(SYS_clock_gettime, clock, now) != 0) {
        return -1;
    }
    ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + clock_ahead_ms * 1000000;
    now->tv_sec = ns / 1000000000;
    now->tv_nsec = ns % 1000000000;
    return 0;
}

#endif
