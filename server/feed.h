/* SPDX-License-Identifier: MIT */

/*
 * server/feed.h - one source of a site at work: its client, its looks on their way into the fleet,
 * the queue that hastens them, and the lifecycle driver.
 *
 * Part of server/site.c; others ask the site. Main thread only.
 */

#ifndef SERVER_FEED_H
#define SERVER_FEED_H

#include "server/site.h"

/* What the feeds of a site have in common. */
struct feed_site {
    const struct config *config;
    struct fleet *fleet;
    uv_loop_t *loop;
    struct http *http;
    struct site_listener listener;
};

struct feed;

/* Of source `index`. Nothing runs yet. `site` is borrowed and outlives the feed. */
struct feed *feed_new(const struct feed_site *site, size_t index);

/* Stop and free. Not from within on_change. NULL does nothing. */
void feed_free(struct feed *feed);

/* Go on where `old`, of the site before and the same name, ends. Before feed_start(), and after
 * fleet_adopt(). */
void feed_adopt(struct feed *feed, struct feed *old);

/* See site_start(). */
void feed_start(struct feed *feed);

void feed_refresh(struct feed *feed);

/* As the log says it. */
const char *feed_name(const struct feed *feed);

/* See site_source(), site_client(), site_place(), site_region() and site_set_region(). */
const struct site_source *feed_past(struct feed *feed);
const struct aws_client *feed_client(const struct feed *feed);
const char *feed_place(const struct feed *feed);
const char *feed_region(const struct feed *feed);
void feed_set_region(struct feed *feed, const char *region);

#endif
