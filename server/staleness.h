/* SPDX-License-Identifier: MIT */

/*
 * server/staleness.h - when what is served may be out of date. One rule for answers (RFC 8914,
 * Stale Answer), status and metrics. Main thread only.
 *
 * What comes from disk is stale until a look has confirmed it. What a look has shown is stale once
 * looks have failed for STALE_AFTER_MS; a source that has shown nothing yet makes its zone not
 * ready, not stale.
 */

#ifndef SERVER_STALENESS_H
#define SERVER_STALENESS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "discovery/guard.h"

/* Twelve looks in a row: not a hiccup, and long before anybody asks what is going on. */
enum { STALE_AFTER_MS = 60 * 1000 };

/* `view` is what is known of a source, or NULL; its looks have failed since `failing_since_ms` on
 * the loop's clock, 0: the newest has not. Pure. */
bool source_is_stale(const struct view *view, int64_t failing_since_ms, int64_t now_ms);

struct stale_timer;

/* Calls `on_stale` once when STALE_AFTER_MS are over since `failing_since_ms`. */
struct stale_timer *stale_timer_start(uv_loop_t *loop, int64_t failing_since_ms,
                                      void (*on_stale)(void *owner), void *owner);

/* Stop, and free once the handle is closed. NULL does nothing. */
void stale_timer_close(struct stale_timer *timer);

#endif
