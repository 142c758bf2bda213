/* SPDX-License-Identifier: MIT */

/*
 * zones/image_place.c - finds or adds the names of an image's targets, without its members.
 */

#include "zones/image_place.h"

#include "zones/image_target.h"
#include "zones/name.h"
#include "zones/target_name.h"
#include "zones/zone_fork.h"

enum {
    PREFETCH_BATCH = 16
}; /* the table is larger than the cache: misses are waited for at once */

/* A target of an image on its way into the table. */
struct placed_target {
    size_t cluster;
    size_t number;
    size_t offset; /* of its name */
    uint32_t hash;
};

/* A cluster has the name: whose is it now? False when another one means another address. */
static bool target_share(struct zone_draft *draft, const struct placed_target *target,
                         uint64_t *slot)
{
    const struct cluster_image *image = draft->clusters[target->cluster].image;
    const struct cluster_image *other = NULL;
    size_t cluster = 0;
    size_t offset = 0;
    size_t other_target = 0;

    (void)slot_target(*slot, &cluster, &offset);
    if (cluster == target->cluster) {
        return true; /* from the table before */
    }
    if (zone_fork_is_stale(draft, cluster)) {
        zone_fork_take_over(draft, cluster);
        table_set_target(&draft->names, slot, target->hash, target->cluster, target->offset);
        return true;
    }
    other = draft->clusters[cluster].image;
    other_target = image_target_at(other, offset);
    if (!image_addresses_equal(image, target->number, other, other_target)) {
        return false;
    }
    draft->clusters[target->cluster].shares_targets = true;
    draft->clusters[cluster].shares_targets = true;
    if (image_text_compare(other, other_target, image, target->number) > 0) {
        table_set_target(&draft->names, slot, target->hash, target->cluster, target->offset);
    }
    return true;
}

static bool target_place(struct zone_draft *draft, struct encoder *encoder,
                         const struct placed_target *target)
{
    const uint8_t *name = draft->clusters[target->cluster].image->names + target->offset;
    size_t length = target_length(name);
    uint64_t *slot = zone_draft_target_slot(draft, encoder, name, length, target->hash);
    struct node *node = NULL;

    if (!slot_is_free(*slot)) {
        return target_share(draft, target, slot);
    }
    node = table_find(&draft->names, name, length, target->hash);
    if (node != NULL && !zone_draft_give_way(draft, node)) {
        return false;
    }
    table_set_target(&draft->names, slot, target->hash, target->cluster, target->offset);
    return true;
}

bool image_place(struct zone_draft *draft, struct encoder *encoder, size_t cluster)
{
    const struct cluster_image *image = draft->clusters[cluster].image;
    struct placed_target batch[PREFETCH_BATCH];
    size_t offset = 0;

    if (draft->fork.before == NULL) {
        table_reserve(&draft->names, image->target_count); /* else most of them have their slots */
    }
    for (size_t first = 0; first < image->target_count; first += PREFETCH_BATCH) {
        size_t count = image->target_count - first;

        count = count < PREFETCH_BATCH ? count : PREFETCH_BATCH;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *name = NULL;

            offset = image_name_offset(image, first + i, offset);
            name = image->names + offset;
            batch[i] = (struct placed_target){.cluster = cluster,
                                              .number = first + i,
                                              .offset = offset,
                                              .hash = name_hash(name, target_length(name))};
            table_prefetch_target(&draft->names, batch[i].hash);
        }
        for (size_t i = 0; i < count; i++) {
            if (!target_place(draft, encoder, &batch[i])) {
                return false;
            }
        }
    }
    return true;
}
