/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet.c - the accepted views, one a source: made, fed, and carried over a reload.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

bool fleet_new(struct fleet **fleet, const struct fleet_settings *settings, struct error *error)
{
    struct fleet *made = memory_new(sizeof(*made));

    *fleet = NULL;
    made->settings = settings;
    made->views = memory_new(settings->source_count * sizeof(struct view *));
    made->namings = memory_new(settings->zone_count * sizeof(struct naming *));
    made->ownerships = memory_new(settings->zone_count * sizeof(struct ownership));
    for (size_t i = 0; i < settings->zone_count; i++) {
        const struct fleet_zone *zone = &settings->zones[i];

        arena_init(&made->ownerships[i].arena);
        if (!naming_new(&made->namings[i], zone->rename, zone->rename_count, error)) {
            fleet_free(made);
            return error_prefix(error, "zone %s", zone->origin);
        }
    }
    *fleet = made;
    return true;
}

void fleet_free(struct fleet *fleet)
{
    if (fleet == NULL) {
        return;
    }
    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        view_free(fleet->views[i]);
    }
    for (size_t i = 0; i < fleet->settings->zone_count; i++) {
        naming_free(fleet->namings[i]);
        arena_free(&fleet->ownerships[i].arena);
    }
    free(fleet->views);
    free(fleet->namings);
    free(fleet->ownerships);
    free(fleet);
}

void fleet_adopt(struct fleet *fleet, struct fleet *old)
{
    const struct fleet_settings *settings = fleet->settings;

    for (size_t i = 0; i < settings->source_count; i++) {
        for (size_t j = 0; j < old->settings->source_count; j++) {
            if (strcmp(settings->sources[i].name, old->settings->sources[j].name) == 0 &&
                old->views[j] != NULL) {
                view_free(fleet->views[i]);
                fleet->views[i] = old->views[j];
                old->views[j] = NULL;
            }
        }
    }
    for (size_t i = 0; i < settings->zone_count; i++) {
        for (size_t j = 0; j < old->settings->zone_count; j++) {
            if (strcmp(settings->zones[i].origin, old->settings->zones[j].origin) == 0) {
                arena_free(&fleet->ownerships[i].arena);
                fleet->ownerships[i] = old->ownerships[j];
                old->ownerships[j] = (struct ownership){0};
                arena_init(&old->ownerships[j].arena);
            }
        }
    }
}

void fleet_apply(struct fleet *fleet, size_t source, const struct inventory *poll,
                 int64_t started_ms, view_listener listener, void *owner)
{
    struct view *old = fleet->views[source];

    fleet->views[source] = guard_apply(old, poll, &fleet->settings->sources[source].rules,
                                       started_ms, listener, owner);
    view_free(old);
}

enum zone_state fleet_zone_state(const struct fleet *fleet, size_t zone)
{
    size_t sources = 0;
    size_t delivered = 0;

    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        if (fleet->settings->sources[i].zone == zone) {
            sources++;
            delivered += fleet->views[i] != NULL;
        }
    }
    if (delivered == sources) {
        return ZONE_COMPLETE;
    }
    return delivered == 0 ? ZONE_LOADING : ZONE_PARTIAL;
}

const struct view *fleet_view(const struct fleet *fleet, size_t source)
{
    return fleet->views[source];
}
