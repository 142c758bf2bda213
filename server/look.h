/* SPDX-License-Identifier: MIT */

/*
 * server/look.h - one look at every source of a configuration, for verbs that act on what is there.
 *
 * The same sources and the same rules as when serving, but once, and without anything known from
 * before. Blocks; command-line verbs only.
 */

#ifndef SERVER_LOOK_H
#define SERVER_LOOK_H

#include <stdbool.h>

#include "discovery/fleet.h"
#include "discovery/inventory.h"
#include "server/config.h"
#include "zones/error.h"

enum {
    LOOK_FAILURES = 3,            /* of one EC2 source before the look is given up */
    LOOK_TIMEOUT_MS = 120 * 1000, /* for all of it: 20 pages of a slow EC2 */
};

struct look {
    struct fleet *fleet;
    struct inventory **inventories; /* one a source; NULL for files */
};

/* Hears what is worth a warning: a file that cannot be read is left out of the look. */
typedef void (*look_warning)(const char *source, const struct error *error);

/*
 * Look. False, with nothing to free, when an EC2 source does not answer: half of the truth would
 * be no ground to act on. `config` is borrowed and outlives the look.
 */
bool look_take(struct look *look, const struct config *config, look_warning warning,
               struct error *error);

void look_free(struct look *look, const struct config *config);

#endif
