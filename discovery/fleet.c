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
    made->standbys = memory_new(settings->source_count * sizeof(struct standby));
    made->namings = memory_new(settings->zone_count * sizeof(struct naming *));
    made->ownerships = memory_new(settings->zone_count * sizeof(struct ownership));
    made->overlaps = memory_new(settings->zone_count * sizeof(struct overlap));
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
        overlap_free(&fleet->overlaps[i]);
    }
    free(fleet->views);
    free(fleet->standbys);
    free(fleet->namings);
    free(fleet->ownerships);
    free(fleet->overlaps);
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

/* The place of the source called `name`, or OVERLAP_NO_SOURCE. */
static size_t source_find(const struct fleet_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->source_count; i++) {
        if (strcmp(settings->sources[i].name, name) == 0) {
            return i;
        }
    }
    return OVERLAP_NO_SOURCE;
}

/* Zone `index` of `fleet` takes over what zone `other` of `old` remembers. */
static void zone_adopt(struct fleet *fleet, size_t index, struct fleet *old, size_t other)
{
    struct overlap *overlap = &fleet->overlaps[index];

    arena_free(&fleet->ownerships[index].arena);
    fleet->ownerships[index] = old->ownerships[other];
    old->ownerships[other] = (struct ownership){0};
    arena_init(&old->ownerships[other].arena);

    overlap_free(overlap);
    *overlap = old->overlaps[other];
    old->overlaps[other] = (struct overlap){0};
    for (size_t i = 0; i < overlap->count; i++) {
        size_t source = overlap->members[i].source;

        if (source != OVERLAP_NO_SOURCE) {
            overlap->members[i].source =
                source_find(fleet->settings, old->settings->sources[source].name);
        }
    }
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
                zone_adopt(fleet, i, old, j);
            }
        }
    }
}

static struct guard_rules source_rules(const struct fleet *fleet, size_t source)
{
    const struct fleet_settings *settings = fleet->settings;
    size_t zone = settings->sources[source].zone;

    return (struct guard_rules){
        .membership = &settings->sources[source].rules,
        .naming = fleet->namings[zone],
        .flap_ms = settings->zones[zone].ttl_seconds * INT64_C(1000),
    };
}

void fleet_apply(struct fleet *fleet, size_t source, const struct inventory *poll,
                 int64_t started_ms, view_listener listener, void *owner)
{
    const struct guard_rules rules = source_rules(fleet, source);
    struct view *old = fleet->views[source];

    fleet->views[source] = guard_apply(old, poll, &rules, started_ms, listener, owner);
    view_free(old);
}

enum zone_state fleet_zone_state(const struct fleet *fleet, size_t zone)
{
    size_t sources = 0;
    size_t delivered = 0;
    bool has_members = false;

    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        const struct view *view = fleet->views[i];

        if (fleet->settings->sources[i].zone == zone) {
            sources++;
            delivered += view != NULL;
            has_members =
                has_members || (view != NULL && (view->count > 0 || view->departure_count > 0));
        }
    }
    if (sources == 0 || (delivered == sources && has_members)) {
        return ZONE_COMPLETE;
    }
    return delivered == 0 ? ZONE_LOADING : ZONE_PARTIAL;
}

size_t fleet_accept(struct fleet *fleet, const char *cluster, view_listener listener, void *owner)
{
    size_t released = 0;

    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        const struct guard_rules rules = source_rules(fleet, i);
        struct view *old = fleet->views[i];
        struct view *view =
            old == NULL ? NULL : guard_accept(old, cluster, &rules, listener, owner);

        if (view != NULL) {
            released += old->count - view->count;
            fleet->views[i] = view;
            view_free(old);
        }
    }
    return released;
}

void fleet_restore(struct fleet *fleet, size_t source, struct view *view)
{
    view_free(fleet->views[source]);
    fleet->views[source] = view;
    if (view == NULL) {
        overlap_forget(&fleet->overlaps[fleet->settings->sources[source].zone], source);
    }
}

size_t fleet_retain(struct fleet *fleet, size_t source, const struct inventory *poll)
{
    struct view *view = fleet->views[source];
    size_t before = view->count;

    view->count = 0;
    for (size_t i = 0; i < before; i++) {
        const struct instance *shown =
            poll == NULL ? NULL : inventory_find(poll, view->entries[i].accepted.id);

        if (shown != NULL && shown->group != NULL && shown->weight_tag != NULL) {
            view->entries[view->count] = view->entries[i];
            view->entries[view->count++].is_frozen = false;
        }
    }
    view->freeze_count = 0;
    view->departure_count = 0;
    view->outsider_count = 0;
    return before - view->count;
}

bool fleet_poll_has_members(const struct fleet *fleet, size_t source, const struct inventory *poll)
{
    const struct guard_rules rules = source_rules(fleet, source);
    struct view *view = guard_apply(NULL, poll, &rules, 0, NULL, NULL);
    bool has_members = view->count > 0;

    view_free(view);
    return has_members;
}

int64_t fleet_next_change_ms(const struct fleet *fleet, int64_t now_ms)
{
    int64_t next_ms = 0;

    for (size_t i = 0; i < fleet->settings->zone_count; i++) {
        const struct overlap *overlap = &fleet->overlaps[i];

        for (size_t j = 0; j < overlap->count; j++) {
            int64_t until_ms = overlap->members[j].until_ms;

            if (until_ms > now_ms && (next_ms == 0 || until_ms < next_ms)) {
                next_ms = until_ms;
            }
        }
    }
    return next_ms;
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
