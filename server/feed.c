/* SPDX-License-Identifier: MIT */

/*
 * server/feed.c - a source delivers, the fleet judges, the log tells, and the site's listener hears
 * when there is something new.
 */

#include "server/feed.h"

#include <stdlib.h>

#include "discovery/ec2_client.h"
#include "discovery/log.h"
#include "discovery/queue.h"
#include "server/event_log.h"
#include "server/heap.h"
#include "server/place.h"
#include "server/staleness.h"
#include "server/whereabouts.h"

/* Enough to spread the servers that start again together, and not felt by anybody. */
enum { START_SPREAD_MS = 1000 };

struct feed {
    const struct feed_site *site;
    size_t index; /* in the fleet and the configuration */
    struct arena arena;
    struct whereabouts whereabouts;
    struct aws_client *client; /* NULL for a file */
    struct source *source;
    struct lifecycle_driver *driver; /* NULL: nothing is written */
    struct queue_settings queue_settings;
    struct queue *queue; /* NULL: none is configured */
    struct site_source past;
    struct stale_timer *stale_timer; /* NULL while no look fails */
    uint64_t message_count_before;   /* of the queue, in sites before this one */
    uint64_t failure_count_before;   /* likewise */
    bool is_disbelieved;             /* the last look was empty and was not believed: told once */
    /* Of the look that is being applied: */
    size_t change_count; /* events that alter the answers */
    bool has_empty_poll;
};

const char *feed_name(const struct feed *feed)
{
    return feed->site->config->fleet.sources[feed->index].name;
}

static const struct config_source *feed_config(const struct feed *feed)
{
    return &feed->site->config->sources[feed->index];
}

static void feed_tell_change(const struct feed *feed)
{
    feed->site->listener.on_change(feed->site->listener.owner);
}

/* That its looks are taken in; NULL: not known yet, or in none. */
static const char *looked_region(const struct feed *feed)
{
    return feed->client == NULL ? NULL : aws_client_region(feed->client);
}

/* ---- looks ---- */

static void on_view_event(void *owner, const struct view_event *event)
{
    struct feed *feed = owner;

    if (event->kind == EVENT_EMPTY_POLL) {
        feed->has_empty_poll = true;
        if (feed->is_disbelieved) {
            return;
        }
    }
    if (event->kind == EVENT_ADDED || event->kind == EVENT_REMOVED ||
        event->kind == EVENT_CHANGED) {
        feed->change_count++;
    }
    event_log_write(feed_name(feed), event);
}

/* The region is told at once by the host itself: what hangs or fails over there costs no time. */
static void on_region(void *owner)
{
    struct feed *feed = owner;

    if (whereabouts_check_region(&feed->whereabouts, feed->site->fleet, feed->index,
                                 looked_region(feed))) {
        feed_tell_change(feed);
    }
}

/* Answers tell it when nobody has been able to look for a while. */
static void on_stale(void *owner)
{
    feed_tell_change(owner);
}

static void feed_note_failure(struct feed *feed)
{
    int64_t now_ms = (int64_t)uv_now(feed->site->loop);

    if (feed->past.failing_since_ms == 0) {
        feed->past.failing_since_ms = now_ms == 0 ? 1 : now_ms;
    }
    if (feed->stale_timer == NULL) {
        feed->stale_timer =
            stale_timer_start(feed->site->loop, feed->past.failing_since_ms, on_stale, feed);
    }
}

/* A look has shown something. True when looks had failed for so long that answers told it. */
static bool feed_note_success(struct feed *feed)
{
    bool was_stale =
        source_is_stale(fleet_view(feed->site->fleet, feed->index), feed->past.failing_since_ms,
                        (int64_t)uv_now(feed->site->loop));

    feed->past.failing_since_ms = 0;
    stale_timer_close(feed->stale_timer);
    feed->stale_timer = NULL;
    return was_stale;
}

static void on_failure(void *owner, const struct error *error)
{
    struct feed *feed = owner;

    feed_note_failure(feed);
    feed->past.failure_count++;
    feed->past.last_error = *error;
    log_event(LEVEL_WARNING, "look failed, what is known stays",
              log_text("source", feed_name(feed)), log_text("error", error->text));
}

/* Not what came from disk. */
static bool view_is_of_a_look(const struct view *view)
{
    return view != NULL && !view->is_restored;
}

/* A complete look, to be believed as far as the guard does; the first where the source looks with
 * `is_moved`. */
static void feed_apply(struct feed *feed, const struct inventory *inventory, int64_t started_ms,
                       bool is_moved)
{
    struct fleet *fleet = feed->site->fleet;
    bool is_first = is_moved || !view_is_of_a_look(fleet_view(fleet, feed->index));
    bool is_again = feed->past.last_error.text[0] != '\0';
    bool was_stale = false;

    feed->change_count = 0;
    feed->has_empty_poll = false;
    fleet_apply(fleet, feed->index, inventory, started_ms, on_view_event, feed);
    is_first = is_first && view_is_of_a_look(fleet_view(fleet, feed->index));
    is_again = is_again && !feed->has_empty_poll;
    log_event(is_first || is_again ? LEVEL_NOTICE : LEVEL_DEBUG,
              is_first   ? "first complete load"
              : is_again ? "source answers again"
                         : "poll applied",
              log_text("source", feed_name(feed)),
              log_number("instances", (int64_t)inventory->count),
              log_number("changes", (int64_t)feed->change_count));
    feed->past.look_count++;
    feed->past.looked_ms = (int64_t)uv_now(feed->site->loop);
    feed->past.last_error.text[0] = '\0';
    if (feed->has_empty_poll) { /* else the source would look fresh and well for ever */
        (void)error_set(&feed->past.last_error, "it shows nothing at all, which is not believed");
        feed_note_failure(feed);
    } else {
        was_stale = feed_note_success(feed);
    }
    feed->is_disbelieved = feed->has_empty_poll;
    if (is_first || was_stale || feed->change_count > 0) {
        feed_tell_change(feed);
    }
}

static void on_inventory(void *owner, struct inventory *inventory, int64_t started_ms)
{
    struct feed *feed = owner;
    struct error error;

    switch (whereabouts_settle(&feed->whereabouts, feed->site->fleet, feed->index,
                               looked_region(feed), inventory)) {
    case WHEREABOUTS_SAME:
        feed_apply(feed, inventory, started_ms, false);
        break;
    case WHEREABOUTS_MOVED:
        feed_apply(feed, inventory, started_ms, true);
        break;
    case WHEREABOUTS_NOBODY:
        (void)error_set(&error, "not one member where it looks since the reload");
        on_failure(feed, &error);
        break;
    }
    if (feed->driver != NULL) {
        lifecycle_driver_take(feed->driver, inventory, started_ms);
    } else {
        inventory_free(inventory);
    }
    heap_settle();
}

static void on_written(void *owner)
{
    struct feed *feed = owner;

    source_refresh(feed->source);
}

static void on_standby(void *owner, const char *const *ids, size_t count)
{
    struct feed *feed = owner;

    if (fleet_set_standby(feed->site->fleet, feed->index, ids, count)) {
        log_event(LEVEL_NOTICE, "instances in standby changed", log_text("source", feed_name(feed)),
                  log_number("instances", (int64_t)count));
        feed_tell_change(feed);
    }
}

/* ---- start and end ---- */

/* What comes from disk is served already: a restart of many servers need not hit the API at once.
 * Without anything to serve there is no time to lose. */
static int64_t feed_spread_ms(const struct feed *feed)
{
    const struct view *view = fleet_view(feed->site->fleet, feed->index);
    const struct config_source *source = feed_config(feed);

    if (view == NULL || !view->is_restored || source->kind != SOURCE_EC2) {
        return 0;
    }
    return source->ec2.poll_ms < START_SPREAD_MS ? source->ec2.poll_ms : START_SPREAD_MS;
}

static void on_message(void *owner)
{
    struct feed *feed = owner;

    log_event(LEVEL_DEBUG, "messages in the queue, looking", log_text("source", feed_name(feed)));
    source_refresh(feed->source);
}

static void queue_open(struct feed *feed, const struct config_source *source)
{
    const struct queue_listener listener = {.owner = feed, .on_message = on_message};

    feed->queue_settings =
        (struct queue_settings){.name = feed_name(feed), .url = source->queue_url};
    feed->queue = queue_new(feed->site->loop, feed->client, &feed->queue_settings, &listener);
}

void feed_start(struct feed *feed)
{
    const struct feed_site *site = feed->site;
    const struct config_source *source = feed_config(feed);
    const struct source_listener listener = {
        .owner = feed, .on_inventory = on_inventory, .on_failure = on_failure};
    const struct lifecycle_listener lifecycle_listener = {
        .owner = feed, .on_written = on_written, .on_standby = on_standby};

    switch (source->kind) {
    case SOURCE_EC2:
        feed->client = ec2_client_new(site->loop, site->http, &source->ec2);
        aws_client_watch_region(feed->client, on_region, feed);
        feed->source = ec2_source_new(site->loop, feed->client, &source->ec2, &listener);
        if (source->has_lifecycle) {
            feed->driver = lifecycle_driver_new(site->loop, feed->client, &source->lifecycle,
                                                &lifecycle_listener);
        }
        break;
    case SOURCE_FILE:
        feed->source = file_source_new(site->loop, &source->file, &listener);
        break;
    }
    if (feed->past.failing_since_ms != 0) { /* since before a reload */
        feed_note_failure(feed);
    }
    source_start(feed->source, feed_spread_ms(feed));
    if (source->queue_url != NULL) {
        queue_open(feed, source);
    }
}

void feed_refresh(struct feed *feed)
{
    source_refresh(feed->source);
}

struct feed *feed_new(const struct feed_site *site, size_t index)
{
    struct feed *feed = memory_new(sizeof(*feed));

    *feed = (struct feed){.site = site, .index = index};
    arena_init(&feed->arena);
    feed->whereabouts.place = place_settings(site->config, index, &feed->arena);
    return feed;
}

/* Whoever calls through the client ends before it. */
void feed_free(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    stale_timer_close(feed->stale_timer);
    queue_stop(feed->queue);
    lifecycle_driver_stop(feed->driver);
    if (feed->source != NULL) {
        source_stop(feed->source);
    }
    if (feed->client != NULL) {
        aws_client_free(feed->client);
    }
    whereabouts_free(&feed->whereabouts);
    arena_free(&feed->arena);
    free(feed);
}

void feed_adopt(struct feed *feed, struct feed *old)
{
    feed->past = *feed_past(old);
    feed->past.has_queue = false; /* until it is opened */
    feed->message_count_before = feed->past.queue_message_count;
    feed->failure_count_before = feed->past.queue_failure_count;
    whereabouts_adopt(&feed->whereabouts, feed_place(old), feed_region(old));
}

/* ---- what others ask ---- */

const struct site_source *feed_past(struct feed *feed)
{
    if (feed->queue != NULL) {
        const struct queue_past *queue = queue_past(feed->queue);

        feed->past.has_queue = true;
        feed->past.queue_message_count = feed->message_count_before + queue->message_count;
        feed->past.queue_failure_count = feed->failure_count_before + queue->failure_count;
        feed->past.queue_error = queue->last_error;
    }
    return &feed->past;
}

const struct aws_client *feed_client(const struct feed *feed)
{
    return feed->client;
}

const char *feed_place(const struct feed *feed)
{
    return whereabouts_place(&feed->whereabouts);
}

const char *feed_region(const struct feed *feed)
{
    return feed->whereabouts.known_region != NULL ? feed->whereabouts.known_region
                                                  : looked_region(feed);
}

void feed_set_region(struct feed *feed, const char *region)
{
    whereabouts_adopt(&feed->whereabouts, feed->whereabouts.place, region);
}
