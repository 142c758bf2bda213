/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_fork.c - copies a table's targets and keeps book of which of them are still good.
 */

#include "zones/zone_fork.h"

#include <string.h>

#include "zones/image_place.h"
#include "zones/image_target.h"
#include "zones/name.h"
#include "zones/target_name.h"

enum {
    /* Placing name by name costs little more than a name that is taken out and put in elsewhere. */
    CHANGES_SHARE = 16,
    CHANGES_ALWAYS = 32,
    HOLES_SHARE = 8, /* a table with more numbers that are nobody's is made anew */
    FORK_CLUSTERS_MAX = TABLE_MAX_CLUSTERS / 4, /* numbers may all be taken, and as many new ones */
};

static bool snapshot_allows(const struct snapshot *before)
{
    size_t holes = 0;

    if (before->zone_count != 1 || before->table.target_count == 0 ||
        before->table.cluster_count > FORK_CLUSTERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < before->table.cluster_count; i++) {
        holes += before->clusters[i].image == NULL ? 1 : 0;
    }
    return holes <= 1 + before->table.cluster_count / HOLES_SHARE;
}

void zone_fork_begin(struct zone_draft *draft, const struct snapshot *before)
{
    /* Names between a literal target and the apex come and go with it: no book is kept of them. */
    if (!draft->is_like_before || draft->zone.target_names == TARGET_LITERAL ||
        !snapshot_allows(before)) {
        return;
    }
    table_copy_targets(&draft->names, &before->table);
    zone_draft_reserve_clusters(draft, before->table.cluster_count);
    for (size_t i = 0; i < before->table.cluster_count; i++) {
        draft->clusters[i] = (struct snapshot_cluster){.zone = draft->index};
    }
    draft->fork = (struct zone_fork){
        .before = before,
        .changes_left = CHANGES_ALWAYS + before->table.target_count / CHANGES_SHARE,
        .replaced = NO_CLUSTER,
    };
}

bool zone_fork_is_stale(const struct zone_draft *draft, size_t cluster)
{
    return draft->fork.before != NULL && draft->clusters[cluster].image == NULL &&
           draft->names.bases[cluster] != NULL && cluster != draft->current;
}

/* Whether a name of the stale cluster may have, or may have had, another owner too. */
static bool is_in_doubt(const struct zone_draft *draft, size_t number)
{
    return draft->clusters[number].shares_targets ||
           draft->fork.before->clusters[number].shares_targets;
}

bool zone_fork_expects(const struct zone_draft *draft, const struct cluster *cluster,
                       size_t *number)
{
    const struct snapshot *before = draft->fork.before;
    const struct snapshot_cluster *expected = NULL;
    size_t length = strlen(cluster->name);
    size_t next = draft->fork.expected;

    if (before == NULL || cluster->version == 0) {
        return false;
    }
    while (next < before->table.cluster_count && before->clusters[next].image == NULL) {
        next++;
    }
    if (next == before->table.cluster_count || !zone_fork_is_stale(draft, next)) {
        return false;
    }
    *number = next;
    expected = &before->clusters[next];
    return expected->version == cluster->version && !is_in_doubt(draft, next) &&
           expected->image->plain_name[0] == length &&
           memcmp(expected->image->plain_name + 1, cluster->name, length) == 0;
}

bool zone_fork_keep(struct zone_draft *draft, struct encoder *encoder, size_t number)
{
    struct snapshot_cluster *cluster = &draft->clusters[number];
    const struct snapshot_cluster *before = &draft->fork.before->clusters[number];
    bool has_to_be_placed = is_in_doubt(draft, number);

    *cluster = (struct snapshot_cluster){
        .image = image_ref(before->image), .version = before->version, .zone = draft->index};
    draft->fork.expected = number + 1;
    return !has_to_be_placed || image_place(draft, encoder, number);
}

void zone_fork_take_over(struct zone_draft *draft, size_t cluster)
{
    if ((ptrdiff_t)cluster == draft->fork.replaced) {
        draft->fork.taken_over++;
    } else {
        draft->clusters[cluster].shares_targets = true;
    }
}

void zone_fork_take_out(struct zone_draft *draft, uint32_t hash, size_t cluster, size_t offset)
{
    (void)table_take_out(&draft->names, hash, cluster, offset);
    draft->clusters[cluster].shares_targets = true;
}

/* Take out the stale targets of a cluster that are there still. */
static void targets_take_out(struct zone_draft *draft, size_t number)
{
    const struct cluster_image *image = draft->fork.before->clusters[number].image;
    size_t offset = 0;

    for (size_t i = 0; i < image->target_count; i++) {
        const uint8_t *name = NULL;

        offset = image_name_offset(image, i, offset);
        name = image->names + offset;
        (void)table_take_out(&draft->names, name_hash(name, target_length(name)), number, offset);
    }
}

static void changes_count(struct zone_draft *draft, size_t count)
{
    draft->fork.changes_left -= count < draft->fork.changes_left ? count : draft->fork.changes_left;
}

void zone_fork_replace(struct zone_draft *draft, struct encoder *encoder, ptrdiff_t number)
{
    if (draft->fork.before == NULL) {
        return;
    }
    if (draft->fork.changes_left == 0) {
        zone_fork_leave(draft, encoder);
        return;
    }
    draft->fork.replaced = number;
    draft->fork.taken_over = 0;
}

const struct cluster_image *zone_fork_image(const struct zone_draft *draft)
{
    ptrdiff_t number = draft->fork.replaced;

    return draft->fork.before == NULL || number == NO_CLUSTER || is_in_doubt(draft, (size_t)number)
               ? NULL
               : draft->fork.before->clusters[number].image;
}

void zone_fork_resume(struct zone_draft *draft, const uint8_t *base)
{
    size_t number = (size_t)draft->fork.replaced;

    draft->current = number;
    draft->names.bases[number] = base;
    draft->fork.expected = number + 1;
    draft->fork.replaced = NO_CLUSTER;
}

void zone_fork_replaced(struct zone_draft *draft, size_t target_count)
{
    const struct snapshot *before = draft->fork.before;
    ptrdiff_t number = draft->fork.replaced;

    if (before == NULL) {
        return;
    }
    changes_count(draft, target_count - draft->fork.taken_over);
    if (number != NO_CLUSTER) {
        size_t old_count = before->clusters[number].image->target_count;

        draft->fork.expected = (size_t)number + 1;
        if (draft->fork.taken_over < old_count) {
            targets_take_out(draft, (size_t)number);
            changes_count(draft, old_count - draft->fork.taken_over);
        }
        zone_draft_free_number(draft, (size_t)number);
    }
    draft->fork.replaced = NO_CLUSTER;
}

void zone_fork_leave(struct zone_draft *draft, struct encoder *encoder)
{
    struct table *names = &draft->names;

    if (draft->fork.before == NULL) {
        return;
    }
    draft->fork.before = NULL;
    table_clear_targets(names, names->target_count);
    for (size_t i = 0; i < names->cluster_count; i++) {
        struct snapshot_cluster *cluster = &draft->clusters[i];

        cluster->shares_targets = false;
        if (cluster->is_given_up) {
            image_unref(cluster->image);
            cluster->image = NULL;
        }
        if (cluster->image == NULL) {
            names->bases[i] = NULL;
        }
    }
    for (size_t i = 0; i < names->cluster_count; i++) {
        if (draft->clusters[i].image != NULL) {
            (void)image_place(draft, encoder, i); /* as each of them was: none can be refused */
        }
    }
    draft->next_hole = 0;
}

/* Take out what was not added again; false when that is too much. */
static bool stale_take_out(struct zone_draft *draft)
{
    const struct snapshot *before = draft->fork.before;

    for (size_t i = 0; i < before->table.cluster_count; i++) {
        if (zone_fork_is_stale(draft, i)) {
            if (draft->fork.changes_left == 0) {
                return false;
            }
            targets_take_out(draft, i);
            zone_draft_free_number(draft, i);
            changes_count(draft, before->clusters[i].image->target_count);
        }
    }
    return true;
}

void zone_fork_settle(struct zone_draft *draft, struct encoder *encoder)
{
    struct table *names = &draft->names;

    if (draft->fork.before != NULL && !stale_take_out(draft)) {
        zone_fork_leave(draft, encoder);
    }
    draft->fork.before = NULL;
    while (names->cluster_count > 0 && names->bases[names->cluster_count - 1] == NULL) {
        names->cluster_count--;
    }
}
