/* SPDX-License-Identifier: MIT */

/*
 * server/site.c - sources deliver, the fleet judges, the log tells, and whoever publishes is told
 * that there is something new.
 */

#include "server/site.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"
#include "server/config_records.h"
#include "server/event_log.h"

/* A source's way back to its place in the fleet. */
struct feed {
    struct site *site;
    size_t index;
    struct source *source;
    struct lifecycle_driver *driver; /* NULL: nothing is written */
    bool has_failed;                 /* the last look failed: the next good one is worth a line */
    bool is_disbelieved;             /* the last look was empty and was not believed: told once */
    struct site_source past;
};

struct site {
    struct config *config;
    struct fleet *fleet;
    struct arena records_arena;
    struct record_list *records; /* one list per zone */
    struct feed *feeds;          /* one per source */
    uv_loop_t *loop;
    struct http *http;
    struct site_listener listener;
    /* Of the poll that is being applied: */
    size_t change_count; /* events that alter the answers */
    bool has_empty_poll;
};

static const char *feed_name(const struct feed *feed)
{
    return feed->site->config->fleet.sources[feed->index].name;
}

static void on_view_event(void *owner, const struct view_event *event)
{
    struct feed *feed = owner;

    if (event->kind == EVENT_EMPTY_POLL) {
        feed->site->has_empty_poll = true;
        if (feed->is_disbelieved) {
            return;
        }
    }
    if (event->kind == EVENT_ADDED || event->kind == EVENT_REMOVED ||
        event->kind == EVENT_CHANGED) {
        feed->site->change_count++;
    }
    event_log_write(feed_name(feed), event);
}

static void on_inventory(void *owner, struct inventory *inventory, int64_t started_ms)
{
    struct feed *feed = owner;
    struct site *site = feed->site;
    bool is_first = fleet_view(site->fleet, feed->index) == NULL;

    site->change_count = 0;
    site->has_empty_poll = false;
    fleet_apply(site->fleet, feed->index, inventory, started_ms, on_view_event, feed);
    log_event(is_first || feed->has_failed ? LEVEL_NOTICE : LEVEL_DEBUG,
              is_first           ? "first complete load"
              : feed->has_failed ? "source answers again"
                                 : "poll applied",
              log_text("source", feed_name(feed)),
              log_number("instances", (int64_t)inventory->count),
              log_number("changes", (int64_t)site->change_count));
    feed->has_failed = false;
    feed->past.look_count++;
    feed->past.looked_ms = (int64_t)uv_now(site->loop);
    feed->past.last_error.text[0] = '\0';
    feed->is_disbelieved = site->has_empty_poll;

    if (is_first || site->change_count > 0) {
        site->listener.on_change(site->listener.owner);
    }
    if (feed->driver != NULL) {
        lifecycle_driver_take(feed->driver, inventory, started_ms);
    } else {
        inventory_free(inventory);
    }
}

static void on_written(void *owner)
{
    struct feed *feed = owner;

    source_refresh(feed->source);
}

static void on_standby(void *owner, const char *const *ids, size_t count)
{
    struct feed *feed = owner;
    struct site *site = feed->site;

    if (fleet_set_standby(site->fleet, feed->index, ids, count)) {
        log_event(LEVEL_NOTICE, "instances in standby changed", log_text("source", feed_name(feed)),
                  log_number("instances", (int64_t)count));
        site->listener.on_change(site->listener.owner);
    }
}

static void on_failure(void *owner, const struct error *error)
{
    struct feed *feed = owner;

    feed->has_failed = true;
    feed->past.failure_count++;
    feed->past.last_error = *error;
    log_event(LEVEL_WARNING, "look failed, what is known stays",
              log_text("source", feed_name(feed)), log_text("error", error->text));
}

static void feed_open(struct feed *feed)
{
    struct site *site = feed->site;
    const struct config_source *source = &site->config->sources[feed->index];
    const struct source_listener listener = {
        .owner = feed, .on_inventory = on_inventory, .on_failure = on_failure};
    const struct lifecycle_listener lifecycle_listener = {
        .owner = feed, .on_written = on_written, .on_standby = on_standby};

    switch (source->kind) {
    case SOURCE_EC2:
        feed->source = ec2_source_new(site->loop, site->http, &source->ec2, &listener);
        if (source->has_lifecycle) {
            feed->driver = lifecycle_driver_new(site->loop, site->http, &source->lifecycle,
                                                &lifecycle_listener);
        }
        break;
    case SOURCE_FILE:
        feed->source = file_source_new(site->loop, &source->file, &listener);
        break;
    }
    source_start(feed->source);
}

bool site_new(struct site **result, struct config *config, uv_loop_t *loop, struct http *http,
              const struct site_listener *listener, struct error *error)
{
    struct site *site = memory_new(sizeof(*site));

    *site = (struct site){.config = config, .loop = loop, .http = http, .listener = *listener};
    arena_init(&site->records_arena);
    site->records = memory_new((config->zone_count + 1) * sizeof(*site->records));
    site->feeds = memory_new((config->fleet.source_count + 1) * sizeof(*site->feeds));
    for (size_t index = 0; index < config->fleet.source_count; index++) {
        site->feeds[index] = (struct feed){.site = site, .index = index};
    }
    for (size_t index = 0; index < config->zone_count; index++) {
        if (!config_records_read(&site->records[index], &config->zones[index], &site->records_arena,
                                 error)) {
            goto fail;
        }
    }
    if (!fleet_new(&site->fleet, &config->fleet, error)) {
        goto fail;
    }
    *result = site;
    return true;

fail:
    site->config = NULL; /* the caller keeps it */
    site_free(site);
    return false;
}

void site_adopt(struct site *site, struct site *old)
{
    fleet_adopt(site->fleet, old->fleet);
    for (size_t i = 0; i < site->config->fleet.source_count; i++) {
        if (!site->config->sources[i].has_lifecycle) {
            /* Nobody will tell when they come out of it. */
            fleet_set_standby(site->fleet, i, NULL, 0);
        }
        for (size_t j = 0; j < old->config->fleet.source_count; j++) {
            if (strcmp(feed_name(&site->feeds[i]), feed_name(&old->feeds[j])) == 0) {
                site->feeds[i].past = old->feeds[j].past;
            }
        }
    }
}

void site_start(struct site *site)
{
    for (size_t index = 0; index < site->config->fleet.source_count; index++) {
        feed_open(&site->feeds[index]);
    }
}

void site_refresh(struct site *site)
{
    for (size_t index = 0; index < site->config->fleet.source_count; index++) {
        source_refresh(site->feeds[index].source);
    }
}

void site_free(struct site *site)
{
    if (site == NULL) {
        return;
    }
    for (size_t index = 0; site->config != NULL && index < site->config->fleet.source_count;
         index++) {
        lifecycle_driver_stop(site->feeds[index].driver);
        if (site->feeds[index].source != NULL) {
            source_stop(site->feeds[index].source);
        }
    }
    fleet_free(site->fleet);
    arena_free(&site->records_arena);
    free(site->records);
    free(site->feeds);
    config_free(site->config);
    free(site);
}

const struct config *site_config(const struct site *site)
{
    return site->config;
}

struct fleet *site_fleet(const struct site *site)
{
    return site->fleet;
}

const struct site_source *site_source(const struct site *site, size_t source)
{
    return &site->feeds[source].past;
}

const struct record_list *site_records(const struct site *site, size_t zone)
{
    return &site->records[zone];
}
