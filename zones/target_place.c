/* SPDX-License-Identifier: MIT */

/*
 * zones/target_place.c - finds or adds the name of every member's target.
 */

#include "zones/target_place.h"

#include <stdio.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/image_target.h"
#include "zones/member_record.h"
#include "zones/name.h"
#include "zones/record.h"
#include "zones/target.h"
#include "zones/target_name.h"
#include "zones/wire.h"

enum {
    SRV_PRIORITY = 0, /* the article's; HAProxy never reads it */
    FIRST_SHARED = 16,
    PREFETCH_BATCH = 16, /* the table is larger than the cache: misses are waited for together */
};

const char *name_owner_text(enum name_use use)
{
    static const char *const owners[] = {
        [NAME_EMPTY] = "nobody: it is kept for members",
        [NAME_RECORDS] = "a record",
        [NAME_CLUSTER] = "another cluster",
        [NAME_TARGET] = "a member",
    };

    return owners[use];
}

/* Where the name of the next SRV record in the workspace goes. */
static uint8_t *next_name(const struct cluster_workspace *workspace)
{
    return workspace->records + workspace->records_length + TARGET_NAME_OFFSET;
}

/* Put the member's SRV record behind those in the workspace. */
static void record_write(const struct cluster_workspace *workspace, const struct zone *zone,
                         const struct member *member, const struct name *target)
{
    uint8_t *name = next_name(workspace);

    member_head_write(name - TARGET_NAME_OFFSET, zone, RECORD_SRV);
    wire_store_u16(name - TARGET_HEAD_LENGTH, (uint16_t)(SRV_FIXED_LENGTH + target->length));
    wire_store_u16(name - SRV_FIXED_LENGTH, SRV_PRIORITY);
    wire_store_u16(name - 4, member->weight);
    wire_store_u16(name - 2, member->port);
    memcpy(name, target->octets, target->length);
}

/* A target of another cluster is this one's until targets_settle() decides. */
static void shared_note(struct cluster_drafter *drafter, uint64_t slot, size_t target)
{
    if (drafter->shared_count == drafter->shared_capacity) {
        drafter->shared_capacity =
            drafter->shared_capacity == 0 ? FIRST_SHARED : 2 * drafter->shared_capacity;
        drafter->shared =
            memory_grow(drafter->shared, drafter->shared_capacity, sizeof(*drafter->shared));
    }
    drafter->shared[drafter->shared_count++] =
        (struct shared_target){.slot = slot, .target = target};
}

/* Another member of the cluster has this target: keep the text that sorts first. */
static void target_merge(struct cluster_workspace *workspace, size_t target,
                         const struct member *member)
{
    uint8_t old[TARGET_TEXT_SIZE];
    uint8_t new[TARGET_TEXT_SIZE];
    size_t old_length = target_text(old, workspace->target_members[target]);
    size_t new_length = target_text(new, member);

    workspace->has_repeats = true;
    if (target_text_compare(new, new_length, old, old_length) < 0) {
        workspace->target_members[target] = member;
    }
}

static bool address_is_other(const struct name *target, struct error *error)
{
    char text[NAME_MAX_TEXT];

    return error_set(error, "its target name %s belongs to another address",
                     name_to_text(target, text));
}

/* The slot holds a node: only an empty non-terminal can become a target. */
static bool node_give_way(const struct zone_draft *draft, struct node *node)
{
    if (draft->drafts[node - draft->names.nodes].use != NAME_EMPTY) {
        return false;
    }
    node->name_length = 0;
    return true;
}

/* Whether the name may be this cluster's new target, and what it was: see target_find_or_add(). */
static bool slot_claim(struct zone_draft *draft, struct cluster_drafter *drafter, uint64_t slot,
                       const struct name *target, const struct address *address,
                       struct error *error)
{
    struct node *node = slot_node(&draft->names, slot);
    size_t cluster = 0;
    size_t offset = 0;

    if (slot_target(slot, &cluster, &offset)) {
        const struct cluster_image *other = draft->images[cluster];

        if (!image_target_has(other, image_target_at(other, offset), address)) {
            return address_is_other(target, error);
        }
        shared_note(drafter, slot, drafter->workspace.target_count);
        return true;
    }
    if (node != NULL && !node_give_way(draft, node)) {
        char text[NAME_MAX_TEXT];

        return error_set(error, "its target name %s is taken by %s", name_to_text(target, text),
                         name_owner_text(draft->drafts[node - draft->names.nodes].use));
    }
    return true;
}

/* A literal target may lie in the zone after all, and deeper than one label. */
static uint64_t *slot_of(struct zone_draft *draft, const struct cluster_drafter *drafter,
                         const uint8_t *target, size_t length, uint32_t hash)
{
    uint64_t *slot = table_slot(&draft->names, target, length, hash);
    struct name name;

    if (draft->zone.target_names != TARGET_LITERAL || !slot_is_free(*slot)) {
        return slot;
    }
    name.length = (uint8_t)length;
    memcpy(name.octets, target, length);
    zone_draft_make_ancestors(draft, &name, drafter->encoder);
    table_reserve(&draft->names, 1);
    return table_slot(&draft->names, target, length, hash);
}

/* The cluster's own target whose name is at this offset in the workspace. */
static size_t own_target_at(const struct cluster_workspace *workspace, size_t offset)
{
    size_t low = 0;
    size_t high = workspace->target_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (workspace->name_offsets[middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Another SRV record, or a repeated one, for a target that the cluster has already. */
static bool target_add_again(struct cluster_workspace *workspace, const struct zone *zone,
                             const struct name *target, size_t number, struct placement *placement,
                             struct error *error)
{
    const struct member *member = placement->member;

    if (address_compare(&workspace->target_members[number]->address, &member->address) != 0) {
        return address_is_other(target, error);
    }
    target_merge(workspace, number, member);
    record_write(workspace, zone, member, target);
    placement->is_first_of_target = false;
    return true;
}

static bool target_find_or_add(struct zone_draft *draft, struct cluster_drafter *drafter,
                               const struct name *target, struct placement *placement,
                               struct error *error)
{
    struct cluster_workspace *workspace = &drafter->workspace;
    size_t this_cluster = draft->names.cluster_count - 1;
    uint32_t hash = name_hash(target->octets, target->length);
    uint64_t *slot = slot_of(draft, drafter, target->octets, target->length, hash);
    const struct member *member = placement->member;
    size_t cluster = 0;
    size_t offset = 0;

    if (slot_target(*slot, &cluster, &offset) && cluster == this_cluster) {
        return target_add_again(workspace, &draft->zone, target, own_target_at(workspace, offset),
                                placement, error);
    }
    if (!slot_claim(draft, drafter, *slot, target, &member->address, error)) {
        return false;
    }
    record_write(workspace, &draft->zone, member, target);
    placement->is_first_of_target = true;
    offset = (size_t)(placement->name - workspace->records);
    workspace->name_offsets[workspace->target_count] = (uint32_t)offset;
    workspace->target_members[workspace->target_count++] = member;
    table_set_target(&draft->names, slot, hash, this_cluster, offset);
    return true;
}

static bool target_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                         const struct name *srv_name, struct placement *placement,
                         struct error *error)
{
    struct name target;

    if (placement->member->port == 0) {
        return error_set(error, "its port is 0");
    }
    if (!target_name(&target, &draft->zone, placement->member, error)) {
        return false;
    }
    if (name_equals(&target, srv_name)) {
        return error_set(error, "its target name is the cluster's");
    }
    return target_find_or_add(draft, drafter, &target, placement, error);
}

/* Whether one of the placements so far has this target and port: it would be sent twice. */
static bool placement_repeats(const struct placement *placements, size_t count,
                              const struct placement *placement)
{
    size_t length = target_length(placement->name);

    for (size_t i = 0; i < count; i++) {
        if (placements[i].member->port == placement->member->port &&
            target_length(placements[i].name) == length &&
            memcmp(placements[i].name, placement->name, length) == 0) {
            return true;
        }
    }
    return false;
}

size_t targets_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                     const struct name *srv_name, size_t count, struct left_out *left_out)
{
    struct cluster_workspace *workspace = &drafter->workspace;
    size_t placed = 0;

    drafter->shared_count = 0;
    table_reserve(&draft->names, count);
    (void)zone_draft_begin_cluster(draft, workspace->records);
    for (size_t i = 0; i < count; i++) {
        struct placement *placement = &workspace->placements[placed];
        struct error reason;

        *placement = (struct placement){.member = workspace->members[i].member,
                                        .name = next_name(workspace)};
        if (!target_place(draft, drafter, srv_name, placement, &reason)) {
            if (left_out->count++ == 0) {
                left_out->first = placement->member;
                left_out->reason = reason;
            }
        } else if (placement->is_first_of_target ||
                   !placement_repeats(workspace->placements, placed, placement)) {
            workspace->records_length += TARGET_NAME_OFFSET + target_length(placement->name);
            placed++;
        }
    }
    if (placed == 0) {
        zone_draft_drop_cluster(draft);
    }
    return placed;
}

void targets_settle(struct zone_draft *draft, struct cluster_drafter *drafter,
                    struct cluster_image *image)
{
    zone_draft_end_cluster(draft, image);
    for (size_t i = 0; i < drafter->shared_count; i++) {
        const struct shared_target *shared = &drafter->shared[i];
        const struct cluster_image *other = NULL;
        const uint8_t *name = image_target_name(image, shared->target);
        size_t length = target_length(name);
        size_t cluster = 0;
        size_t offset = 0;

        (void)slot_target(shared->slot, &cluster, &offset);
        other = draft->images[cluster];
        if (image_text_compare(other, image_target_at(other, offset), image, shared->target) <= 0) {
            *table_slot(&draft->names, name, length, name_hash(name, length)) = shared->slot;
        }
    }
}

/* A target of an image on its way into the table. */
struct replaced_target {
    size_t number;
    size_t offset; /* of its name */
    uint32_t hash;
};

/* Whether the name is free for the image's target; what it is then is settled at once. */
static bool target_place_again(struct zone_draft *draft, const struct cluster_drafter *drafter,
                               const struct cluster_image *image,
                               const struct replaced_target *target)
{
    size_t this_cluster = draft->names.cluster_count - 1;
    const uint8_t *name = image->names + target->offset;
    uint64_t *slot = slot_of(draft, drafter, name, target_length(name), target->hash);
    struct node *node = slot_node(&draft->names, *slot);
    size_t cluster = 0;
    size_t other_offset = 0;

    if (slot_target(*slot, &cluster, &other_offset)) {
        const struct cluster_image *other = draft->images[cluster];
        size_t other_target = image_target_at(other, other_offset);

        if (!image_addresses_equal(image, target->number, other, other_target)) {
            return false;
        }
        if (image_text_compare(other, other_target, image, target->number) <= 0) {
            return true;
        }
    } else if (node != NULL && !node_give_way(draft, node)) {
        return false;
    }
    table_set_target(&draft->names, slot, target->hash, this_cluster, target->offset);
    return true;
}

bool targets_place_again(struct zone_draft *draft, struct cluster_drafter *drafter,
                         struct cluster_image *image)
{
    struct replaced_target batch[PREFETCH_BATCH];
    size_t offset = 0;

    table_reserve(&draft->names, image->target_count);
    (void)zone_draft_begin_cluster(draft, image->names);
    zone_draft_end_cluster(draft, image_ref(image));
    for (size_t first = 0; first < image->target_count; first += PREFETCH_BATCH) {
        size_t count = image->target_count - first;

        count = count < PREFETCH_BATCH ? count : PREFETCH_BATCH;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *name = NULL;

            offset = image_name_offset(image, first + i, offset);
            name = image->names + offset;
            batch[i] = (struct replaced_target){.number = first + i,
                                                .offset = offset,
                                                .hash = name_hash(name, target_length(name))};
            table_prefetch(&draft->names, batch[i].hash);
        }
        for (size_t i = 0; i < count; i++) {
            if (!target_place_again(draft, drafter, image, &batch[i])) {
                return false;
            }
        }
    }
    return true;
}

bool left_out_report(const struct left_out *left_out, const struct cluster *cluster,
                     struct error *error)
{
    char more[sizeof(" (and 18446744073709551615 more)")] = "";

    if (left_out->count > 1) {
        (void)snprintf(more, sizeof(more), " (and %zu more)", left_out->count - 1);
    }
    return error_set(error, "cluster \"%s\": member \"%s\" is left out: %s%s", cluster->name,
                     left_out->first->id, left_out->reason.text, more);
}
