/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_members.c - everything that is known of a zone, for those who ask why.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

/* Members in the arena, in the making. */
struct gathering {
    struct fleet_member *members;
    size_t count;
};

static void gathering_add(struct gathering *gathering, const struct fleet_member *members,
                          size_t count)
{
    if (count > 0) {
        memcpy(&gathering->members[gathering->count], members, count * sizeof(*members));
        gathering->count += count;
    }
}

/* By cluster, id and source; who stays comes after who is a member. */
static int member_compare(const void *left, const void *right)
{
    const struct fleet_member *one = left;
    const struct fleet_member *other = right;
    int order = (one->cluster == NULL) - (other->cluster == NULL);

    if (order == 0 && one->cluster != NULL) {
        order = strcmp(one->cluster, other->cluster);
    }
    order = order != 0 ? order : strcmp(one->entry->accepted.id, other->entry->accepted.id);
    order = order != 0 ? order : (one->source > other->source) - (one->source < other->source);
    return order != 0 ? order
                      : (one->standing == STANDING_OVERLAP) - (other->standing == STANDING_OVERLAP);
}

static bool former_is_shown(const struct overlap_member *former, int64_t now_ms)
{
    return former->until_ms > now_ms && former->source != OVERLAP_NO_SOURCE;
}

/* Those who stay beside the members of their clusters. How many there are. */
static size_t formers_count(const struct roster *roster, int64_t now_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < roster->count; i++) {
        const struct overlap *answered = &roster->cells[i]->answered;

        for (size_t j = 0; j < answered->count; j++) {
            count += former_is_shown(&answered->members[j], now_ms);
        }
    }
    return count;
}

/* How it was served: what the guard thought of it then is of no interest any more. */
static const struct view_entry *former_entry(const struct overlap_member *former,
                                             struct arena *arena)
{
    const struct view_entry entry = {
        .accepted = former->entry->accepted,
        .changed = former->entry->changed,
    };

    return arena_copy(arena, &entry, sizeof(entry));
}

static void formers_add(struct gathering *gathering, const struct cell *cell, int64_t now_ms,
                        struct arena *arena)
{
    for (size_t i = 0; i < cell->answered.count; i++) {
        const struct overlap_member *former = &cell->answered.members[i];

        if (former_is_shown(former, now_ms)) {
            const struct fleet_member member = {
                .cluster = cell->name,
                .source = former->source,
                .entry = former_entry(former, arena),
                .standing = STANDING_OVERLAP,
                .port = former->port,
                .until_ms = former->until_ms,
            };

            gathering_add(gathering, &member, 1);
        }
    }
}

static size_t known_count(const struct fleet *fleet, size_t zone)
{
    size_t count = 0;

    for (size_t i = 0; i < fleet->settings->source_count; i++) {
        if (fleet->settings->sources[i].zone == zone && fleet->views[i] != NULL) {
            count += fleet->views[i]->count;
        }
    }
    return count;
}

size_t fleet_members(const struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                     struct arena *arena, const struct fleet_member **members)
{
    const struct complaint_desk silent = {.origin = fleet->settings->zones[zone].origin};
    const struct roster *roster = &fleet->rosters[zone];
    size_t formers = formers_count(roster, now->now_ms);
    struct gathering all = {.count = 0};
    struct arena scratch;
    struct judging judging;
    struct candidate candidate;
    struct fleet_member *some = NULL;
    size_t count = 0;

    arena_init(&scratch);
    all.members = arena_array(arena, known_count(fleet, zone) + formers, sizeof(*all.members));
    judging_open(&judging, fleet, zone, now, &scratch, &silent);
    while (judging_next(&judging, &candidate)) {
        count = candidate_members(&judging, &candidate, &silent, &some);
        gathering_add(&all, some, count);
    }
    count = unnamed_members(&judging, &some);
    gathering_add(&all, some, count);
    if (formers > 0) {
        for (size_t i = 0; i < roster->count; i++) {
            formers_add(&all, roster->cells[i], now->now_ms, arena);
        }
        qsort(all.members, all.count, sizeof(*all.members), member_compare);
    }
    arena_free(&judging.ownership.arena);
    arena_free(&scratch);
    *members = all.members;
    return all.count;
}

const char *fleet_standing_name(enum fleet_standing standing)
{
    static const char *const names[] = {
        [STANDING_SERVED] = "served",         [STANDING_MAINT] = "maint",
        [STANDING_NO_CLUSTER] = "no-cluster", [STANDING_NAME_TAKEN] = "name-taken",
        [STANDING_REPEATED] = "repeated",     [STANDING_NO_PORT] = "no-port",
        [STANDING_OVER_LIMIT] = "over-limit", [STANDING_WAITING] = "waiting",
        [STANDING_OVERLAP] = "overlap",
    };
    size_t index = (size_t)standing;

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}
