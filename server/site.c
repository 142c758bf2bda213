/* SPDX-License-Identifier: MIT */

/*
 * server/site.c - the feeds of one configuration around one fleet, and what a reload carries over.
 */

#include "server/site.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"
#include "server/config_records.h"
#include "server/event_log.h"
#include "server/feed.h"
#include "server/staleness.h"

struct site {
    struct feed_site common;
    struct config *config;
    struct arena records_arena;
    struct record_list *records; /* one list per zone */
    struct feed **feeds;         /* one per source */
};

static size_t source_count(const struct site *site)
{
    return site->config->fleet.source_count;
}

/* Free all but the configuration. */
static void site_release(struct site *site)
{
    for (size_t index = 0; index < source_count(site); index++) {
        feed_free(site->feeds[index]);
    }
    fleet_free(site->common.fleet);
    arena_free(&site->records_arena);
    free(site->records);
    free(site->feeds);
    free(site);
}

bool site_new(struct site **result, struct config *config, uv_loop_t *loop, struct http *http,
              const struct site_listener *listener, struct error *error)
{
    struct site *site = memory_new(sizeof(*site));

    *site = (struct site){
        .common = {.config = config, .loop = loop, .http = http, .listener = *listener},
        .config = config,
    };
    arena_init(&site->records_arena);
    site->records = memory_new((config->zone_count + 1) * sizeof(*site->records));
    site->feeds = memory_new((source_count(site) + 1) * sizeof(struct feed *));
    for (size_t index = 0; index < config->zone_count; index++) {
        if (!config_records_read(&site->records[index], &config->zones[index], &site->records_arena,
                                 error)) {
            goto fail;
        }
    }
    if (!fleet_new(&site->common.fleet, &config->fleet, error)) {
        goto fail;
    }
    for (size_t index = 0; index < source_count(site); index++) {
        site->feeds[index] = feed_new(&site->common, index);
    }
    *result = site;
    return true;

fail:
    site_release(site); /* the caller keeps the configuration */
    return false;
}

void site_adopt(struct site *site, struct site *old)
{
    fleet_adopt(site->common.fleet, old->common.fleet);
    for (size_t i = 0; i < source_count(site); i++) {
        if (!site->config->sources[i].has_lifecycle) {
            /* Nobody will tell when they come out of it. */
            fleet_set_standby(site->common.fleet, i, NULL, 0);
        }
        for (size_t j = 0; j < source_count(old); j++) {
            if (strcmp(feed_name(site->feeds[i]), feed_name(old->feeds[j])) == 0) {
                feed_adopt(site->feeds[i], old->feeds[j]);
            }
        }
    }
}

void site_start(struct site *site)
{
    for (size_t index = 0; index < source_count(site); index++) {
        feed_start(site->feeds[index]);
    }
}

void site_refresh(struct site *site)
{
    for (size_t index = 0; index < source_count(site); index++) {
        feed_refresh(site->feeds[index]);
    }
}

/* A view_listener; the source is not known, as several may feed the cluster. */
static void on_accepted(void *owner, const struct view_event *event)
{
    (void)owner;
    event_log_write(NULL, event);
}

size_t site_accept(struct site *site, const char *cluster)
{
    size_t released = fleet_accept(site->common.fleet, cluster, on_accepted, site);

    if (released > 0) {
        log_event(LEVEL_NOTICE, "removals accepted", log_text("cluster", cluster),
                  log_number("members", (int64_t)released));
        site->common.listener.on_change(site->common.listener.owner);
    }
    return released;
}

void site_free(struct site *site)
{
    struct config *config = site == NULL ? NULL : site->config;

    if (site != NULL) {
        site_release(site);
        config_free(config);
    }
}

const struct config *site_config(const struct site *site)
{
    return site->config;
}

struct fleet *site_fleet(const struct site *site)
{
    return site->common.fleet;
}

const struct site_source *site_source(const struct site *site, size_t source)
{
    return feed_past(site->feeds[source]);
}

bool site_zone_is_stale(const struct site *site, size_t zone, int64_t now_ms)
{
    for (size_t i = 0; i < source_count(site); i++) {
        if (site->config->fleet.sources[i].zone == zone &&
            source_is_stale(fleet_view(site->common.fleet, i),
                            feed_past(site->feeds[i])->failing_since_ms, now_ms)) {
            return true;
        }
    }
    return false;
}

const struct aws_client *site_client(const struct site *site, size_t source)
{
    return feed_client(site->feeds[source]);
}

const struct record_list *site_records(const struct site *site, size_t zone)
{
    return &site->records[zone];
}

const char *site_place(const struct site *site, size_t source)
{
    return feed_place(site->feeds[source]);
}

const char *site_region(const struct site *site, size_t source)
{
    return feed_region(site->feeds[source]);
}

void site_set_region(struct site *site, size_t source, const char *region)
{
    feed_set_region(site->feeds[source], region);
}
