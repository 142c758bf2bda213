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
#include "zones/zone_fork.h"

enum {
    SRV_PRIORITY = 0, /* the article's; HAProxy never reads it */
    FIRST_SHARED = 16,
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

/* A name that the cluster has not got yet, and for whom. */
struct wanted_target {
    const struct name *name;
    const struct member *member;
    uint32_t hash; /* of the name */
};

/* Another cluster has the name already: fine if it means the same address. */
static bool target_share(struct zone_draft *draft, struct cluster_drafter *drafter, uint64_t slot,
                         const struct wanted_target *target, struct error *error)
{
    const struct cluster_image *other = NULL;
    size_t cluster = 0;
    size_t offset = 0;

    (void)slot_target(slot, &cluster, &offset);
    other = draft->clusters[cluster].image;
    if (!image_target_has(other, image_target_at(other, offset), &target->member->address)) {
        return address_is_other(target->name, error);
    }
    shared_note(drafter, slot, drafter->workspace.target_count);
    return true;
}

/* No cluster has the name, but maybe something else. */
static bool name_claim(struct zone_draft *draft, const struct wanted_target *target,
                       struct error *error)
{
    struct node *node =
        table_find(&draft->names, target->name->octets, target->name->length, target->hash);
    char text[NAME_MAX_TEXT];

    return node == NULL || zone_draft_give_way(draft, node) ||
           error_set(error, "its target name %s is taken by %s", name_to_text(target->name, text),
                     name_owner_text(draft->drafts[node - draft->names.nodes].use));
}

/* Whether the name may be a new target of the cluster; what it was before is settled. */
static bool slot_claim(struct zone_draft *draft, struct cluster_drafter *drafter, uint64_t slot,
                       const struct wanted_target *target, struct error *error)
{
    size_t cluster = 0;
    size_t offset = 0;

    if (!slot_target(slot, &cluster, &offset)) {
        return name_claim(draft, target, error);
    }
    if (zone_fork_is_stale(draft, cluster)) {
        zone_fork_take_over(draft, cluster);
        return true;
    }
    return target_share(draft, drafter, slot, target, error);
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
    const struct member *member = placement->member;
    const struct wanted_target wanted = {
        .name = target, .member = member, .hash = name_hash(target->octets, target->length)};
    uint64_t *slot = zone_draft_target_slot(draft, drafter->encoder, target->octets, target->length,
                                            wanted.hash);
    size_t cluster = 0;
    size_t offset = 0;

    if (slot_target(*slot, &cluster, &offset) && cluster == draft->current) {
        return target_add_again(workspace, &draft->zone, target, own_target_at(workspace, offset),
                                placement, error);
    }
    if (!slot_claim(draft, drafter, *slot, &wanted, error)) {
        return false;
    }
    record_write(workspace, &draft->zone, member, target);
    placement->is_first_of_target = true;
    offset = (size_t)(placement->name - workspace->records);
    workspace->name_offsets[workspace->target_count] = (uint32_t)offset;
    workspace->target_members[workspace->target_count++] = member;
    table_set_target(&draft->names, slot, wanted.hash, draft->current, offset);
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

/*
 * Most changes leave every target's name where it was: then no slot has to change either. False,
 * with nothing done, when there is more to it.
 */
static bool targets_place_as_before(struct zone_draft *draft, struct cluster_workspace *workspace,
                                    const struct cluster_image *before, size_t count)
{
    size_t offset = 0;

    if (before == NULL || !before->is_simple || before->target_count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct member *member = workspace->members[i].member;
        uint8_t *name = next_name(workspace);
        struct name target;

        offset = image_name_offset(before, i, offset);
        if (member->port == 0 || offset != (size_t)(name - workspace->records) ||
            !target_name(&target, &draft->zone, member, NULL) ||
            target.length != target_length(before->names + offset) ||
            memcmp(target.octets, before->names + offset, target.length) != 0) {
            workspace->records_length = 0;
            return false;
        }
        record_write(workspace, &draft->zone, member, &target);
        workspace->records_length += TARGET_NAME_OFFSET + target.length;
        workspace->placements[i] =
            (struct placement){.member = member, .name = name, .is_first_of_target = true};
        workspace->name_offsets[i] = (uint32_t)offset;
        workspace->target_members[i] = member;
    }
    workspace->target_count = count;
    zone_fork_resume(draft, workspace->records);
    return true;
}

size_t targets_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                     const struct name *srv_name, size_t count, struct left_out *left_out)
{
    struct cluster_workspace *workspace = &drafter->workspace;
    size_t placed = 0;

    drafter->shared_count = 0;
    if (targets_place_as_before(draft, workspace, zone_fork_image(draft), count)) {
        return count;
    }
    if (draft->fork.before == NULL) {
        table_reserve(&draft->names, count);
    }
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
    zone_fork_replaced(draft, workspace->target_count);
    if (placed == 0) {
        zone_draft_free_number(draft, draft->current); /* no name has become its target */
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
        other = draft->clusters[cluster].image;
        draft->clusters[cluster].shares_targets = true;
        draft->clusters[draft->current].shares_targets = true;
        if (image_text_compare(other, image_target_at(other, offset), image, shared->target) <= 0) {
            *table_slot(&draft->names, name, length, name_hash(name, length)) = shared->slot;
        }
    }
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
