/* SPDX-License-Identifier: MIT */

/*
 * server/convergence_read.c - one pass over a status: of each awaited cluster its instances, then
 * its load balancers.
 */

#include <string.h>

#include "server/convergence_internal.h"

static const int64_t GENERATION_MAX = (int64_t)1 << 53; /* what JSON carries exactly */

/* ---- instances ---- */

static bool is_target(const struct convergence *convergence, const struct awaited *cluster,
                      const char *id)
{
    for (size_t i = 0; i < convergence->goal->target_count; i++) {
        const struct convergence_target *target = &convergence->goal->targets[i];

        if (strcmp(target->id, id) == 0 && strcmp(target->cluster, cluster->name) == 0 &&
            strcmp(target->origin, cluster->origin) == 0) {
            return true;
        }
    }
    return false;
}

/* The hold that counts, "none" when none does. */
static bool hold_read(const struct json_value *member, const char **kind, struct error *error)
{
    struct json_value hold;
    struct json_value value;

    *kind = "none";
    if (!json_optional(member, "hold", JSON_OBJECT, &hold, NULL) || !json_is_there(&hold)) {
        return true; /* null or not there */
    }
    if (!json_member(&hold, "active", JSON_BOOL, &value, error)) {
        return false;
    }
    if (json_bool(&value)) {
        if (!json_member(&hold, "kind", JSON_STRING, &value, error)) {
            return false;
        }
        *kind = json_text(&value);
    }
    return true;
}

static bool member_shows(const struct convergence_goal *goal, const struct json_value *member,
                         bool *shows, struct error *error)
{
    struct json_value value;
    int64_t weight = 0;
    const char *kind = NULL;

    if (goal->wish == WISH_WEIGHT) {
        if (!json_member(member, "weight", JSON_NUMBER, &value, error) ||
            !json_integer(&value, 0, UINT16_MAX, &weight, error)) {
            return false;
        }
        *shows = weight == goal->weight;
        return true;
    }
    if (!hold_read(member, &kind, error)) {
        return false;
    }
    *shows = strcmp(kind, hold_kind_name(goal->wish == WISH_HELD ? goal->kind : HOLD_NONE)) == 0;
    return true;
}

/* Gone, and in the answer only beside those who took its place: it shows nothing any more. */
static bool member_is_former(const struct json_value *member)
{
    struct json_value state;

    return json_member(member, "state", JSON_STRING, &state, NULL) &&
           strcmp(json_text(&state), "overlap") == 0;
}

/* Adds the targets of one cluster that do not show the change. */
static bool members_read(const struct convergence *convergence, const struct awaited *awaited,
                         const struct json_value *cluster, size_t *unserved, struct error *error)
{
    struct json_value members;
    struct json_value member = {0};
    struct json_value id;
    bool shows = false;

    if (!json_member(cluster, "members", JSON_ARRAY, &members, error)) {
        return false;
    }
    while (json_each(&members, &member)) {
        if (!json_is(&member, JSON_OBJECT, error) ||
            !json_member(&member, "id", JSON_STRING, &id, error)) {
            return false;
        }
        if (!is_target(convergence, awaited, json_text(&id)) || member_is_former(&member)) {
            continue;
        }
        if (!member_shows(convergence->goal, &member, &shows, error)) {
            return false;
        }
        *unserved += !shows;
    }
    return true;
}

/* ---- load balancers ---- */

static bool number_read(const struct json_value *object, const char *key, int64_t max,
                        int64_t *number, struct error *error)
{
    struct json_value value;

    return json_member(object, key, JSON_NUMBER, &value, error) &&
           json_integer(&value, 0, max, number, error);
}

/* The time since it was first given its generation, 0 when nobody knows. */
static bool age_read(const struct json_value *object, const char *name, int64_t *age_ms,
                     struct error *error)
{
    struct json_value value;

    *age_ms = 0;
    if (!json_optional(object, name, JSON_NUMBER, &value, error)) {
        return false;
    }
    return !json_is_there(&value) || json_integer(&value, 0, GENERATION_MAX, age_ms, error);
}

static bool balancer_read(struct convergence *convergence, struct awaited *awaited,
                          const struct json_value *object, int64_t now_ms, struct error *error)
{
    struct json_value address;
    struct json_value is_gone;
    struct balancer_seen seen = {0};

    if (!json_is(object, JSON_OBJECT, error) ||
        !json_member(object, "address", JSON_STRING, &address, error) ||
        !json_member(object, "is_gone", JSON_BOOL, &is_gone, error) ||
        !number_read(object, "port", UINT16_MAX, &seen.port, error) ||
        !number_read(object, "generation", GENERATION_MAX, &seen.generation, error) ||
        !age_read(object, "first_ms_ago", &seen.age_ms, error) ||
        !age_read(object, "age_ms", &seen.silent_ms, error)) {
        return false;
    }
    seen.address = json_text(&address);
    seen.is_gone = json_bool(&is_gone);
    convergence_note(convergence, awaited, &seen, now_ms);
    return true;
}

static bool balancers_read(struct convergence *convergence, struct awaited *awaited,
                           const struct json_value *cluster, int64_t now_ms, struct error *error)
{
    struct json_value balancers;
    struct json_value balancer = {0};

    if (!json_member(cluster, "load_balancers", JSON_ARRAY, &balancers, error)) {
        return false;
    }
    while (json_each(&balancers, &balancer)) {
        if (!balancer_read(convergence, awaited, &balancer, now_ms, error)) {
            return false;
        }
    }
    return true;
}

/* ---- the status ---- */

static bool cluster_read(struct convergence *convergence, const char *origin,
                         const struct json_value *cluster, int64_t now_ms, size_t *unserved,
                         struct error *error)
{
    struct json_value name;
    struct awaited *awaited = NULL;
    size_t missing = 0;
    int64_t generation = 0;

    if (!json_is(cluster, JSON_OBJECT, error) ||
        !json_member(cluster, "name", JSON_STRING, &name, error)) {
        return false;
    }
    awaited = convergence_awaited(convergence, origin, json_text(&name));
    if (awaited == NULL) {
        return true;
    }
    if (!number_read(cluster, "generation", GENERATION_MAX, &generation, error) ||
        !members_read(convergence, awaited, cluster, &missing, error)) {
        return false;
    }
    *unserved += missing;
    convergence_note_served(awaited, missing == 0, generation);
    return balancers_read(convergence, awaited, cluster, now_ms, error);
}

static bool zone_read(struct convergence *convergence, const struct json_value *zone,
                      int64_t now_ms, size_t *unserved, struct error *error)
{
    struct json_value origin;
    struct json_value clusters;
    struct json_value cluster = {0};

    if (!json_is(zone, JSON_OBJECT, error) ||
        !json_member(zone, "origin", JSON_STRING, &origin, error) ||
        !json_member(zone, "clusters", JSON_ARRAY, &clusters, error)) {
        return false;
    }
    while (json_each(&clusters, &cluster)) {
        if (!cluster_read(convergence, json_text(&origin), &cluster, now_ms, unserved, error)) {
            return false;
        }
    }
    return true;
}

bool convergence_read(struct convergence *convergence, const struct json_document *document,
                      int64_t now_ms, size_t *unserved, struct error *error)
{
    struct json_value root;
    struct json_value zones;
    struct json_value zone = {0};

    if (!json_root(document, JSON_OBJECT, &root, error) ||
        !json_member(&root, "zones", JSON_ARRAY, &zones, error)) {
        return false;
    }
    while (json_each(&zones, &zone)) {
        if (!zone_read(convergence, &zone, now_ms, unserved, error)) {
            return false;
        }
    }
    return true;
}
