/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot.c - lookup in, and lifetime of, the immutable table.
 */

#include "zones/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "zones/record.h"
#include "zones/snapshot_internal.h"

struct snapshot *snapshot_new(void)
{
    struct snapshot *snapshot = memory_new(sizeof(*snapshot));

    atomic_init(&snapshot->references, 1);
    arena_init(&snapshot->arena);
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    /* Whoever calls holds a reference, so nothing has to be ordered against the last unref. */
    (void)atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    /* Release: our reads are over before the count drops. Acquire: the last one frees after them.
     */
    if (atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1) {
        arena_free(&snapshot->arena);
        free(snapshot);
    }
}

static bool node_is_apex(const struct node *node, const struct zone *zone)
{
    return node->name_length == zone->origin.length &&
           memcmp(node->name, zone->origin.octets, node->name_length) == 0;
}

/*
 * The zone with the longest origin that `name` ends with, or NULL. A node that is found on the way
 * is no proof by itself: literal targets are nodes outside every zone.
 */
static const struct served_zone *zone_of(const struct snapshot *snapshot, const struct name *name)
{
    size_t offset = 0;

    while (name->length - offset >= snapshot->shortest_origin) {
        const uint8_t *suffix = name->octets + offset;
        size_t length = name->length - offset;

        if (length <= snapshot->longest_origin) {
            const struct node *node =
                table_find(&snapshot->table, suffix, length, name_hash(suffix, length));

            if (node != NULL && node_is_apex(node, &snapshot->zones[node->zone].zone)) {
                return &snapshot->zones[node->zone];
            }
        }
        if (length <= 1) {
            break;
        }
        offset += 1 + (size_t)suffix[0];
    }
    return NULL;
}

/* A name that is not in the table. */
static struct lookup lookup_absent(const struct snapshot *snapshot, const struct name *name)
{
    const struct served_zone *served = snapshot->zone_count == 0 ? NULL : zone_of(snapshot, name);

    if (served == NULL) {
        return (struct lookup){.result = LOOKUP_REFUSED};
    }
    if (served->state != ZONE_COMPLETE) {
        return (struct lookup){.result = LOOKUP_NOT_READY, .zone = &served->zone};
    }
    return (struct lookup){
        .result = LOOKUP_NXDOMAIN, .answer = &served->negative, .zone = &served->zone};
}

static const struct rrset *rrset_for(const struct node *node, uint16_t type)
{
    const struct rrset *first = node->rrsets;
    const struct rrset *exact = NULL;

    if (node->rrset_count == 0) {
        return NULL;
    }
    if (type == RECORD_ANY) {
        return first->type == RRSET_OTHER_TYPES ? node_rrset(node, RECORD_CNAME) : first;
    }
    exact = node_rrset(node, type);
    if (exact == NULL && first->type == RRSET_OTHER_TYPES) {
        return first;
    }
    return exact;
}

struct lookup snapshot_lookup(const struct snapshot *snapshot, const struct name *name,
                              uint16_t type)
{
    const struct node *node = table_find(&snapshot->table, name->octets, name->length,
                                         name_hash(name->octets, name->length));
    const struct served_zone *served = NULL;
    const struct rrset *rrset = NULL;

    if (node == NULL) {
        return lookup_absent(snapshot, name);
    }
    served = &snapshot->zones[node->zone];
    if (served->state == ZONE_LOADING) {
        return (struct lookup){.result = LOOKUP_NOT_READY, .zone = &served->zone};
    }
    rrset = rrset_for(node, type);
    if (rrset == NULL) {
        return (struct lookup){
            .result = LOOKUP_NODATA, .answer = &served->negative, .zone = &served->zone};
    }
    return (struct lookup){
        .result = LOOKUP_ANSWER, .answer = &rrset->answer, .zone = &served->zone};
}

size_t snapshot_zone_count(const struct snapshot *snapshot)
{
    return snapshot->zone_count;
}

const struct zone *snapshot_zone(const struct snapshot *snapshot, size_t index)
{
    return &snapshot->zones[index].zone;
}

uint32_t snapshot_zone_serial(const struct snapshot *snapshot, size_t index)
{
    return snapshot->zones[index].serial;
}

uint64_t snapshot_number(const struct snapshot *snapshot)
{
    return snapshot->number;
}

uint32_t snapshot_cluster_key(const struct name *srv_owner)
{
    uint32_t hash = name_hash(srv_owner->octets, srv_owner->length);

    return hash == 0 ? 1 : hash;
}

bool snapshot_cluster_generation(const struct snapshot *snapshot, const struct name *srv_owner,
                                 uint64_t *generation)
{
    struct lookup lookup = snapshot_lookup(snapshot, srv_owner, RECORD_SRV);

    if (lookup.result != LOOKUP_ANSWER || lookup.answer->mark == NULL) {
        return false;
    }
    *generation = lookup.answer->mark->generation;
    return true;
}

size_t snapshot_size_octets(const struct snapshot *snapshot)
{
    return sizeof(*snapshot) + snapshot->arena.used_octets;
}

size_t snapshot_find_zone(const struct snapshot *snapshot, const struct name *origin)
{
    size_t index = 0;

    while (index < snapshot->zone_count &&
           !name_equals(&snapshot->zones[index].zone.origin, origin)) {
        index++;
    }
    return index;
}

static bool answer_equals(const struct answer *one, const struct answer *other)
{
    size_t count = (size_t)one->answer_count + one->authority_count + one->additional_count;

    if (one->answer_count != other->answer_count ||
        one->authority_count != other->authority_count ||
        one->additional_count != other->additional_count) {
        return false;
    }
    return count == 0 || (one->ends[count - 1] == other->ends[count - 1] &&
                          memcmp(one->octets, other->octets, one->ends[count - 1]) == 0);
}

/* The compact form counts too: it may hold records that the whole one has no room for. */
bool snapshot_rrset_equals(const struct rrset *left, const struct rrset *right)
{
    const struct answer *one = &left->answer;
    const struct answer *other = &right->answer;

    if (left->type != right->type || left->left_out_hash != right->left_out_hash ||
        !answer_equals(one, other) || (one->compact == NULL) != (other->compact == NULL)) {
        return false;
    }
    return one->compact == NULL || answer_equals(one->compact, other->compact);
}

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

bool snapshot_zone_equals(const struct snapshot *left, size_t left_index,
                          const struct snapshot *right, size_t right_index)
{
    const struct served_zone *zone = &left->zones[left_index];

    if (zone->node_count != right->zones[right_index].node_count) {
        return false;
    }
    for (size_t i = 0; i < zone->node_count; i++) {
        const struct node *node = &left->table.nodes[zone->first_node + i];
        const struct node *twin =
            table_find(&right->table, node->name, node->name_length, node->hash);

        if (twin == NULL || twin->zone != right_index || !node_equals(node, twin)) {
            return false;
        }
    }
    return true;
}
