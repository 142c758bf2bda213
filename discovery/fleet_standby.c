/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_standby.c - whom Auto Scaling has in Standby, a list a source.
 */

#include <string.h>

#include "discovery/fleet_internal.h"
#include "discovery/sorted.h"

static int id_compare(const void *id, const void *place)
{
    return strcmp(id, *(const char *const *)place);
}

bool standby_contains(const struct standby *standby, const char *id)
{
    return sorted_find(id, standby->ids, standby->count, sizeof(*standby->ids), id_compare) != NULL;
}

static bool standby_equals(const struct standby *standby, const char *const *ids, size_t count)
{
    size_t same = 0;

    while (standby->count == count && same < count && strcmp(standby->ids[same], ids[same]) == 0) {
        same++;
    }
    return standby->count == count && same == count;
}

/* Whoever is on one of the two lists alone is served otherwise from now on; both are sorted. */
static void standby_touch(struct view *view, const struct standby *before, const char *const *ids,
                          size_t count)
{
    size_t old = 0;
    size_t next = 0;

    while (old < before->count || next < count) {
        int order = old == before->count ? 1
                    : next == count      ? -1
                                         : strcmp(before->ids[old], ids[next]);

        if (order != 0) {
            view_touch(view, order < 0 ? before->ids[old] : ids[next]);
        }
        old += order <= 0;
        next += order >= 0;
    }
}

bool fleet_set_standby(struct fleet *fleet, size_t source, const char *const *ids, size_t count)
{
    struct standby *standby = &fleet->standbys[source];

    if (standby_equals(standby, ids, count)) {
        return false;
    }
    if (fleet->views[source] != NULL) {
        standby_touch(fleet->views[source], standby, ids, count);
    }
    arena_free(&standby->arena);
    standby->ids = arena_array(&standby->arena, count, sizeof(*standby->ids));
    for (size_t i = 0; i < count; i++) {
        standby->ids[i] = arena_string(&standby->arena, ids[i]);
    }
    standby->count = count;
    return true;
}

bool fleet_is_standby(const struct fleet *fleet, size_t source, const char *id)
{
    return standby_contains(&fleet->standbys[source], id);
}
