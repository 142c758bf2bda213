/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_draft.c - sorts a cluster's members, finds out whether the image of the snapshot
 * before still is theirs, and has a new one made if not.
 */

#include "zones/cluster_draft.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/cluster_name.h"
#include "zones/image_place.h"
#include "zones/snapshot_internal.h"
#include "zones/target.h"
#include "zones/target_place.h"
#include "zones/zone_fork.h"

enum {
    FIRST_PLAINS = 16,
    /* A quarter is for numbers of the table before, and one whose image no longer fits has two. */
    CLUSTERS_MAX = TABLE_MAX_CLUSTERS / 4,
    RANK_ID_OCTETS = 7, /* with one octet before them a number of 64 bits */
};

void cluster_drafter_free(struct cluster_drafter *drafter)
{
    workspace_free(&drafter->workspace);
    free(drafter->shared);
    free(drafter->plains);
}

static bool name_taken_report(const struct zone_draft *draft, const char *cluster,
                              const struct name *name, struct error *error)
{
    char text[NAME_MAX_TEXT];

    return error_set(error, "cluster \"%s\": the name %s is taken by %s", cluster,
                     name_to_text(name, text), name_owner_text(zone_draft_use(draft, name)));
}

/*
 * Both names of the cluster; they are one when cluster-name is "{group}". Then a name that a
 * target may have one day is refused: whoever may name a group could take a member out with it.
 */
static bool cluster_names(const struct zone_draft *draft, const char *cluster,
                          struct cluster_names *names, struct error *error)
{
    if (!label_is_valid(cluster)) {
        return error_set(error, "cluster \"%s\": its name is not a DNS label", cluster);
    }
    if (!cluster_srv_name(&names->srv, &draft->zone, cluster, error)) {
        return error_prefix(error, "cluster \"%s\"", cluster);
    }
    names->plain = draft->zone.origin;
    if (!name_prepend(&names->plain, cluster, strlen(cluster))) {
        return error_set(error, "cluster \"%s\": its name below the zone's is over %d octets",
                         cluster, NAME_MAX_LENGTH);
    }
    if (zone_draft_use(draft, &names->srv) != NAME_EMPTY) {
        return name_taken_report(draft, cluster, &names->srv, error);
    }
    return !name_equals(&names->srv, &names->plain) ||
           !target_label_is_possible(&draft->zone, cluster) ||
           name_taken_report(draft, cluster, &names->srv, error);
}

/* In service first, then drained; by id, and by all that is sent where ids repeat. */
static int members_compare(const struct member *one, const struct member *other)
{
    int order = (one->weight == 0) - (other->weight == 0);

    order = order != 0 ? order : strcmp(one->id, other->id);
    order = order != 0 ? order : address_compare(&one->address, &other->address);
    order = order != 0 ? order : one->port - other->port;
    return order != 0 ? order : one->weight - other->weight;
}

/*
 * What decides between most members, as one number: in service or not, then the first octets of
 * the id.
 */
static uint64_t member_rank(const struct member *member)
{
    uint64_t rank = member->weight == 0;

    for (size_t i = 0, end = 0; i < RANK_ID_OCTETS; i++) {
        uint8_t octet = end != 0 ? 0 : (uint8_t)member->id[i];

        end |= octet == 0;
        rank = rank << 8 | octet;
    }
    return rank;
}

static int by_place(const void *left, const void *right)
{
    const struct ranked_member *one = left;
    const struct ranked_member *other = right;

    if (one->rank != other->rank) {
        return one->rank < other->rank ? -1 : 1;
    }
    return members_compare(one->member, other->member);
}

/* The members of a cluster, in their order in its answers. */
static void members_sort(struct ranked_member *members, const struct cluster *cluster)
{
    bool is_sorted = true;

    for (size_t i = 0; i < cluster->member_count; i++) {
        members[i] = (struct ranked_member){.rank = member_rank(&cluster->members[i]),
                                            .member = &cluster->members[i]};
        is_sorted = is_sorted && (i == 0 || by_place(&members[i - 1], &members[i]) <= 0);
    }
    if (!is_sorted) {
        qsort(members, cluster->member_count, sizeof(*members), by_place);
    }
}

/* Whether an address is new among those that `slots` holds; if so it is added. */
static bool address_is_new(const struct placement *placements, uint32_t *slots, size_t slot_count,
                           size_t index)
{
    const struct address *address = &placements[index].member->address;
    uint64_t hash = name_hash(address->octets, address->length);
    size_t position = (size_t)(hash * slot_count >> 32);

    while (slots[position] != 0) {
        const struct placement *other = &placements[slots[position] - 1];

        if (address_compare(&other->member->address, address) == 0) {
            return false;
        }
        position = position + 1 == slot_count ? 0 : position + 1;
    }
    slots[position] = (uint32_t)index + 1;
    return true;
}

/* Mark the first placement of each address: a set of addresses must not hold one twice. */
static void addresses_mark(struct cluster_workspace *workspace, size_t count,
                           enum target_names target_names)
{
    struct placement *placements = workspace->placements;
    size_t slot_count = ADDRESS_SLOTS * count;

    if (target_names == TARGET_INSTANCE) {
        memset(workspace->address_slots, 0, slot_count * sizeof(*workspace->address_slots));
    }
    for (size_t i = 0; i < count; i++) {
        /* Other targets stand for their address. */
        placements[i].is_first_of_address =
            placements[i].is_first_of_target &&
            (target_names != TARGET_INSTANCE ||
             address_is_new(placements, workspace->address_slots, slot_count, i));
    }
}

/* The SRV name has a node, whose RRsets lie in the image; the plain name waits for its own. */
static void names_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                        const struct cluster_names *names, size_t cluster)
{
    struct cluster_image *image = draft->clusters[cluster].image;
    size_t srv = zone_draft_make(draft, &names->srv, drafter->encoder);
    struct node *node = &draft->names.nodes[srv];

    draft->drafts[srv].use = NAME_CLUSTER;
    node->cluster = (uint32_t)cluster + 1;
    if (name_equals(&names->srv, &names->plain)) {
        node->rrsets = image->rrsets;
        node->rrset_count = (uint8_t)(image->plain_count + 1);
        return;
    }
    node->rrsets = &image->rrsets[image->plain_count];
    node->rrset_count = 1;
    if (drafter->plain_count == drafter->plain_capacity) {
        drafter->plain_capacity =
            drafter->plain_capacity == 0 ? FIRST_PLAINS : 2 * drafter->plain_capacity;
        drafter->plains =
            memory_grow(drafter->plains, drafter->plain_capacity, sizeof(*drafter->plains));
    }
    drafter->plains[drafter->plain_count++] = cluster;
}

bool cluster_plains_place(struct zone_draft *draft, struct cluster_drafter *drafter,
                          struct error *error)
{
    bool is_all_placed = true;

    zone_fork_settle(draft, drafter->encoder);
    for (size_t i = 0; i < drafter->plain_count; i++) {
        struct cluster_image *image = draft->clusters[drafter->plains[i]].image;
        struct node *node = NULL;
        struct name name = {.length = image->plain_name_length};
        size_t index = 0;

        memcpy(name.octets, image->plain_name, name.length);
        if (zone_draft_use(draft, &name) != NAME_EMPTY) {
            if (is_all_placed) {
                char cluster[LABEL_MAX_LENGTH + 1] = "";

                memcpy(cluster, name.octets + 1, name.octets[0]);
                (void)name_taken_report(draft, cluster, &name, error);
                (void)error_prefix(error, "served by SRV alone");
            }
            is_all_placed = false;
            continue;
        }
        index = zone_draft_make(draft, &name, drafter->encoder);
        node = &draft->names.nodes[index];
        draft->drafts[index].use = NAME_CLUSTER;
        node->rrsets = image->rrsets;
        node->rrset_count = image->plain_count;
    }
    drafter->plain_count = 0;
    return is_all_placed;
}

/* A cluster in the snapshot before. */
struct cluster_before {
    const struct snapshot_cluster *cluster; /* NULL: it was not there */
    ptrdiff_t number;                       /* in this zone; NO_CLUSTER */
    bool is_comparable;                     /* the zone was like this one */
};

/* The cluster with this SRV name in the snapshot before. */
static struct cluster_before before_find(const struct zone_draft *draft,
                                         const struct cluster_drafter *drafter,
                                         const struct cluster_names *names)
{
    const struct snapshot *previous = drafter->previous;
    struct cluster_before before = {.number = NO_CLUSTER};

    before.cluster = previous == NULL ? NULL : snapshot_cluster(previous, &names->srv);
    if (before.cluster != NULL &&
        name_equals(&previous->zones[before.cluster->zone].zone.origin, &draft->zone.origin)) {
        const struct cluster_image *image = before.cluster->image;

        before.number = before.cluster - previous->clusters;
        if (draft->fork.before != NULL && !zone_fork_is_stale(draft, (size_t)before.number)) {
            before.number = NO_CLUSTER; /* it has been here already, and came to nothing */
            return before;
        }
        before.is_comparable =
            draft->is_like_before && image->plain_name_length == names->plain.length &&
            memcmp(image->plain_name, names->plain.octets, names->plain.length) == 0;
    }
    return before;
}

/* Add the cluster as it was; false when a target of it is not free any more. */
static bool cluster_keep(struct zone_draft *draft, struct cluster_drafter *drafter,
                         const struct cluster_names *names, const struct cluster_before *before,
                         uint64_t version)
{
    size_t number = (size_t)before->number;
    bool is_placed = false;

    if (draft->fork.before != NULL) {
        is_placed = zone_fork_keep(draft, drafter->encoder, number);
    } else {
        number = zone_draft_begin_cluster(draft, before->cluster->image->names);
        zone_draft_end_cluster(draft, image_ref(before->cluster->image));
        is_placed = image_place(draft, drafter->encoder, number);
    }
    if (!is_placed) {
        /* What was placed of it stays, and belongs to the one that is made now as well. */
        draft->clusters[number].version = 0;
        draft->clusters[number].shares_targets = true;
        draft->clusters[number].is_given_up = true;
        return false;
    }
    draft->clusters[number].version = version;
    names_place(draft, drafter, names, number);
    return true;
}

/* Most clusters come in the order of the snapshot before and have not changed: the short way. */
static bool expected_keep(struct zone_draft *draft, struct cluster_drafter *drafter,
                          const struct cluster *cluster)
{
    const struct cluster_image *image = NULL;
    struct cluster_names names;
    size_t number = 0;

    if (!zone_fork_expects(draft, cluster, &number) || drafter->cluster_count >= CLUSTERS_MAX) {
        return false;
    }
    image = draft->fork.before->clusters[number].image;
    names.srv.length = image->srv_name_length;
    memcpy(names.srv.octets, image->srv_name, names.srv.length);
    names.plain.length = image->plain_name_length;
    memcpy(names.plain.octets, image->plain_name, names.plain.length);
    if (zone_draft_use(draft, &names.srv) != NAME_EMPTY) {
        return false;
    }
    drafter->cluster_count++;
    (void)zone_fork_keep(draft, drafter->encoder, number); /* nothing of it is in doubt */
    names_place(draft, drafter, &names, number);
    return true;
}

/* Whether the cluster still is what it was. Its members are in order afterwards, if need be. */
static bool cluster_is_same(const struct cluster_before *before, const struct cluster *cluster,
                            struct cluster_workspace *workspace, bool *is_sorted)
{
    if (!before->is_comparable) {
        return false;
    }
    if (cluster->version != 0 && cluster->version == before->cluster->version) {
        return true;
    }
    members_sort(workspace->members, cluster);
    *is_sorted = true;
    return image_is_of(before->cluster->image, workspace->members, cluster->member_count);
}

/* Place the members, which are in order in the workspace, one by one. */
static bool cluster_make(struct zone_draft *draft, struct cluster_drafter *drafter,
                         const struct cluster *cluster, const struct cluster_names *names,
                         const struct cluster_before *before, struct error *error)
{
    struct cluster_workspace *workspace = &drafter->workspace;
    struct left_out left_out = {.count = 0};
    size_t placed = 0;

    zone_fork_replace(draft, drafter->encoder, before->number);
    placed = targets_place(draft, drafter, &names->srv, cluster->member_count, &left_out);
    if (placed > 0) {
        addresses_mark(workspace, placed, draft->zone.target_names);
        targets_settle(
            draft, drafter,
            cluster_answer_make(workspace, &draft->zone, names, placed, drafter->number,
                                before->cluster == NULL ? NULL : before->cluster->image));
        draft->clusters[draft->current].version = left_out.count == 0 ? cluster->version : 0;
        names_place(draft, drafter, names, draft->current);
    }
    return left_out.count == 0 || left_out_report(&left_out, cluster, error);
}

bool cluster_draft_add(struct zone_draft *draft, struct cluster_drafter *drafter,
                       const struct cluster *cluster, struct error *error)
{
    struct cluster_workspace *workspace = &drafter->workspace;
    struct cluster_names names = {.plain = {.length = 0}};
    struct cluster_before before;
    bool is_sorted = false;

    if (expected_keep(draft, drafter, cluster)) {
        return true;
    }
    if (!cluster_names(draft, cluster->name, &names, error)) {
        return false;
    }
    if (++drafter->cluster_count > CLUSTERS_MAX) {
        return error_set(error, "cluster \"%s\": there are %d clusters already", cluster->name,
                         (int)CLUSTERS_MAX);
    }
    workspace_reserve(workspace, cluster->member_count, draft->zone.origin.length);
    before = before_find(draft, drafter, &names);
    if (cluster_is_same(&before, cluster, workspace, &is_sorted)) {
        if (cluster_keep(draft, drafter, &names, &before, cluster->version)) {
            return true;
        }
        before.number = NO_CLUSTER; /* it stays another cluster's */
    }
    if (!is_sorted) {
        members_sort(workspace->members, cluster);
    }
    return cluster_make(draft, drafter, cluster, &names, &before, error);
}
