/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_claims.c - from the members of a zone's sources to claims on cluster names.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

bool claim_is_of(const struct claim *claim, const struct claim *other)
{
    return claim->source == other->source && strcmp(claim->group, other->group) == 0;
}

static int size_compare(size_t left, size_t right)
{
    return (left > right) - (left < right);
}

static int claim_compare_group(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = strcmp(one->group, other->group);

    if (order == 0) {
        order = size_compare(one->source, other->source);
    }
    if (order == 0) {
        order = strcmp(one->entry->accepted.id, other->entry->accepted.id);
    }
    return order;
}

static int claim_compare_cluster(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = 0;

    if (one->cluster == NULL || other->cluster == NULL) {
        order = (one->cluster == NULL) - (other->cluster == NULL);
    } else {
        order = strcmp(one->cluster, other->cluster);
    }
    return order != 0 ? order : claim_compare_group(left, right);
}

/* The members of the zone's sources, sorted by group; they have no cluster yet. */
static size_t members_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                              struct claim **claims)
{
    const struct fleet_settings *settings = fleet->settings;
    size_t capacity = 0;
    size_t count = 0;

    for (size_t i = 0; i < settings->source_count; i++) {
        capacity += fleet->views[i] == NULL ? 0 : fleet->views[i]->count;
    }
    *claims = arena_array(arena, capacity, sizeof(**claims));
    for (size_t i = 0; i < settings->source_count; i++) {
        if (settings->sources[i].zone != zone || fleet->views[i] == NULL) {
            continue;
        }
        for (size_t j = 0; j < fleet->views[i]->count; j++) {
            const struct view_entry *entry = &fleet->views[i]->entries[j];

            (*claims)[count++] = (struct claim){
                .group = entry->accepted.group,
                .source = i,
                .entry = entry,
            };
        }
    }
    qsort(*claims, count, sizeof(**claims), claim_compare_group);
    return count;
}

/* The cluster's name for `group` in `arena`; NULL, after a complaint, when it gives none. */
static const char *group_cluster(const struct naming *naming, const char *group,
                                 struct arena *arena, const struct complaint_desk *desk)
{
    char name[CLUSTER_NAME_SIZE];
    struct error error;

    if (!naming_cluster(naming, group, name, &error)) {
        complaint_tell(desk, &error);
        return NULL;
    }
    return arena_string(arena, name);
}

size_t claims_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct complaint_desk *desk, const struct claim **claims)
{
    struct claim *members = NULL;
    size_t count = members_collect(fleet, zone, arena, &members);
    const char *group = NULL;
    const char *cluster = NULL;

    for (size_t i = 0; i < count; i++) {
        /* Sorted by group: the rename rules, which are costly, are asked once for each. */
        if (group == NULL || strcmp(group, members[i].group) != 0) {
            group = members[i].group;
            cluster = group_cluster(fleet->namings[zone], group, arena, desk);
        }
        members[i].cluster = cluster;
    }
    qsort(members, count, sizeof(*members), claim_compare_cluster);
    *claims = members;
    return count;
}

struct claim_run claim_run_first(const struct claim *claims, size_t left)
{
    struct claim_run run = {.claims = claims, .count = 1};

    while (run.count < left && strcmp(claims[run.count].cluster, claims[0].cluster) == 0) {
        run.count++;
    }
    return run;
}
