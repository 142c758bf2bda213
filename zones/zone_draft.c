/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_draft.c - the names of a zone that is being built.
 */

#include "zones/zone_draft.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/image_target.h"
#include "zones/record.h"
#include "zones/zone_fork.h"

enum { FIRST_CLUSTERS = 16 };

/* What stands at a name. */
struct finding {
    enum { FOUND_NOTHING, FOUND_STALE, FOUND_NODE, FOUND_TARGET } what;
    uint32_t hash;  /* of the name */
    size_t node;    /* its index */
    size_t cluster; /* whose target it is, and where */
    size_t offset;
};

static struct finding name_look_up(const struct zone_draft *draft, const uint8_t *name,
                                   size_t length)
{
    struct finding finding = {.what = FOUND_NOTHING, .hash = name_hash(name, length)};
    const struct node *node = table_find(&draft->names, name, length, finding.hash);
    const uint64_t *slot = NULL;

    if (node != NULL) {
        finding.what = FOUND_NODE;
        finding.node = (size_t)(node - draft->names.nodes);
        return finding;
    }
    slot = table_slot(&draft->names, name, length, finding.hash);
    if (slot != NULL && slot_target(*slot, &finding.cluster, &finding.offset)) {
        finding.what = zone_fork_is_stale(draft, finding.cluster) ? FOUND_STALE : FOUND_TARGET;
    }
    return finding;
}

static size_t node_add(struct zone_draft *draft, const uint8_t *name, size_t length,
                       const struct finding *finding, struct encoder *encoder)
{
    const struct node node = {
        .name = encoder_keep(encoder, name, length),
        .zone = draft->index,
        .name_length = (uint8_t)length,
    };
    size_t index = 0;

    if (finding->what == FOUND_STALE) {
        zone_fork_take_out(draft, finding->hash, finding->cluster, finding->offset);
    }
    index = table_add(&draft->names, &node, finding->hash);
    if (index >= draft->draft_capacity) {
        draft->draft_capacity = draft->names.node_capacity;
        draft->drafts = memory_grow(draft->drafts, draft->draft_capacity, sizeof(*draft->drafts));
    }
    draft->drafts[index] = (struct name_draft){0};
    return index;
}

static struct zone zone_copy(const struct zone *zone, struct arena *arena)
{
    struct zone copy = *zone;

    copy.nameservers =
        arena_copy(arena, zone->nameservers, zone->nameserver_count * sizeof(*zone->nameservers));
    copy.cluster_name = arena_string(arena, zone->cluster_name);
    if (zone->allow_query_count > 0) {
        copy.allow_query = arena_copy(arena, zone->allow_query,
                                      zone->allow_query_count * sizeof(*zone->allow_query));
    }
    return copy;
}

struct zone_draft *zone_draft_new(const struct zone *zone, uint16_t index, struct encoder *encoder)
{
    struct zone_draft *draft = memory_new(sizeof(*draft));

    draft->zone = zone_copy(zone, encoder->arena);
    draft->index = index;
    draft->current = SIZE_MAX;
    table_init(&draft->names);
    (void)zone_draft_make(draft, &zone->origin, encoder);
    return draft;
}

void zone_draft_free(struct zone_draft *draft)
{
    for (size_t i = 0; draft->clusters != NULL && i < draft->names.cluster_count; i++) {
        image_unref(draft->clusters[i].image);
    }
    table_free(&draft->names);
    free(draft->clusters);
    free(draft->drafts);
    free(draft->others);
    free(draft);
}

ptrdiff_t zone_draft_find(const struct zone_draft *draft, const struct name *name)
{
    const struct node *node = table_find(&draft->names, name->octets, name->length,
                                         name_hash(name->octets, name->length));

    return node == NULL ? NAME_ABSENT : node - draft->names.nodes;
}

/* Ancestors of a name that exists exist as well, so the walk up ends at the first one found. */
void zone_draft_make_ancestors(struct zone_draft *draft, const struct name *name,
                               struct encoder *encoder)
{
    size_t offset = 1 + (size_t)name->octets[0];

    if (!name_is_within(name, &draft->zone.origin)) {
        return;
    }
    while (name->length - offset > draft->zone.origin.length) {
        const uint8_t *octets = name->octets + offset;
        struct finding finding = name_look_up(draft, octets, name->length - offset);

        if (finding.what == FOUND_NODE || finding.what == FOUND_TARGET) {
            return;
        }
        (void)node_add(draft, octets, name->length - offset, &finding, encoder);
        offset += 1 + (size_t)octets[0];
    }
}

size_t zone_draft_make(struct zone_draft *draft, const struct name *name, struct encoder *encoder)
{
    struct finding finding = name_look_up(draft, name->octets, name->length);

    if (finding.what == FOUND_NODE) {
        return finding.node;
    }
    zone_draft_make_ancestors(draft, name, encoder);
    return node_add(draft, name->octets, name->length, &finding, encoder);
}

enum name_use zone_draft_use(const struct zone_draft *draft, const struct name *name)
{
    struct finding finding = name_look_up(draft, name->octets, name->length);

    if (finding.what == FOUND_NODE) {
        return draft->drafts[finding.node].use;
    }
    return finding.what == FOUND_TARGET ? NAME_TARGET : NAME_EMPTY;
}

/* What lookups find at a target, as RRsets. */
static void target_answers(const struct zone_draft *draft, const struct cluster_image *image,
                           size_t offset, struct name_answers *answers)
{
    size_t target = image_target_at(image, offset);
    struct rrset address = {.type = image_target_type(image, target),
                            .answer = image_target_address(image, target)};
    struct rrset text = {
        .type = RECORD_TXT,
        .answer = image_target_text(image, target, draft->zone.ttl_seconds, answers->text)};
    bool is_first = address.type < text.type;

    answers->own[is_first ? 0 : 1] = address;
    answers->own[is_first ? 1 : 0] = text;
    answers->rrsets = answers->own;
    answers->rrset_count = 2;
    answers->node = NULL;
}

bool zone_draft_answers(const struct zone_draft *draft, const struct name *name,
                        struct name_answers *answers)
{
    struct finding finding;

    if (!name_is_within(name, &draft->zone.origin) ||
        !zone_draft_shows(draft, name->octets, name->length)) {
        return false;
    }
    finding = name_look_up(draft, name->octets, name->length);
    switch (finding.what) {
    case FOUND_NODE:
        answers->node = &draft->names.nodes[finding.node];
        answers->rrsets = answers->node->rrsets;
        answers->rrset_count = answers->node->rrset_count;
        return true;
    case FOUND_TARGET:
        target_answers(draft, draft->clusters[finding.cluster].image, finding.offset, answers);
        return true;
    case FOUND_STALE:
    case FOUND_NOTHING:
        break;
    }
    return false;
}

void zone_draft_reserve_clusters(struct zone_draft *draft, size_t count)
{
    if (count > draft->cluster_capacity) {
        draft->cluster_capacity = count < FIRST_CLUSTERS ? FIRST_CLUSTERS : 2 * count;
        draft->clusters =
            memory_grow(draft->clusters, draft->cluster_capacity, sizeof(*draft->clusters));
    }
}

/* A number that is nobody's, or a new one. */
static size_t number_find(struct zone_draft *draft)
{
    const struct table *names = &draft->names;

    while (draft->next_hole < names->cluster_count && names->bases[draft->next_hole] != NULL) {
        draft->next_hole++;
    }
    return draft->next_hole < names->cluster_count ? draft->next_hole
                                                   : table_add_cluster(&draft->names, NULL);
}

size_t zone_draft_begin_cluster(struct zone_draft *draft, const uint8_t *base)
{
    draft->current = number_find(draft);
    zone_draft_reserve_clusters(draft, draft->current + 1);
    draft->names.bases[draft->current] = base;
    draft->clusters[draft->current] = (struct snapshot_cluster){.zone = draft->index};
    return draft->current;
}

void zone_draft_end_cluster(struct zone_draft *draft, struct cluster_image *image)
{
    draft->clusters[draft->current].image = image;
    draft->names.bases[draft->current] = image->names;
}

void zone_draft_free_number(struct zone_draft *draft, size_t cluster)
{
    draft->names.bases[cluster] = NULL;
    draft->next_hole = cluster < draft->next_hole ? cluster : draft->next_hole;
}

uint64_t *zone_draft_target_slot(struct zone_draft *draft, struct encoder *encoder,
                                 const uint8_t *name, size_t length, uint32_t hash)
{
    struct table *names = &draft->names;
    uint64_t *slot = table_slot(names, name, length, hash);

    if (slot != NULL && !slot_is_free(*slot)) {
        return slot;
    }
    /* A literal target may lie in the zone after all, and deeper than one label. */
    if (draft->zone.target_names == TARGET_LITERAL) {
        struct name literal = {.length = (uint8_t)length};

        memcpy(literal.octets, name, length);
        zone_draft_make_ancestors(draft, &literal, encoder);
    }
    if (table_has_room(names)) {
        return slot;
    }
    if (draft->fork.before == NULL) {
        table_reserve(names, 1);
    } else {
        table_reserve_few(names);
    }
    return table_slot(names, name, length, hash);
}

bool zone_draft_give_way(struct zone_draft *draft, struct node *node)
{
    if (draft->drafts[node - draft->names.nodes].use != NAME_EMPTY) {
        return false;
    }
    table_give_way(&draft->names, node);
    return true;
}

void zone_draft_add_other(struct zone_draft *draft, const struct name *origin,
                          struct encoder *encoder)
{
    if (name_is_within(origin, &draft->zone.origin) &&
        zone_draft_use(draft, origin) != NAME_TARGET) {
        /* Names on the way down to the other zone exist in this one. */
        (void)zone_draft_make(draft, origin, encoder);
    }
    draft->others = memory_grow(draft->others, draft->other_count + 1, sizeof(struct name *));
    draft->others[draft->other_count++] = origin;
}

static bool octets_are_within(const uint8_t *octets, size_t length, const struct name *origin)
{
    while (length > origin->length) {
        length -= 1 + (size_t)octets[0];
        octets += 1 + (size_t)octets[0];
    }
    return length == origin->length && memcmp(octets, origin->octets, length) == 0;
}

bool zone_draft_shows(const struct zone_draft *draft, const uint8_t *name, size_t length)
{
    for (size_t i = 0; i < draft->other_count; i++) {
        if (octets_are_within(name, length, draft->others[i])) {
            return false;
        }
    }
    return true;
}
