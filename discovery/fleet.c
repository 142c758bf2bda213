/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet.c - the accepted views and standby lists, one a source: made, fed, and carried
 * over a reload.
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
    made->standbys = memory_new(settings->source_count * sizeof(struct standby));
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
        arena_free(&fleet->standbys[i].arena);
    }
    for (size_t i = 0; i < fleet->settings->zone_count; i++) {
        naming_free(fleet->namings[i]);
        arena_free(&fleet->ownerships[i].arena);
    }
    free(fleet->views);
    free(fleet->standbys);
    free(fleet->namings);
    free(fleet->ownerships);
    free(fleet);
}

/* Source `index` of `fleet` takes over what source `other` of `old` has. */
static void source_adopt(struct fleet *fleet, size_t index, struct fleet *old, size_t other)
{
    if (old->views[other] != NULL) {
        view_free(fleet->views[index]);
        fleet->views[index] = old->views[other];
        old->views[other] = NULL;
    }
    arena_free(&fleet->standbys[index].arena);
    fleet->standbys[index] = old->standbys[other];
    old->standbys[other] = (struct standby){0};
}

void fleet_adopt(struct fleet *fleet, struct fleet *old)
{
    const struct fleet_settings *settings = fleet->settings;

    for (size_t i = 0; i < settings->source_count; i++) {
        for (size_t j = 0; j < old->settings->source_count; j++) {
            if (strcmp(settings->sources[i].name, old->settings->sources[j].name) == 0) {
                source_adopt(fleet, i, old, j);
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

bool standby_contains(const struct standby *standby, const char *id)
{
    size_t low = 0;
    size_t high = standby->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, standby->ids[middle]);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

static bool standby_equals(const struct standby *standby, const char *const *ids, size_t count)
{
    size_t same = 0;

    while (standby->count == count && same < count && strcmp(standby->ids[same], ids[same]) == 0) {
        same++;
    }
    return standby->count == count && same == count;
}

bool fleet_set_standby(struct fleet *fleet, size_t source, const char *const *ids, size_t count)
{
    struct standby *standby = &fleet->standbys[source];

    if (standby_equals(standby, ids, count)) {
        return false;
    }
    arena_free(&standby->arena);
    standby->ids = arena_array(&standby->arena, count, sizeof(*standby->ids));
    for (size_t i = 0; i < count; i++) {
        standby->ids[i] = arena_string(&standby->arena, ids[i]);
    }
    standby->count = count;
    return true;
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

int64_t fleet_next_change_s(const struct fleet *fleet, int64_t now_s)
{
    int64_t next_s = 0;

    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        const struct view *view = fleet->views[i];

        for (size_t j = 0; view != NULL && j < view->count; j++) {
            int64_t until_s = view->entries[j].accepted.hold.until_s;

            if (until_s > now_s && (next_s == 0 || until_s < next_s)) {
                next_s = until_s;
            }
        }
    }
    return next_s;
}
