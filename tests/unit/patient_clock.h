/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/patient_clock.h - the machine's monotonic clocks, from which every moment is cut in
 * which the program did not get to run: a time limit is met by a peer that is silent, not by a
 * machine that is busy. Included once per program: it takes the place of the C library's
 * clock_gettime(), also for libuv and libcurl. Loops need a timer that ticks in these steps.
 */

#ifndef TESTS_UNIT_PATIENT_CLOCK_H
#define TESTS_UNIT_PATIENT_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* So much time passes at most between two readings. */
enum { PATIENT_STEP_MS = 5 };

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the system's */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static _Thread_local int64_t machine_ns; /* at the last reading */
    static _Thread_local int64_t patient_ns = INT64_C(1000000000);
    int64_t step_ns = 0;

    if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW &&
        clock != CLOCK_MONOTONIC_COARSE) {
        return (int)syscall(SYS_clock_gettime, clock, now);
    }
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now) != 0) {
        return -1;
    }
    step_ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec - machine_ns;
    machine_ns += step_ns;
    patient_ns +=
        step_ns < PATIENT_STEP_MS * INT64_C(1000000) ? step_ns : PATIENT_STEP_MS * INT64_C(1000000);
    now->tv_sec = patient_ns / 1000000000;
    now->tv_nsec = patient_ns % 1000000000;
    return 0;
}

#endif
