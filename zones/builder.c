/* SPDX-License-Identifier: MIT */

/*
 * zones/builder.c - puts zones together and lays them out as a snapshot.
 */

#include "zones/builder.h"

#include <stdlib.h>
#include <string.h>

#include "zones/apex.h"
#include "zones/arena.h"
#include "zones/cluster_draft.h"
#include "zones/cluster_name.h"
#include "zones/encoder.h"
#include "zones/generation.h"
#include "zones/record_draft.h"
#include "zones/serial.h"
#include "zones/snapshot_internal.h"
#include "zones/zone_draft.h"

enum { MAX_ZONES = UINT16_MAX }; /* a node has two octets for the index of its zone */

struct builder {
    struct snapshot *snapshot; /* its arena is filled from the start */
    struct arena scratch;
    struct encoder encoder;
    struct cluster_workspace workspace;
    struct zone_draft **drafts;
    size_t draft_count;
};

struct builder *builder_new(void)
{
    struct builder *builder = memory_new(sizeof(*builder));

    builder->snapshot = snapshot_new();
    arena_init(&builder->scratch);
    encoder_init(&builder->encoder, &builder->snapshot->arena);
    return builder;
}

void builder_free(struct builder *builder)
{
    if (builder == NULL) {
        return;
    }
    for (size_t i = 0; i < builder->draft_count; i++) {
        zone_draft_free(builder->drafts[i]);
    }
    free(builder->drafts);
    cluster_workspace_free(&builder->workspace);
    arena_free(&builder->scratch);
    snapshot_unref(builder->snapshot);
    free(builder);
}

static struct zone_draft *newest_draft(const struct builder *builder)
{
    return builder->drafts[builder->draft_count - 1];
}

static bool zone_is_new(const struct builder *builder, const struct name *origin,
                        struct error *error)
{
    char text[NAME_MAX_TEXT];

    for (size_t i = 0; i < builder->draft_count; i++) {
        if (name_equals(&builder->drafts[i]->zone.origin, origin)) {
            return error_set(error, "zone %s is there twice", name_to_text(origin, text));
        }
    }
    return builder->draft_count < MAX_ZONES ||
           error_set(error, "more than %d zones", (int)MAX_ZONES);
}

bool builder_add_zone(struct builder *builder, const struct zone *zone, enum zone_state state,
                      struct error *error)
{
    struct zone_draft *draft = NULL;
    struct name example;
    char text[NAME_MAX_TEXT];

    if (!zone_is_new(builder, &zone->origin, error)) {
        return false;
    }
    (void)builder_place_plain_names(builder, NULL);
    if (!cluster_srv_name(&example, zone, "x", error)) {
        return error_prefix(error, "zone %s", name_to_text(&zone->origin, text));
    }
    draft = zone_draft_new(zone, (uint16_t)builder->draft_count, &builder->encoder);
    draft->state = state;
    if (!apex_add(draft, &builder->encoder, &builder->scratch, error)) {
        zone_draft_free(draft);
        return error_prefix(error, "zone %s", name_to_text(&zone->origin, text));
    }
    builder->drafts =
        memory_grow(builder->drafts, builder->draft_count + 1, sizeof(struct zone_draft *));
    builder->drafts[builder->draft_count++] = draft;
    return true;
}

bool builder_add_records(struct builder *builder, const struct record_list *list,
                         struct error *error)
{
    struct zone_draft *draft = newest_draft(builder);
    bool is_whole = true;

    for (size_t i = 0; i < list->count; i++) {
        const struct record *record = &list->records[i];
        struct error *first = is_whole ? error : NULL;
        char text[NAME_MAX_TEXT];

        if (record->type == RECORD_SOA) {
            is_whole = error_set(first, "%s: the SOA record is made by rollcall",
                                 name_to_text(&record->owner, text));
        } else if (!record_draft_add(draft, &builder->encoder, &builder->scratch, record, first)) {
            is_whole = false;
        }
    }
    return is_whole;
}

bool builder_place_plain_names(struct builder *builder, struct error *error)
{
    return builder->draft_count == 0 ||
           cluster_plains_place(newest_draft(builder), &builder->encoder, &builder->workspace,
                                error);
}

bool builder_add_cluster(struct builder *builder, const struct cluster *cluster,
                         struct error *error)
{
    if (cluster->member_count == 0) {
        return true;
    }
    return cluster_draft_add(newest_draft(builder), &builder->encoder, &builder->workspace, cluster,
                             error);
}

/* Whether names of `draft` may lie in the other zone: names of the deepest zone are its own. */
static bool zone_may_hold_names_of(const struct zone *other, const struct zone_draft *draft)
{
    if (name_is_within(&other->origin, &draft->zone.origin)) {
        return true;
    }
    return draft->zone.target_names == TARGET_LITERAL &&
           !name_is_within(&draft->zone.origin, &other->origin);
}

static void zones_nest(struct builder *builder)
{
    for (size_t i = 0; i < builder->draft_count; i++) {
        for (size_t j = 0; j < builder->draft_count; j++) {
            const struct zone *other = &builder->drafts[j]->zone;

            if (i != j && zone_may_hold_names_of(other, builder->drafts[i])) {
                zone_draft_add_other(builder->drafts[i], &other->origin, &builder->encoder);
            }
        }
    }
}

static void zones_allocate(struct builder *builder)
{
    struct snapshot *snapshot = builder->snapshot;
    size_t node_count = 0;

    for (size_t i = 0; i < builder->draft_count; i++) {
        node_count += builder->drafts[i]->names.node_count;
    }
    table_init_in(&snapshot->table, node_count, &snapshot->arena);
    snapshot->zone_count = builder->draft_count;
    snapshot->zones = arena_array(&snapshot->arena, builder->draft_count, sizeof(*snapshot->zones));
    snapshot->shortest_origin = NAME_MAX_LENGTH;
}

/* Move a zone's names into the snapshot's table. */
static void zone_lay_out(struct snapshot *snapshot, const struct zone_draft *draft)
{
    struct served_zone *served = &snapshot->zones[draft->index];
    size_t origin_length = draft->zone.origin.length;

    served->zone = draft->zone;
    served->state = draft->state;
    served->first_node = snapshot->table.node_count;
    for (size_t i = 0; i < draft->names.node_count; i++) {
        const struct node *node = &draft->names.nodes[i];

        /* A literal target may be named by several zones: the first one answers for it. */
        if (zone_draft_shows(draft, node) &&
            (draft->index == 0 ||
             table_find(&snapshot->table, node->name, node->name_length, node->hash) == NULL)) {
            (void)table_add(&snapshot->table, node);
        }
    }
    served->node_count = snapshot->table.node_count - served->first_node;
    if (origin_length < snapshot->shortest_origin) {
        snapshot->shortest_origin = origin_length;
    }
    if (origin_length > snapshot->longest_origin) {
        snapshot->longest_origin = origin_length;
    }
}

static void serial_write(struct builder *builder, size_t index, uint32_t serial)
{
    struct snapshot *snapshot = builder->snapshot;
    struct served_zone *served = &snapshot->zones[index];
    const struct name *origin = &served->zone.origin;
    struct node *apex = table_find(&snapshot->table, origin->octets, origin->length,
                                   name_hash(origin->octets, origin->length));

    served->serial = serial;
    served->negative = apex_set_serial(apex, &builder->encoder, &served->zone, serial);
}

/* The SOA is written with the old serial first: then equal content is equal to the octet. */
static void serial_choose(struct builder *builder, size_t index, const struct snapshot *previous,
                          uint32_t now_seconds)
{
    const struct snapshot *snapshot = builder->snapshot;
    size_t old =
        previous == NULL ? 0 : snapshot_find_zone(previous, &snapshot->zones[index].zone.origin);

    if (previous == NULL || old == previous->zone_count) {
        serial_write(builder, index, serial_next(0, now_seconds));
        return;
    }
    serial_write(builder, index, previous->zones[old].serial);
    if (!snapshot_zone_equals(snapshot, index, previous, old)) {
        serial_write(builder, index, serial_next(previous->zones[old].serial, now_seconds));
    }
}

struct snapshot *builder_finish(struct builder *builder, const struct snapshot *previous,
                                uint32_t now_seconds)
{
    struct snapshot *snapshot = builder->snapshot;

    (void)builder_place_plain_names(builder, NULL);
    zones_nest(builder);
    for (size_t i = 0; i < builder->draft_count; i++) {
        record_drafts_encode(builder->drafts[i], &builder->encoder);
    }
    zones_allocate(builder);
    for (size_t i = 0; i < builder->draft_count; i++) {
        zone_lay_out(snapshot, builder->drafts[i]);
    }
    for (size_t i = 0; i < builder->draft_count; i++) {
        serial_choose(builder, i, previous, now_seconds);
    }
    snapshot->number = previous == NULL ? 1 : previous->number + 1;
    for (size_t i = 0; i < builder->draft_count; i++) {
        generation_mark(snapshot, builder->drafts[i], previous);
    }
    builder->snapshot = NULL;
    builder_free(builder);
    return snapshot;
}
