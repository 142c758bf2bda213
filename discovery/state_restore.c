/* SPDX-License-Identifier: MIT */

/*
 * discovery/state_restore.c - what a state knows, given to a fleet that knows nothing yet.
 */

#include <string.h>

#include "discovery/state_internal.h"

/* Every poll of this process is newer; and far enough from the end of int64_t to be subtracted. */
static const int64_t long_ago_ms = INT64_MIN / 2;

static const struct state_source *source_find(const struct state *state, const char *name)
{
    for (size_t i = 0; i < state->source_count; i++) {
        if (strcmp(state->sources[i].name, name) == 0) {
            return &state->sources[i];
        }
    }
    return NULL;
}

/* The members that `rules` still allow. */
static struct view *source_view(const struct state_source *source,
                                const struct membership_rules *rules)
{
    struct view *view = view_new();

    view->is_restored = true;
    view->poll.started_ms = long_ago_ms;
    for (size_t i = 0; i < source->count; i++) {
        struct view_entry entry = source->entries[i];

        entry.changed.started_ms = long_ago_ms;
        if (prefix_list_contains(rules->allowed_prefixes, rules->allowed_prefix_count,
                                 &entry.accepted.address)) {
            (void)view_add(view, &entry);
        }
    }
    return view;
}

static size_t source_restore(const struct state_source *source, struct fleet *fleet, size_t index,
                             state_skipped on_skipped, void *owner)
{
    struct view *view = source_view(source, &fleet_settings(fleet)->sources[index].rules);
    size_t count = view->count;
    struct error why;

    if (count < source->count) {
        (void)error_set(&why, "allowed-prefixes forbids the address of %zu of its %zu members",
                        source->count - count, source->count);
        on_skipped(owner, source->name, why.text);
    }
    fleet_restore(fleet, index, view);
    (void)fleet_set_standby(fleet, index, source->standby, source->standby_count);
    return count;
}

static void zones_restore(const struct state *state, struct fleet *fleet)
{
    const struct fleet_settings *settings = fleet_settings(fleet);

    for (size_t i = 0; i < settings->zone_count; i++) {
        for (size_t j = 0; j < state->zone_count; j++) {
            if (strcmp(settings->zones[i].origin, state->zones[j].origin) == 0) {
                fleet_set_owners(fleet, i, state->zones[j].owners, state->zones[j].count);
            }
        }
    }
}

size_t state_restore(const struct state *state, struct fleet *fleet,
                     const struct state_place *places, state_skipped on_skipped, void *owner)
{
    const struct fleet_settings *settings = fleet_settings(fleet);
    size_t count = 0;

    for (size_t i = 0; i < settings->source_count; i++) {
        const char *name = settings->sources[i].name;
        const struct state_source *source = source_find(state, name);

        if (source == NULL) {
            continue;
        }
        if (strcmp(source->place.settings, places[i].settings) == 0) {
            count += source_restore(source, fleet, i, on_skipped, owner);
        } else {
            on_skipped(owner, name, "it was configured to look elsewhere then");
        }
    }
    zones_restore(state, fleet);
    return count;
}

const char *state_region(const struct state *state, const char *source)
{
    const struct state_source *found = source_find(state, source);

    return found == NULL ? NULL : found->place.region;
}
