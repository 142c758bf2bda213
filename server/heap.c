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

void heap_trim(void)
{
    (void)malloc_trim(0);
}
