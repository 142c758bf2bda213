/* SPDX-License-Identifier: MIT */

/*
 * server/last_good.h - what a site knows, kept over a restart: the site's views into the keeper of
 * the state file, and back into a site that has just been made.
 *
 * Main thread only.
 */

#ifndef SERVER_LAST_GOOD_H
#define SERVER_LAST_GOOD_H

#include <stdbool.h>
#include <uv.h>

#include "server/site.h"
#include "server/state_keeper.h"

struct last_good;

/*
 * Open the site's state-dir. False when another server uses it: do not start. When it cannot be
 * used at all, a warning is logged, and nothing is kept.
 */
bool last_good_open(struct last_good **last_good, uv_loop_t *loop, const struct site *site,
                    struct error *error);

/* Give `site`, which has not been started, what was kept. Blocks for the reading. */
void last_good_restore(struct last_good *last_good, struct site *site);

/* Keep what `site` knows, which may be asked for it until the next call, or last_good_close():
 * nothing while it knows nothing. Does not wait for the disk. */
void last_good_keep(struct last_good *last_good, const struct site *site);

/* How writing has gone; all 0 without a usable state-dir. */
const struct state_keeper_past *last_good_past(const struct last_good *last_good);

/* Write what is still to be written, and free; see state_keeper_close(). NULL does nothing. */
void last_good_close(struct last_good *last_good);

#endif
