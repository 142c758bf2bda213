/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot.c - lookup in, and lifetime of, the immutable table.
 */

#include "zones/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "zones/image_target.h"
#include "zones/record.h"
#include "zones/snapshot_internal.h"

_Static_assert((int)LOOKUP_ROOM_OCTETS == (int)PACKED_RECORD_MAX, "the room is for packed texts");

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
        for (size_t i = 0; i < snapshot->table.cluster_count; i++) {
            image_unref(snapshot->clusters[i].image);
        }
        free(snapshot->clusters);
        table_free(&snapshot->table);
        prefix_set_free(&snapshot->clients);
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

/* A zone that is served has this name, but not this type. */
static struct lookup lookup_nodata(const struct served_zone *served)
{
    return (struct lookup){
        .result = LOOKUP_NODATA, .answer = &served->negative, .zone = &served->zone};
}

static struct lookup lookup_target(const struct snapshot *snapshot, size_t cluster, size_t offset,
                                   uint16_t type, struct lookup_room *room)
{
    const struct cluster_image *image = snapshot->clusters[cluster].image;
    const struct served_zone *served = &snapshot->zones[snapshot->clusters[cluster].zone];
    size_t target = image_target_at(image, offset);
    uint16_t address_type = image_target_type(image, target);

    if (served->state == ZONE_LOADING) {
        return (struct lookup){.result = LOOKUP_NOT_READY, .zone = &served->zone};
    }
    if (type == RECORD_ANY) {
        type = address_type < RECORD_TXT ? address_type : RECORD_TXT; /* the first, as elsewhere */
    }
    if (type == address_type) {
        room->answer = image_target_address(image, target);
    } else if (type == RECORD_TXT) {
        room->answer = image_target_text(image, target, served->zone.ttl_seconds, room->octets);
    } else {
        return lookup_nodata(served);
    }
    return (struct lookup){.result = LOOKUP_ANSWER, .answer = &room->answer, .zone = &served->zone};
}

struct lookup snapshot_lookup(const struct snapshot *snapshot, const struct name *name,
                              uint16_t type, struct lookup_room *room)
{
    uint32_t hash = name_hash(name->octets, name->length);
    const struct node *node = table_find(&snapshot->table, name->octets, name->length, hash);
    const struct served_zone *served = NULL;
    const struct rrset *rrset = NULL;
    size_t cluster = 0;
    size_t offset = 0;

    if (node == NULL) {
        const uint64_t *slot = table_slot(&snapshot->table, name->octets, name->length, hash);

        return slot != NULL && slot_target(*slot, &cluster, &offset)
                   ? lookup_target(snapshot, cluster, offset, type, room)
                   : lookup_absent(snapshot, name);
    }
    served = &snapshot->zones[node->zone];
    if (served->state == ZONE_LOADING) {
        return (struct lookup){.result = LOOKUP_NOT_READY, .zone = &served->zone};
    }
    rrset = rrset_for(node, type);
    if (rrset == NULL) {
        return lookup_nodata(served);
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

bool snapshot_has_client(const struct snapshot *snapshot, const struct address *client)
{
    return prefix_set_contains(&snapshot->clients, client);
}

void snapshot_set_stale(struct snapshot *snapshot, const struct name *origin, bool is_stale)
{
    size_t index = snapshot_find_zone(snapshot, origin);

    if (index < snapshot->zone_count) {
        snapshot->zones[index].zone.is_stale = is_stale;
    }
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

const struct snapshot_cluster *snapshot_cluster(const struct snapshot *snapshot,
                                                const struct name *srv_owner)
{
    const struct node *node = table_find(&snapshot->table, srv_owner->octets, srv_owner->length,
                                         name_hash(srv_owner->octets, srv_owner->length));

    return node == NULL || node->cluster == 0 ? NULL : &snapshot->clusters[node->cluster - 1];
}

bool snapshot_cluster_generation(const struct snapshot *snapshot, const struct name *srv_owner,
                                 uint64_t *generation)
{
    const struct snapshot_cluster *cluster = snapshot_cluster(snapshot, srv_owner);

    if (cluster == NULL || snapshot->zones[cluster->zone].state == ZONE_LOADING) {
        return false;
    }
    *generation = cluster->image->mark.generation;
    return true;
}

/* Octets of the images that are, or are not, held by others too. */
static size_t images_size(const struct snapshot *snapshot, bool is_shared)
{
    size_t octets = 0;

    for (size_t i = 0; i < snapshot->table.cluster_count; i++) {
        struct cluster_image *image = snapshot->clusters[i].image;
        bool has_others =
            image != NULL && atomic_load_explicit(&image->references, memory_order_relaxed) > 1;

        octets += image != NULL && has_others == is_shared ? image->size_octets : 0;
    }
    return octets;
}

size_t snapshot_size_octets(const struct snapshot *snapshot)
{
    return sizeof(*snapshot) + snapshot->arena.used_octets + table_size_octets(&snapshot->table) +
           snapshot->table.cluster_count * sizeof(*snapshot->clusters) +
           snapshot->clients.count * sizeof(*snapshot->clients.prefixes) +
           images_size(snapshot, false);
}

size_t snapshot_shared_octets(const struct snapshot *snapshot)
{
    return images_size(snapshot, true);
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
