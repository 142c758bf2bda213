/* SPDX-License-Identifier: MIT */

/*
 * server/heap.h - how the allocator is to treat a process whose memory comes and goes in whole
 * tables: glibc's mallopt(3) and malloc_trim(3).
 */

#ifndef SERVER_HEAP_H
#define SERVER_HEAP_H

/*
 * Before there is a second thread. Small pieces are joined with their neighbours when they are
 * given back, not all at once by the next large request: that one would be the table that everybody
 * waits for, and pay some ten milliseconds for the 100,000 members of the look before it.
 */
void heap_prepare(void);

/*
 * Give what is free back to the system, where it is much beside what is in use: a look at 100,000
 * members passes through some 100 MB, and a table that was replaced may be as large as the one that
 * stays. Then it takes some milliseconds, else hardly anything. Any thread.
 */
void heap_settle(void);

#endif
