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
#include "zones/record_draft.h"
#include "zones/serial.h"
#include "zones/snapshot_internal.h"
#include "zones/target_name.h"
#include "zones/zone_draft.h"
#include "zones/zone_fork.h"

enum {
    MAX_ZONES = UINT16_MAX, /* a node has two octets for the index of its zone */
    GROWTH_SHARE = 64, /* a table that gets a few members more need not be made anew for them */
};

static size_t with_growth(size_t count)
{
    return count + count / GROWTH_SHARE;
}

struct builder {
    const struct snapshot *previous;
    struct snapshot *snapshot; /* its arena is filled from the start */
    struct arena scratch;
    struct encoder encoder;
    struct cluster_drafter drafter;
    struct zone_draft **drafts;
    size_t draft_count;
};

struct builder *builder_new(const struct snapshot *previous)
{
    struct builder *builder = memory_new(sizeof(*builder));

    builder->previous = previous;
    builder->snapshot = snapshot_new();
    builder->snapshot->number = previous == NULL ? 1 : previous->number + 1;
    arena_init(&builder->scratch);
    encoder_init(&builder->encoder, &builder->snapshot->arena);
    builder->drafter.encoder = &builder->encoder;
    builder->drafter.previous = previous;
    builder->drafter.number = builder->snapshot->number;
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
    cluster_drafter_free(&builder->drafter);
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

/* Learn from the zone of the same origin in the snapshot before. */
static void draft_follow(struct zone_draft *draft, const struct snapshot *previous)
{
    const struct zone *zone = &draft->zone;
    size_t index = previous == NULL ? 0 : snapshot_find_zone(previous, &zone->origin);
    const struct served_zone *before = NULL;

    if (previous == NULL || index == previous->zone_count) {
        return;
    }
    before = &previous->zones[index];
    draft->is_like_before = before->zone.ttl_seconds == zone->ttl_seconds &&
                            before->zone.target_names == zone->target_names &&
                            before->zone.compress_targets == zone->compress_targets &&
                            strcmp(before->zone.cluster_name, zone->cluster_name) == 0;
    table_reserve_nodes(&draft->names, with_growth(before->node_count));
    zone_fork_begin(draft, previous);
    if (draft->fork.before == NULL) {
        table_reserve(&draft->names, with_growth(before->name_count - before->node_count));
    }
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
    draft_follow(draft, builder->previous);
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
           cluster_plains_place(newest_draft(builder), &builder->drafter, error);
}

bool builder_add_cluster(struct builder *builder, const struct cluster *cluster,
                         struct error *error)
{
    if (cluster->member_count == 0) {
        return true;
    }
    return cluster_draft_add(newest_draft(builder), &builder->drafter, cluster, error);
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

/* Hand a draft's clusters over to the snapshot; the table has got their numbers already. */
static void clusters_move(struct snapshot *snapshot, struct zone_draft *draft, size_t count)
{
    struct served_zone *served = &snapshot->zones[draft->index];

    served->first_cluster = snapshot->table.cluster_count - count;
    served->cluster_count = count;
    snapshot->clusters =
        memory_grow(snapshot->clusters, snapshot->table.cluster_count, sizeof(*snapshot->clusters));
    if (count > 0) {
        memcpy(&snapshot->clusters[served->first_cluster], draft->clusters,
               count * sizeof(*snapshot->clusters));
    }
    free(draft->clusters);
    draft->clusters = NULL;
}

/* The names of the only zone: its table becomes the snapshot's. */
static void zone_take_over(struct snapshot *snapshot, struct zone_draft *draft)
{
    struct served_zone *served = &snapshot->zones[draft->index];

    snapshot->table = draft->names;
    table_init(&draft->names);
    served->node_count = snapshot->table.node_count;
    served->name_count = table_name_count(&snapshot->table);
    clusters_move(snapshot, draft, snapshot->table.cluster_count);
    table_fit(&snapshot->table);
}

/* A literal target may be named by several zones: the first one answers for it. */
static bool name_is_there(const struct table *table, const uint8_t *name, size_t length,
                          uint32_t hash)
{
    const uint64_t *slot = table_slot(table, name, length, hash);

    return (slot != NULL && !slot_is_free(*slot)) || table_find(table, name, length, hash) != NULL;
}

static void nodes_lay_out(struct table *table, const struct zone_draft *draft, size_t first_cluster)
{
    for (size_t i = 0; i < draft->names.node_count; i++) {
        struct node node = draft->names.nodes[i];
        uint32_t hash = name_hash(node.name, node.name_length);

        node.cluster += node.cluster == 0 ? 0 : (uint32_t)first_cluster;
        if (node.name_length > 0 && zone_draft_shows(draft, node.name, node.name_length) &&
            !name_is_there(table, node.name, node.name_length, hash)) {
            (void)table_add(table, &node, hash);
        }
    }
}

static void targets_lay_out(struct table *table, const struct zone_draft *draft,
                            size_t first_cluster)
{
    for (size_t i = 0; i < draft->names.slot_count; i++) {
        size_t cluster = 0;
        size_t offset = 0;

        if (slot_target(draft->names.slots[i], &cluster, &offset)) {
            const uint8_t *name = draft->names.bases[cluster] + offset;
            size_t length = target_length(name);
            uint32_t hash = name_hash(name, length);

            if (zone_draft_shows(draft, name, length) &&
                !name_is_there(table, name, length, hash)) {
                table_set_target(table, table_slot(table, name, length, hash), hash,
                                 first_cluster + cluster, offset);
            }
        }
    }
}

/* Move one of several zones' names into the snapshot's table, which has room for all of them. */
static void zone_lay_out(struct snapshot *snapshot, struct zone_draft *draft)
{
    struct served_zone *served = &snapshot->zones[draft->index];
    struct table *table = &snapshot->table;
    size_t first_cluster = table->cluster_count;
    size_t first_name = table_name_count(table);

    for (size_t i = 0; i < draft->names.cluster_count; i++) {
        (void)table_add_cluster(table, draft->names.bases[i]);
    }
    served->first_node = table->node_count;
    nodes_lay_out(table, draft, first_cluster);
    served->node_count = table->node_count - served->first_node;
    targets_lay_out(table, draft, first_cluster);
    served->name_count = table_name_count(table) - first_name;
    clusters_move(snapshot, draft, draft->names.cluster_count);
}

static void zones_lay_out(struct builder *builder)
{
    struct snapshot *snapshot = builder->snapshot;
    size_t node_count = 0;
    size_t target_count = 0;

    snapshot->zone_count = builder->draft_count;
    snapshot->zones = arena_array(&snapshot->arena, builder->draft_count, sizeof(*snapshot->zones));
    snapshot->shortest_origin = NAME_MAX_LENGTH;
    for (size_t i = 0; i < builder->draft_count; i++) {
        const struct zone_draft *draft = builder->drafts[i];
        size_t length = draft->zone.origin.length;

        snapshot->zones[i].zone = draft->zone;
        snapshot->zones[i].state = draft->state;
        prefix_set_add(&snapshot->clients, draft->zone.allow_query, draft->zone.allow_query_count);
        snapshot->shortest_origin =
            length < snapshot->shortest_origin ? length : snapshot->shortest_origin;
        snapshot->longest_origin =
            length > snapshot->longest_origin ? length : snapshot->longest_origin;
        node_count += draft->names.node_count;
        target_count += draft->names.target_count;
    }
    prefix_set_finish(&snapshot->clients);
    if (builder->draft_count == 1) {
        zone_take_over(snapshot, builder->drafts[0]);
        return;
    }
    table_reserve_nodes(&snapshot->table, node_count);
    table_reserve(&snapshot->table, target_count);
    for (size_t i = 0; i < builder->draft_count; i++) {
        zone_lay_out(snapshot, builder->drafts[i]);
    }
    table_fit(&snapshot->table);
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
static void serial_choose(struct builder *builder, size_t index, uint32_t now_seconds)
{
    const struct snapshot *previous = builder->previous;
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

struct snapshot *builder_finish(struct builder *builder, uint32_t now_seconds)
{
    struct snapshot *snapshot = builder->snapshot;

    (void)builder_place_plain_names(builder, NULL);
    zones_nest(builder);
    for (size_t i = 0; i < builder->draft_count; i++) {
        record_drafts_encode(builder->drafts[i], &builder->encoder);
    }
    zones_lay_out(builder);
    for (size_t i = 0; i < builder->draft_count; i++) {
        serial_choose(builder, i, now_seconds);
    }
    builder->snapshot = NULL;
    builder_free(builder);
    return snapshot;
}
