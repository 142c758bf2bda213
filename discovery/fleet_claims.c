/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_claims.c - from the groups of a zone's sources to claims on cluster names.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

static int claim_compare(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = (one->cluster == NULL) - (other->cluster == NULL);

    if (order == 0 && one->cluster != NULL) {
        order = strcmp(one->cluster, other->cluster);
    }
    order = order != 0 ? order : strcmp(one->group->name, other->group->name);
    return order != 0 ? order : (one->source > other->source) - (one->source < other->source);
}

void fleet_name_groups(struct fleet *fleet, size_t source)
{
    const struct naming *naming = fleet->namings[fleet->settings->sources[source].zone];
    struct view *view = fleet->views[source];

    for (size_t i = 0; view != NULL && view->unnamed_count > 0 && i < view->group_count; i++) {
        struct view_group *group = view->groups[i];
        char name[CLUSTER_NAME_SIZE];

        if (!group->is_named) { /* the rename rules are costly: they are asked once for each */
            group->is_named = true;
            view->unnamed_count--;
            group->cluster =
                naming_cluster(naming, group->name, name, NULL) ? memory_string(name) : NULL;
        }
    }
}

static void complain_unnamed(const struct fleet *fleet, size_t zone,
                             const struct complaint_desk *desk, const struct view_group *group)
{
    char name[CLUSTER_NAME_SIZE];
    struct error error;

    if (!naming_cluster(fleet->namings[zone], group->name, name, &error)) {
        complaint_tell(desk, &error);
    }
}

/* One source's groups are sorted already, as long as no rule renames them. */
static void claims_sort(struct claim *claims, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (claim_compare(&claims[i - 1], &claims[i]) > 0) {
            qsort(claims, count, sizeof(*claims), claim_compare);
            return;
        }
    }
}

size_t claims_collect(const struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct complaint_desk *desk, const struct claim **claims)
{
    const struct fleet_settings *settings = fleet->settings;
    struct claim *found = NULL;
    size_t capacity = 0;
    size_t count = 0;

    for (size_t i = 0; i < settings->source_count; i++) {
        capacity += fleet->views[i] == NULL ? 0 : fleet->views[i]->group_count;
    }
    found = arena_array(arena, capacity, sizeof(*found));
    for (size_t i = 0; i < settings->source_count; i++) {
        const struct view *view = fleet->views[i];

        for (size_t j = 0;
             settings->sources[i].zone == zone && view != NULL && j < view->group_count; j++) {
            found[count++] = (struct claim){view->groups[j]->cluster, i, view->groups[j]};
        }
    }
    claims_sort(found, count);
    for (size_t i = count; i > 0 && found[i - 1].cluster == NULL; i--) {
        complain_unnamed(fleet, zone, desk, found[i - 1].group);
    }
    *claims = found;
    return count;
}
