/* SPDX-License-Identifier: MIT */

/*
 * server/publisher.h - from what a site knows to the snapshot that workers answer from.
 */

#ifndef SERVER_PUBLISHER_H
#define SERVER_PUBLISHER_H

#include "server/site.h"
#include "zones/snapshot.h"

struct publisher;

struct publisher *publisher_new(void);

/* NULL does nothing. */
void publisher_free(struct publisher *publisher);

/*
 * Build the snapshot of everything that `site` knows now. Borrowed: the publisher keeps a
 * reference until the next call, because serials go on from it, and what has not changed since is
 * shared. What cannot be served (a clash of
 * names, a group whose name is no label) is left out and logged once, for as long as it lasts.
 * Holds end by `now`, and serials are made of its Unix time.
 */
struct snapshot *publisher_build(struct publisher *publisher, const struct site *site,
                                 const struct fleet_moment *now);

#endif
