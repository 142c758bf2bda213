/* SPDX-License-Identifier: MIT */

/*
 * discovery/selection.c - members first, then the instances that could become some.
 */

#include "discovery/selection.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/guard.h"
#include "discovery/membership.h"

/* Of names in a message: more would hide what it says. */
enum { NAMES_SHOWN = 20 };

struct gathering {
    struct candidate *candidates;
    size_t count;
    size_t capacity;
};

static void candidate_add(struct gathering *gathering, const struct candidate *candidate)
{
    if (gathering->count == gathering->capacity) {
        gathering->capacity = 2 * gathering->capacity + 64;
        gathering->candidates =
            memory_grow(gathering->candidates, gathering->capacity, sizeof(*gathering->candidates));
    }
    gathering->candidates[gathering->count++] = *candidate;
}

/* A member whose name another group has is not what that cluster's name means. */
static bool is_of_its_cluster(const struct fleet_member *member)
{
    return member->standing != STANDING_NO_CLUSTER && member->standing != STANDING_NAME_TAKEN;
}

static void members_add(struct gathering *gathering, const struct selection_ground *ground,
                        size_t zone, struct arena *arena)
{
    const struct fleet_member *members = NULL;
    size_t count = fleet_members(ground->fleet, zone,
                                 &(struct fleet_moment){.now_s = ground->now_s}, arena, &members);

    for (size_t i = 0; i < count; i++) {
        const struct fleet_member *member = &members[i];
        const struct inventory *inventory = ground->inventories[member->source];
        const char *id = member->entry->accepted.id;

        candidate_add(gathering,
                      &(struct candidate){
                          .source = member->source,
                          .origin = ground->settings->zones[zone].origin,
                          .id = id,
                          .cluster = is_of_its_cluster(member) ? member->cluster : NULL,
                          .member = member,
                          .instance = inventory == NULL ? NULL : inventory_find(inventory, id),
                      });
    }
}

/* What is on its way out, or not ours, is nobody's to hold. */
static bool may_become_member(const struct instance *instance, const struct membership_rules *rules,
                              struct arena *arena)
{
    struct accepted accepted;
    struct decision decision = membership_decide(instance, rules, NULL, arena, &accepted);

    return decision.membership != MEMBERSHIP_IN && decision.reason != REASON_NO_GROUP &&
           decision.reason != REASON_GROUP_NOT_TAKEN && decision.reason != REASON_STATE_GONE;
}

static void others_add(struct gathering *gathering, const struct selection_ground *ground,
                       size_t source, struct arena *arena)
{
    const struct inventory *inventory = ground->inventories[source];
    const struct fleet_source *settings = &ground->settings->sources[source];
    const struct view *view = fleet_view(ground->fleet, source);

    for (size_t i = 0; inventory != NULL && i < inventory->count; i++) {
        const struct instance *instance = &inventory->instances[i];

        if ((view == NULL || view_find(view, instance->id) == NULL) &&
            may_become_member(instance, &settings->rules, arena)) {
            candidate_add(gathering, &(struct candidate){
                                         .source = source,
                                         .origin = ground->settings->zones[settings->zone].origin,
                                         .id = instance->id,
                                         .instance = instance,
                                     });
        }
    }
}

static int candidate_compare(const void *left, const void *right)
{
    const struct candidate *a = left;
    const struct candidate *b = right;
    int order = strcmp(a->id, b->id);

    return order != 0 ? order : (a->source > b->source) - (a->source < b->source);
}

size_t selection_candidates(const struct selection_ground *ground, struct arena *arena,
                            const struct candidate **candidates)
{
    struct gathering gathering = {0};

    for (size_t zone = 0; zone < ground->settings->zone_count; zone++) {
        members_add(&gathering, ground, zone, arena);
    }
    for (size_t source = 0; source < ground->settings->source_count; source++) {
        others_add(&gathering, ground, source, arena);
    }
    if (gathering.count > 0) {
        qsort(gathering.candidates, gathering.count, sizeof(*gathering.candidates),
              candidate_compare);
    }
    *candidates =
        arena_copy(arena, gathering.candidates == NULL ? (const void *)"" : gathering.candidates,
                   gathering.count * sizeof(*gathering.candidates));
    free(gathering.candidates);
    return gathering.count;
}

/* ---- choosing ---- */

/* "web" or "web.sd.example.com". */
static bool cluster_is(const struct candidate *candidate, const char *name)
{
    size_t length = 0;

    if (candidate->cluster == NULL) {
        return false;
    }
    length = strlen(candidate->cluster);
    return strncmp(candidate->cluster, name, length) == 0 &&
           (name[length] == '\0' ||
            (name[length] == '.' && strcmp(name + length + 1, candidate->origin) == 0));
}

static bool cluster_is_new(const struct candidate *candidates, size_t index)
{
    const char *cluster = candidates[index].cluster;

    for (size_t i = 0; cluster != NULL && i < index; i++) {
        if (candidates[i].cluster != NULL && strcmp(candidates[i].cluster, cluster) == 0 &&
            strcmp(candidates[i].origin, candidates[index].origin) == 0) {
            return false;
        }
    }
    return true;
}

static bool cluster_unknown(const struct candidate *candidates, size_t count, const char *name,
                            struct arena *arena, struct error *error)
{
    const char *names = "none";
    size_t found = 0;

    for (size_t i = 0; i < count && found < NAMES_SHOWN; i++) {
        if (candidates[i].cluster != NULL && cluster_is_new(candidates, i)) {
            names = found++ == 0 ? candidates[i].cluster
                                 : arena_format(arena, "%s, %s", names, candidates[i].cluster);
        }
    }
    return error_set(error, "no cluster %s; there %s: %s%s", name, found == 1 ? "is" : "are", names,
                     found == NAMES_SHOWN ? ", ..." : "");
}

static bool cluster_select(struct selection *selection, const struct candidate *candidates,
                           size_t count, const struct selection_request *request,
                           struct arena *arena, struct error *error)
{
    const char *origin = "";
    bool is_known = false;

    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = &candidates[i];

        if (!cluster_is(candidate, request->cluster)) {
            continue;
        }
        if (is_known && strcmp(origin, candidate->origin) != 0) {
            return error_set(error, "cluster %s is in two zones: say %s.%s or %s.%s",
                             request->cluster, request->cluster, origin, request->cluster,
                             candidate->origin);
        }
        is_known = true;
        origin = candidate->origin;
        if (request->az == NULL ||
            strcmp(candidate->member->entry->accepted.az, request->az) == 0) {
            selection->chosen[selection->count++] = candidate;
        }
    }
    if (!is_known) {
        return cluster_unknown(candidates, count, request->cluster, arena, error);
    }
    return selection->count > 0 ||
           error_set(error, "cluster %s has no member in zone %s", request->cluster, request->az);
}

static bool id_is_repeated(const struct selection_request *request, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(request->ids[i], request->ids[index]) == 0) {
            return true;
        }
    }
    return false;
}

static int chosen_compare(const void *left, const void *right)
{
    return candidate_compare(*(const struct candidate *const *)left,
                             *(const struct candidate *const *)right);
}

static size_t id_choose(struct selection *selection, const struct candidate *candidates,
                        size_t count, const char *id)
{
    size_t before = selection->count;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(candidates[i].id, id) == 0) {
            selection->chosen[selection->count++] = &candidates[i];
        }
    }
    return selection->count - before;
}

static void ids_select(struct selection *selection, const struct candidate *candidates,
                       size_t count, const struct selection_request *request)
{
    for (size_t i = 0; i < request->id_count; i++) {
        if (!id_is_repeated(request, i) &&
            id_choose(selection, candidates, count, request->ids[i]) == 0) {
            selection->not_found[selection->not_found_count++] = request->ids[i];
        }
    }
    if (selection->count > 0) {
        qsort(selection->chosen, selection->count, sizeof(const struct candidate *),
              chosen_compare);
    }
}

bool selection_make(struct selection *selection, const struct candidate *candidates, size_t count,
                    const struct selection_request *request, struct arena *arena,
                    struct error *error)
{
    *selection = (struct selection){
        .chosen = arena_array(arena, count, sizeof(const struct candidate *)),
        .not_found = arena_array(arena, request->id_count, sizeof(const char *)),
    };
    if (request->cluster != NULL) {
        return cluster_select(selection, candidates, count, request, arena, error);
    }
    ids_select(selection, candidates, count, request);
    return true;
}

/* ---- why not ---- */

static const char *exclusion_text(const struct instance *instance,
                                  const struct membership_rules *rules, struct arena *arena)
{
    struct accepted accepted;
    struct decision decision = membership_decide(instance, rules, NULL, arena, &accepted);

    switch (decision.reason) {
    case REASON_NO_GROUP:
        return "in no group";
    case REASON_GROUP_NOT_TAKEN:
        return arena_format(arena, "in group %s, which is not taken", instance->group);
    case REASON_STATE_GONE:
        return instance_state_name(instance->state);
    default:
        return membership_reason_name(decision.reason);
    }
}

/* Of several sources the one that takes its group knows best. */
static const char *absence_text(const struct selection_ground *ground, const char *id,
                                struct arena *arena)
{
    const char *text = "no source has such a member";
    bool is_known = false;

    for (size_t i = 0; i < ground->settings->source_count; i++) {
        const struct inventory *inventory = ground->inventories[i];
        const struct instance *instance = inventory == NULL ? NULL : inventory_find(inventory, id);

        if (instance != NULL) {
            text = exclusion_text(instance, &ground->settings->sources[i].rules, arena);
            is_known = true;
            if (strcmp(text, instance_state_name(instance->state)) == 0) {
                break;
            }
        } else if (inventory != NULL && !is_known) {
            text = "EC2 knows no such instance, or it is in no group or left out by a filter";
        }
    }
    return text;
}

void selection_explain(struct selection *selection, const struct selection_ground *ground,
                       struct arena *arena)
{
    selection->not_found_why =
        arena_array(arena, selection->not_found_count, sizeof(*selection->not_found_why));
    for (size_t i = 0; i < selection->not_found_count; i++) {
        selection->not_found_why[i] = absence_text(ground, selection->not_found[i], arena);
    }
}
