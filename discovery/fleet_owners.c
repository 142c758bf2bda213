/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_owners.c - who owns which cluster name, read and set from outside: a restart
 * must not give a name to another group.
 */

#include "discovery/fleet_internal.h"

const struct fleet_settings *fleet_settings(const struct fleet *fleet)
{
    return fleet->settings;
}

size_t fleet_owners(const struct fleet *fleet, size_t zone, const struct cluster_owner **owners)
{
    *owners = fleet->ownerships[zone].owners;
    return fleet->ownerships[zone].count;
}

void fleet_set_owners(struct fleet *fleet, size_t zone, const struct cluster_owner *owners,
                      size_t count)
{
    struct ownership made = {.count = count};

    arena_init(&made.arena);
    made.owners = arena_array(&made.arena, count, sizeof(*made.owners));
    for (size_t i = 0; i < count; i++) {
        made.owners[i] = (struct cluster_owner){
            .cluster = arena_string(&made.arena, owners[i].cluster),
            .source = arena_string(&made.arena, owners[i].source),
            .group = arena_string(&made.arena, owners[i].group),
        };
    }
    arena_free(&fleet->ownerships[zone].arena);
    fleet->ownerships[zone] = made;
}
