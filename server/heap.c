/* SPDX-License-Identifier: MIT */

/*
 * server/heap.c - the two calls that only glibc has.
 */

#include "server/heap.h"

#include <malloc.h>

void heap_prepare(void)
{
    (void)mallopt(M_MXFAST, 0); /* NOLINT(concurrency-mt-unsafe): nobody else runs yet */
}

/* Below this it is not worth the system calls, nor the page faults of the next look. */
enum { SETTLE_OCTETS = 4 * 1024 * 1024, SETTLE_SHARE = 4 };

void heap_settle(void)
{
    const struct mallinfo2 heap = mallinfo2();

    if (heap.fordblks > SETTLE_OCTETS && heap.fordblks > heap.uordblks / SETTLE_SHARE) {
        (void)malloc_trim(0);
    }
}
