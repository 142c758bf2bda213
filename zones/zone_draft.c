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

enum { FIRST_IMAGES = 16 };

static size_t node_add(struct zone_draft *draft, const uint8_t *name, size_t length,
                       struct encoder *encoder)
{
    const struct node node = {
        .name = encoder_keep(encoder, name, length),
        .zone = draft->index,
        .name_length = (uint8_t)length,
    };
    size_t index = table_add(&draft->names, &node);

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
    table_init(&draft->names);
    (void)node_add(draft, zone->origin.octets, zone->origin.length, encoder);
    return draft;
}

void zone_draft_free(struct zone_draft *draft)
{
    for (size_t i = 0; draft->images != NULL && i < draft->names.cluster_count; i++) {
        image_unref(draft->images[i]);
    }
    table_free(&draft->names);
    free(draft->images);
    free(draft->drafts);
    free(draft->others);
    free(draft);
}

static uint64_t *find_slot(const struct zone_draft *draft, const uint8_t *name, size_t length)
{
    return table_slot(&draft->names, name, length, name_hash(name, length));
}

ptrdiff_t zone_draft_find(const struct zone_draft *draft, const struct name *name)
{
    const struct node *node =
        slot_node(&draft->names, *find_slot(draft, name->octets, name->length));

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
    while (name->length - offset > draft->zone.origin.length &&
           slot_is_free(*find_slot(draft, name->octets + offset, name->length - offset))) {
        (void)node_add(draft, name->octets + offset, name->length - offset, encoder);
        offset += 1 + (size_t)name->octets[offset];
    }
}

size_t zone_draft_make(struct zone_draft *draft, const struct name *name, struct encoder *encoder)
{
    ptrdiff_t found = zone_draft_find(draft, name);

    if (found != NAME_ABSENT) {
        return (size_t)found;
    }
    zone_draft_make_ancestors(draft, name, encoder);
    return node_add(draft, name->octets, name->length, encoder);
}

enum name_use zone_draft_use(const struct zone_draft *draft, const struct name *name)
{
    uint64_t slot = *find_slot(draft, name->octets, name->length);
    const struct node *node = slot_node(&draft->names, slot);

    if (node != NULL) {
        return draft->drafts[node - draft->names.nodes].use;
    }
    return slot_is_free(slot) ? NAME_EMPTY : NAME_TARGET;
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
    uint64_t slot = 0;
    size_t cluster = 0;
    size_t offset = 0;

    if (!name_is_within(name, &draft->zone.origin) ||
        !zone_draft_shows(draft, name->octets, name->length)) {
        return false;
    }
    slot = *find_slot(draft, name->octets, name->length);
    if (slot_is_free(slot)) {
        return false;
    }
    if (slot_target(slot, &cluster, &offset)) {
        target_answers(draft, draft->images[cluster], offset, answers);
        return true;
    }
    answers->node = slot_node(&draft->names, slot);
    answers->rrsets = answers->node->rrsets;
    answers->rrset_count = answers->node->rrset_count;
    return true;
}

size_t zone_draft_begin_cluster(struct zone_draft *draft, const uint8_t *base)
{
    size_t number = table_add_cluster(&draft->names, base);

    if (number >= draft->image_capacity) {
        draft->image_capacity = draft->image_capacity == 0 ? FIRST_IMAGES : 2 * number;
        draft->images =
            memory_grow(draft->images, draft->image_capacity, sizeof(struct cluster_image *));
    }
    draft->images[number] = NULL;
    return number;
}

void zone_draft_end_cluster(struct zone_draft *draft, struct cluster_image *image)
{
    size_t number = draft->names.cluster_count - 1;

    draft->images[number] = image;
    draft->names.bases[number] = image->names;
}

void zone_draft_drop_cluster(struct zone_draft *draft)
{
    draft->names.cluster_count--;
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
