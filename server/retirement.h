/* SPDX-License-Identifier: MIT */

/*
 * server/retirement.h - keeps the snapshot that was replaced, for a moment.
 *
 * Workers take a new snapshot at once, and none of them should be the last to let go of the old
 * one: it would free a whole table between two packets. So the main thread holds on to it until
 * all of them have moved on, and then lets go, so that a table is not there twice for long.
 * Main loop only.
 */

#ifndef SERVER_RETIREMENT_H
#define SERVER_RETIREMENT_H

#include <uv.h>

#include "zones/snapshot.h"

/* Far longer than any worker takes between two packets. */
enum { RETIREMENT_MS = 500 };

struct retirement;

struct retirement *retirement_new(uv_loop_t *loop);

/*
 * Hold a reference to the snapshot that is about to be replaced for RETIREMENT_MS; NULL for none.
 * The one before it is let go: there are never three tables while a new one is built.
 */
void retirement_keep(struct retirement *retirement, struct snapshot *snapshot);

/* Let go, stop, and free once the handle is closed. NULL does nothing. */
void retirement_close(struct retirement *retirement);

#endif
