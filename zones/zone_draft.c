/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_draft.c - the names of a zone that is being built.
 */

#include "zones/zone_draft.h"

#include <stdlib.h>
#include <string.h>

static size_t node_add(struct zone_draft *draft, const uint8_t *name, size_t length,
                       struct encoder *encoder)
{
    const struct node node = {
        .name = encoder_keep(encoder, name, length),
        .hash = name_hash(name, length),
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
    table_free(&draft->names);
    free(draft->drafts);
    free(draft->others);
    free(draft);
}

static ptrdiff_t find_octets(const struct zone_draft *draft, const uint8_t *name, size_t length)
{
    const struct node *node = table_find(&draft->names, name, length, name_hash(name, length));

    return node == NULL ? NAME_ABSENT : node - draft->names.nodes;
}

ptrdiff_t zone_draft_find(const struct zone_draft *draft, const struct name *name)
{
    return find_octets(draft, name->octets, name->length);
}

/* Ancestors of a name that exists exist as well, so the walk up ends at the first one found. */
static void make_ancestors(struct zone_draft *draft, const struct name *name,
                           struct encoder *encoder)
{
    size_t offset = 1 + (size_t)name->octets[0];

    while (name->length - offset > draft->zone.origin.length &&
           find_octets(draft, name->octets + offset, name->length - offset) == NAME_ABSENT) {
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
    if (name_is_within(name, &draft->zone.origin)) {
        make_ancestors(draft, name, encoder);
    }
    return node_add(draft, name->octets, name->length, encoder);
}

enum name_use zone_draft_use(const struct zone_draft *draft, const struct name *name)
{
    ptrdiff_t found = zone_draft_find(draft, name);

    return found == NAME_ABSENT ? NAME_EMPTY : draft->drafts[found].use;
}

void zone_draft_add_other(struct zone_draft *draft, const struct name *origin,
                          struct encoder *encoder)
{
    if (name_is_within(origin, &draft->zone.origin)) {
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

bool zone_draft_shows(const struct zone_draft *draft, const struct node *node)
{
    for (size_t i = 0; i < draft->other_count; i++) {
        if (octets_are_within(node->name, node->name_length, draft->others[i])) {
            return false;
        }
    }
    return true;
}
