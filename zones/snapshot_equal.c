/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot_equal.c - whether two snapshots serve the same in a zone: what a serial goes by.
 */

#include <string.h>

#include "zones/image_target.h"
#include "zones/record.h"
#include "zones/snapshot_internal.h"
#include "zones/target_name.h"

/* The compact form counts too: it may hold records that the whole one has no room for. */
bool snapshot_rrset_equals(const struct rrset *left, const struct rrset *right)
{
    const struct answer *one = &left->answer;
    const struct answer *other = &right->answer;

    if (left == right) {
        return true;
    }
    if (left->type != right->type || left->left_out_hash != right->left_out_hash ||
        !answer_equals(one, other) || (one->compact == NULL) != (other->compact == NULL)) {
        return false;
    }
    return one->compact == NULL || answer_equals(one->compact, other->compact);
}

/* RRsets in an image that both snapshots share need no second look. */
static bool node_equals(const struct node *left, const struct node *right)
{
    if (left->rrset_count != right->rrset_count) {
        return false;
    }
    for (size_t i = 0; i < left->rrset_count; i++) {
        if (!snapshot_rrset_equals(&left->rrsets[i], &right->rrsets[i])) {
            return false;
        }
    }
    return true;
}

/* The node of the same name; most stand at the same place in both. */
static const struct node *node_twin(const struct table *table, const struct node *node,
                                    size_t index)
{
    if (index < table->node_count && table->nodes[index].name_length == node->name_length &&
        memcmp(table->nodes[index].name, node->name, node->name_length) == 0) {
        return &table->nodes[index];
    }
    return table_find(table, node->name, node->name_length,
                      name_hash(node->name, node->name_length));
}

static bool nodes_equal(const struct snapshot *left, size_t left_index,
                        const struct snapshot *right, size_t right_index)
{
    const struct served_zone *zone = &left->zones[left_index];

    for (size_t i = 0; i < zone->node_count; i++) {
        const struct node *node = &left->table.nodes[zone->first_node + i];
        const struct node *twin = NULL;

        if (node->name_length == 0) {
            continue; /* has become a target */
        }
        twin = node_twin(&right->table, node, right->zones[right_index].first_node + i);
        if (twin == NULL || twin->zone != right_index || !node_equals(node, twin)) {
            return false;
        }
    }
    return true;
}

/* The same zones hide the same names from each other. */
static bool origins_equal(const struct snapshot *left, const struct snapshot *right)
{
    if (left->zone_count != right->zone_count) {
        return false;
    }
    for (size_t i = 0; i < left->zone_count; i++) {
        if (!name_equals(&left->zones[i].zone.origin, &right->zones[i].zone.origin)) {
            return false;
        }
    }
    return true;
}

/*
 * Whether the zones have the very same images, so that their targets need not be compared one by
 * one. A literal target may be another zone's, depending on what that one has.
 */
static bool images_are_shared(const struct snapshot *left, size_t left_index,
                              const struct snapshot *right, size_t right_index)
{
    const struct served_zone *one = &left->zones[left_index];
    const struct served_zone *other = &right->zones[right_index];

    if (one->cluster_count != other->cluster_count || !origins_equal(left, right) ||
        (left->zone_count > 1 && one->zone.target_names == TARGET_LITERAL)) {
        return false;
    }
    for (size_t i = 0; i < one->cluster_count; i++) {
        if (left->clusters[one->first_cluster + i].image !=
            right->clusters[other->first_cluster + i].image) {
            return false;
        }
    }
    return true;
}

/* Whether the target of `left` is one of the zone in `right`, with the same address and text. */
static bool target_equals(const struct cluster_image *image, size_t offset,
                          const struct snapshot *right, size_t right_index)
{
    const uint8_t *name = image->names + offset;
    size_t length = target_length(name);
    const uint64_t *slot = table_slot(&right->table, name, length, name_hash(name, length));
    const struct cluster_image *other = NULL;
    size_t cluster = 0;
    size_t other_offset = 0;
    size_t target = 0;
    size_t other_target = 0;

    if (slot == NULL || !slot_target(*slot, &cluster, &other_offset) ||
        right->clusters[cluster].zone != right_index) {
        return false;
    }
    other = right->clusters[cluster].image;
    if (other == image && other_offset == offset) {
        return true;
    }
    target = image_target_at(image, offset);
    other_target = image_target_at(other, other_offset);
    return image_addresses_equal(image, target, other, other_target) &&
           image_text_compare(image, target, other, other_target) == 0;
}

/* The very same image in both, none of whose targets might be another cluster's in one of them. */
static bool cluster_is_shared(const struct snapshot *left, const struct snapshot *right,
                              size_t cluster)
{
    return left->zone_count == 1 && right->zone_count == 1 &&
           cluster < right->table.cluster_count &&
           left->clusters[cluster].image == right->clusters[cluster].image &&
           !left->clusters[cluster].shares_targets && !right->clusters[cluster].shares_targets;
}

static bool targets_equal(const struct snapshot *left, size_t left_index,
                          const struct snapshot *right, size_t right_index)
{
    for (size_t i = 0; i < left->table.slot_count; i++) {
        size_t cluster = 0;
        size_t offset = 0;

        if (slot_target(left->table.slots[i], &cluster, &offset) &&
            left->clusters[cluster].zone == left_index &&
            !cluster_is_shared(left, right, cluster) &&
            !target_equals(left->clusters[cluster].image, offset, right, right_index)) {
            return false;
        }
    }
    return true;
}

/* As many names in both, each of which is in the other: then none is in one alone. */
bool snapshot_zone_equals(const struct snapshot *left, size_t left_index,
                          const struct snapshot *right, size_t right_index)
{
    if (left->zones[left_index].name_count != right->zones[right_index].name_count ||
        !nodes_equal(left, left_index, right, right_index)) {
        return false;
    }
    return images_are_shared(left, left_index, right, right_index) ||
           targets_equal(left, left_index, right, right_index);
}
