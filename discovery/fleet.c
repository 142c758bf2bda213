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
    made->rosters = memory_new(settings->zone_count * sizeof(struct roster));
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
        roster_free(&fleet->rosters[i]);
    }
    free(fleet->views);
    free(fleet->standbys);
    free(fleet->namings);
    free(fleet->ownerships);
    free(fleet->rosters);
    free(fleet);
}

/* Source `index` of `fleet` takes over what source `other` of `old` has. */
static void source_adopt(struct fleet *fleet, size_t index, struct fleet *old, size_t other)
{
    if (old->views[other] != NULL) {
        view_free(fleet->views[index]);
        fleet->views[index] = old->views[other];
        old->views[other] = NULL;
        view_forget_rules(fleet->views[index]);
        fleet_name_groups(fleet, index);
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

/* The place that source `source` of `old` has in `fleet`. */
static size_t source_move(size_t source, const struct fleet *fleet, const struct fleet *old)
{
    return source == OVERLAP_NO_SOURCE
               ? OVERLAP_NO_SOURCE
               : source_find(fleet->settings, old->settings->sources[source].name);
}

static void cell_move(struct cell *cell, const struct fleet *fleet, const struct fleet *old)
{
    for (size_t i = 0; i < cell->answered.count; i++) {
        struct overlap_member *member = &cell->answered.members[i];

        member->source = source_move(member->source, fleet, old);
    }
    for (size_t i = 0; i < cell->claim_count; i++) {
        cell->claims[i].source = source_move(cell->claims[i].source, fleet, old);
    }
}

/* Zone `index` of `fleet` takes over what zone `other` of `old` remembers. */
static void zone_adopt(struct fleet *fleet, size_t index, struct fleet *old, size_t other)
{
    struct roster *roster = &fleet->rosters[index];

    arena_free(&fleet->ownerships[index].arena);
    fleet->ownerships[index] = old->ownerships[other];
    old->ownerships[other] = (struct ownership){0};
    arena_init(&old->ownerships[other].arena);

    roster_free(roster);
    *roster = old->rosters[other];
    old->rosters[other] = (struct roster){0};
    for (size_t i = 0; i < roster->count; i++) {
        cell_move(roster->cells[i], fleet, old);
    }
    roster_expire(roster);
}

void fleet_adopt(struct fleet *fleet, struct fleet *old)
{
    const struct fleet_settings *settings = fleet->settings;

    if (fleet->last_version < old->last_version) {
        fleet->last_version = old->last_version;
    }
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

    fleet->views[source] =
        guard_apply(fleet->views[source], poll, &rules, started_ms, listener, owner);
    fleet_name_groups(fleet, source);
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
        struct view *view = fleet->views[i];
        size_t before = view == NULL ? 0 : view->count;

        if (view != NULL && guard_accept(view, cluster, &rules, listener, owner)) {
            released += before - view->count;
        }
    }
    return released;
}

void fleet_restore(struct fleet *fleet, size_t source, struct view *view)
{
    struct roster *roster = &fleet->rosters[fleet->settings->sources[source].zone];

    view_free(fleet->views[source]);
    fleet->views[source] = view;
    fleet_name_groups(fleet, source);
    roster_expire(roster); /* versions of one view tell nothing of another */
    if (view == NULL) {
        roster_forget_source(roster, source);
    }
}

/* A view_keeps: the poll, or NULL, shows the member with group and weight. */
static bool entry_is_shown(const void *poll, const struct view_entry *entry)
{
    const struct instance *shown = poll == NULL ? NULL : inventory_find(poll, entry->accepted.id);

    return shown != NULL && shown->group != NULL && shown->weight_tag != NULL;
}

size_t fleet_retain(struct fleet *fleet, size_t source, const struct inventory *poll)
{
    struct view *view = fleet->views[source];
    size_t forgotten = view_filter(view, entry_is_shown, poll);

    for (size_t i = 0; i < view->count; i++) {
        view->entries[i]->is_frozen = false;
    }
    view->freeze_count = 0;
    view->departure_count = 0;
    view->outsider_count = 0;
    return forgotten;
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
        const struct roster *roster = &fleet->rosters[i];

        for (size_t j = 0; j < roster->count; j++) {
            int64_t until_ms = roster->cells[j]->until_ms == 0
                                   ? 0
                                   : overlap_next_change_ms(&roster->cells[j]->answered, now_ms);

            if (until_ms != 0 && (next_ms == 0 || until_ms < next_ms)) {
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

        for (size_t j = 0; view != NULL && view->timed_hold_count > 0 && j < view->count; j++) {
            int64_t until_s = view->entries[j]->accepted.hold.until_s;

            if (until_s > now_s && (next_s == 0 || until_s < next_s)) {
                next_s = until_s;
            }
        }
    }
    return next_s;
}
