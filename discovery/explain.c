/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain.c - who is meant by a subject, and everything that the views know of them.
 */

#include "discovery/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/explain_rules.h"
#include "discovery/fleet_internal.h"
#include "zones/cluster_name.h"
#include "zones/target.h"

/* What was asked for, read in every way that it can be meant, for one zone. */
struct subject {
    const char *text; /* without a final dot */
    const struct zone *zone;
    struct address address;
    bool has_address;
    struct name names[2]; /* as it stands, and below the zone */
    size_t name_count;
    const char *cluster; /* the newest that was asked about, and whether it was meant */
    bool is_cluster;
};

/* The explanations so far, in the arena. */
struct collection {
    struct explain_place place;
    struct subject subject;
    struct explanation *found;
    size_t count;
    size_t capacity;
};

/* ---- who is meant ---- */

static struct subject subject_read(const char *text, const struct fleet_zone *zone,
                                   struct arena *arena)
{
    size_t length = strlen(text);
    bool has_dot = length > 1 && text[length - 1] == '.';
    struct subject subject = {.text = arena_string_of(arena, text, has_dot ? length - 1 : length),
                              .zone = zone->zone};
    const char *below = arena_format(arena, "%s.%s", subject.text, zone->origin);

    subject.has_address = address_parse(&subject.address, subject.text);
    if (name_from_text(&subject.names[0], subject.text, NULL)) {
        subject.name_count = 1;
    }
    if (name_from_text(&subject.names[subject.name_count], below, NULL)) {
        subject.name_count++;
    }
    return subject;
}

static bool subject_is_name(const struct subject *subject, const struct name *name)
{
    for (size_t i = 0; i < subject->name_count; i++) {
        if (name_equals(&subject->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* The cluster by its own name, its plain name or that of its SRV records. */
static bool cluster_matches(const struct subject *subject, const char *cluster)
{
    struct name name;

    if (strcasecmp(subject->text, cluster) == 0) {
        return true;
    }
    if (subject->zone == NULL) {
        return false;
    }
    name = subject->zone->origin;
    if (name_prepend(&name, cluster, strlen(cluster)) && subject_is_name(subject, &name)) {
        return true;
    }
    return cluster_srv_name(&name, subject->zone, cluster, NULL) && subject_is_name(subject, &name);
}

static bool subject_is_cluster(struct subject *subject, const char *cluster)
{
    if (cluster == NULL) {
        return false;
    }
    if (subject->cluster == NULL || strcmp(subject->cluster, cluster) != 0) {
        subject->cluster = cluster;
        subject->is_cluster = cluster_matches(subject, cluster);
    }
    return subject->is_cluster;
}

static bool subject_is_member(struct subject *subject, const struct fleet_member *member)
{
    const struct accepted *accepted = &member->entry->accepted;
    const struct member target = {
        .id = accepted->id, .az = "", .hold = "", .address = accepted->address};
    struct name name;

    if (strcasecmp(subject->text, accepted->id) == 0 ||
        (subject->has_address && address_compare(&subject->address, &accepted->address) == 0)) {
        return true;
    }
    return (subject->zone != NULL && target_name(&name, subject->zone, &target, NULL) &&
            subject_is_name(subject, &name)) ||
           subject_is_cluster(subject, member->cluster);
}

/* ---- what is known of them ---- */

static struct explanation *collection_add(struct collection *collection, const char *id,
                                          const char *group, const char *cluster)
{
    const struct fleet_settings *settings = collection->place.fleet->settings;
    struct explanation *explanation = NULL;

    if (collection->count == collection->capacity) {
        size_t capacity = collection->capacity == 0 ? 16 : 2 * collection->capacity;
        struct explanation *larger =
            arena_array(collection->place.arena, capacity, sizeof(*larger));

        if (collection->count > 0) {
            memcpy(larger, collection->found, collection->count * sizeof(*larger));
        }
        collection->found = larger;
        collection->capacity = capacity;
    }
    explanation = &collection->found[collection->count++];
    *explanation = (struct explanation){
        .id = id,
        .source = settings->sources[collection->place.source].name,
        .origin = settings->zones[collection->place.zone].origin,
        .group = group,
        .cluster = cluster,
    };
    return explanation;
}

static void members_collect(struct collection *collection)
{
    const struct explain_place *place = &collection->place;

    for (size_t i = 0; i < place->member_count; i++) {
        const struct fleet_member *member = &place->members[i];
        const struct accepted *accepted = &member->entry->accepted;
        struct explanation *explanation = NULL;

        if (member->source != place->source || !subject_is_member(&collection->subject, member)) {
            continue;
        }
        explanation = collection_add(collection, accepted->id, accepted->group, member->cluster);
        explanation->member = member;
        explanation->is_served =
            member->standing == STANDING_SERVED || member->standing == STANDING_OVERLAP;
        explanation->weight = member->weight;
        explain_member(place, member, explanation);
    }
}

/* The cluster that a group's name makes, in the arena; NULL: none. */
static const char *group_cluster(const struct explain_place *place, const char *group)
{
    char name[CLUSTER_NAME_SIZE];

    if (group == NULL || !naming_cluster(place->fleet->namings[place->zone], group, name, NULL)) {
        return NULL;
    }
    return arena_string(place->arena, name);
}

static bool subject_is_outsider(struct collection *collection, const char *id, const char *cluster)
{
    return strcasecmp(collection->subject.text, id) == 0 ||
           subject_is_cluster(&collection->subject, cluster);
}

static void outsiders_collect(struct collection *collection, const struct view *view)
{
    for (size_t i = 0; i < view->outsider_count; i++) {
        const struct view_outsider *outsider = &view->outsiders[i];
        const char *cluster = group_cluster(&collection->place, outsider->group);

        if (subject_is_outsider(collection, outsider->id, cluster)) {
            explain_outsider(&collection->place, outsider,
                             collection_add(collection, outsider->id, outsider->group, cluster));
        }
    }
}

/* Only the newest departure of who has not come back and is not seen otherwise. */
static void departures_collect(struct collection *collection, const struct view *view)
{
    for (size_t i = 0; i < view->departure_count; i++) {
        const struct view_departure *departure = &view->departures[i];
        const char *cluster = group_cluster(&collection->place, departure->group);

        if (view_find(view, departure->id) == NULL &&
            view_find_outsider(view, departure->id) == NULL &&
            view_find_departure(view, departure->id) == departure &&
            subject_is_outsider(collection, departure->id, cluster)) {
            explain_departure(&collection->place, departure,
                              collection_add(collection, departure->id, departure->group, cluster));
        }
    }
}

static int explanation_compare(const void *left, const void *right)
{
    const struct explanation *one = left;
    const struct explanation *other = right;
    int order = strcmp(one->id, other->id);

    /* Of one id in two answers: the member before who has gone. */
    return order != 0 ? order : (one->member == NULL) - (other->member == NULL);
}

static void source_collect(struct collection *collection, size_t source)
{
    const struct view *view = collection->place.fleet->views[source];
    size_t first = collection->count;

    collection->place.source = source;
    if (view == NULL) {
        return;
    }
    members_collect(collection);
    outsiders_collect(collection, view);
    departures_collect(collection, view);
    if (collection->count > first) {
        qsort(&collection->found[first], collection->count - first, sizeof(*collection->found),
              explanation_compare);
    }
}

size_t explain(const struct fleet *fleet, const char *subject, const struct fleet_moment *now,
               struct arena *arena, const struct explanation **explanations)
{
    const struct fleet_settings *settings = fleet->settings;
    struct collection collection = {
        .place = {.fleet = fleet, .now = now, .arena = arena}
    };

    for (size_t zone = 0; zone < settings->zone_count; zone++) {
        collection.place.zone = zone;
        collection.place.member_count =
            fleet_members(fleet, zone, now, arena, &collection.place.members);
        collection.subject = subject_read(subject, &settings->zones[zone], arena);
        for (size_t source = 0; source < settings->source_count; source++) {
            if (settings->sources[source].zone == zone) {
                source_collect(&collection, source);
            }
        }
    }
    *explanations = collection.found;
    return collection.count;
}
