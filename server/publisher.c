/* SPDX-License-Identifier: MIT */

/*
 * server/publisher.c - one pass over the zones: state, static records, clusters; then encode.
 */

#include "server/publisher.h"

#include <stdio.h>
#include <stdlib.h>

#include "discovery/log.h"
#include "server/complaint_set.h"
#include "zones/builder.h"
#include "zones/name.h"

struct publisher {
    struct snapshot *snapshot;      /* the newest, NULL before the first build */
    struct complaint_set *previous; /* of the build before */
    struct complaint_set *current;  /* of the build under way */
};

/* A fleet_complaint. */
static void on_complaint(void *owner, const char *origin, const struct error *error)
{
    struct publisher *publisher = owner;
    char text[NAME_MAX_TEXT + sizeof(error->text)];

    (void)snprintf(text, sizeof(text), "%s %s", origin, error->text);
    if (complaint_set_add(publisher->current, text) &&
        !complaint_set_has(publisher->previous, text)) {
        log_event(LEVEL_ERROR, "not served as asked", log_text("zone", origin),
                  log_text("error", error->text));
    }
}

struct publisher *publisher_new(void)
{
    struct publisher *publisher = memory_new(sizeof(*publisher));

    publisher->previous = complaint_set_new();
    publisher->current = complaint_set_new();
    return publisher;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    snapshot_unref(publisher->snapshot);
    complaint_set_free(publisher->previous);
    complaint_set_free(publisher->current);
    free(publisher);
}

static void zone_build(struct publisher *publisher, struct builder *builder,
                       const struct site *site, size_t index, const struct fleet_moment *now)
{
    const struct config_zone *zone = &site_config(site)->zones[index];
    const char *origin = zone->fleet.origin;
    const struct fleet_listener listener = {on_complaint, publisher};
    const struct cluster *clusters = NULL;
    size_t cluster_count = 0;
    struct arena arena;
    struct error error;

    if (!builder_add_zone(builder, &zone->zone, fleet_zone_state(site_fleet(site), index),
                          &error)) {
        on_complaint(publisher, origin, &error); /* the configuration was checked for this */
        return;
    }
    arena_init(&arena);
    cluster_count = fleet_clusters(site_fleet(site), index, now, &arena, &clusters, &listener);
    for (size_t cluster = 0; cluster < cluster_count; cluster++) {
        if (!builder_add_cluster(builder, &clusters[cluster], &error)) {
            on_complaint(publisher, origin, &error);
        }
    }
    arena_free(&arena);
    /* After the clusters: no zone file may take a live member out. */
    if (!builder_add_records(builder, site_records(site, index), &error)) {
        on_complaint(publisher, origin, &error);
    }
    if (!builder_place_plain_names(builder, &error)) {
        on_complaint(publisher, origin, &error);
    }
}

struct snapshot *publisher_build(struct publisher *publisher, const struct site *site,
                                 const struct fleet_moment *now)
{
    struct builder *builder = builder_new(publisher->snapshot);
    struct snapshot *snapshot = NULL;

    for (size_t index = 0; index < site_config(site)->zone_count; index++) {
        zone_build(publisher, builder, site, index, now);
    }
    snapshot = builder_finish(builder, (uint32_t)now->now_s);
    for (size_t index = 0; index < site_config(site)->zone_count; index++) {
        snapshot_set_stale(snapshot, &site_config(site)->zones[index].zone.origin,
                           site_zone_is_stale(site, index, now->now_ms));
    }
    snapshot_unref(publisher->snapshot);
    publisher->snapshot = snapshot;

    complaint_set_free(publisher->previous);
    publisher->previous = publisher->current;
    publisher->current = complaint_set_new();
    return snapshot;
}
