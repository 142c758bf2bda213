/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_draft.c - sorts a cluster's members, places their targets among the zone's names
 * and has the answers encoded. One pass over the members per answer: this is where most of the
 * time of a build goes.
 */

#include "zones/cluster_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zones/cluster_answer.h"
#include "zones/cluster_name.h"
#include "zones/record.h"
#include "zones/target.h"

enum { FIRST_PLAINS = 16 };

/* Who a name that is wanted belongs to already. */
static const char *const OWNERS[] = {
    [NAME_EMPTY] = "nobody: it is kept for members",
    [NAME_RECORDS] = "a record",
    [NAME_CLUSTER] = "another cluster",
    [NAME_TARGET] = "a member",
};

/* The addresses of a cluster, encoded, and the name that they are to stand at if it is free. */
struct plain_draft {
    struct name name;
    struct rrset rrsets[ADDRESS_FAMILIES];
    const char *cluster; /* in the snapshot's arena */
};

/* Members that could not be placed. */
struct left_out {
    size_t count;
    const struct member *first;
    struct error reason; /* why the first was not */
};

void cluster_workspace_free(struct cluster_workspace *workspace)
{
    free(workspace->placements);
    free(workspace->by_address);
    free(workspace->plains);
    *workspace = (struct cluster_workspace){0};
}

static void workspace_reserve(struct cluster_workspace *workspace, size_t count)
{
    if (count > workspace->capacity) {
        workspace->placements =
            memory_grow(workspace->placements, count, sizeof(*workspace->placements));
        workspace->by_address =
            memory_grow(workspace->by_address, count, sizeof(struct placement *));
        workspace->capacity = count;
    }
}

static struct plain_draft *plain_draft_new(struct cluster_workspace *workspace)
{
    if (workspace->plain_count == workspace->plain_capacity) {
        workspace->plain_capacity =
            workspace->plain_capacity == 0 ? FIRST_PLAINS : 2 * workspace->plain_capacity;
        workspace->plains =
            memory_grow(workspace->plains, workspace->plain_capacity, sizeof(*workspace->plains));
    }
    return &workspace->plains[workspace->plain_count++];
}

static bool name_taken_report(const struct zone_draft *draft, const char *cluster,
                              const struct name *name, struct error *error)
{
    char text[NAME_MAX_TEXT];

    return error_set(error, "cluster \"%s\": the name %s is taken by %s", cluster,
                     name_to_text(name, text), OWNERS[zone_draft_use(draft, name)]);
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
static int placement_compare(const void *left, const void *right)
{
    const struct member *one = ((const struct placement *)left)->member;
    const struct member *other = ((const struct placement *)right)->member;
    int order = (one->weight == 0) - (other->weight == 0);

    order = order != 0 ? order : strcmp(one->id, other->id);
    order = order != 0 ? order : address_compare(&one->address, &other->address);
    order = order != 0 ? order : one->port - other->port;
    return order != 0 ? order : one->weight - other->weight;
}

/* The members of a cluster, in their order in its answers. */
static void members_sort(struct placement *placements, const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->member_count; i++) {
        placements[i] = (struct placement){.member = &cluster->members[i]};
    }
    qsort(placements, cluster->member_count, sizeof(*placements), placement_compare);
}

static bool target_has_address(const struct node *node, const struct address *address)
{
    const struct rrset *rrset =
        node_rrset(node, address->length == ADDRESS_V4_LENGTH ? RECORD_A : RECORD_AAAA);

    return rrset != NULL && memcmp(rrset->answer.octets + POINTER_LENGTH + RECORD_FIXED_LENGTH,
                                   address->octets, address->length) == 0;
}

/* Whether one of the placements so far has this target and port: it would be sent twice. */
static bool placement_repeats(const struct placement *placements, size_t count,
                              const struct placement *placement)
{
    for (size_t i = 0; i < count; i++) {
        if (placements[i].target == placement->target &&
            placements[i].member->port == placement->member->port) {
            return true;
        }
    }
    return false;
}

/*
 * Find or make the name of the member's target. Several clusters, or ports, may share a target;
 * its TXT record is then the one that sorts first, whatever the order in which they are added.
 */
static bool target_place(struct zone_draft *draft, struct encoder *encoder,
                         const struct cluster_names *names, struct placement *placement,
                         struct error *error)
{
    const struct member *member = placement->member;
    struct name target;
    char text[NAME_MAX_TEXT];
    struct name_draft *use = NULL;
    struct node *node = NULL;

    if (member->port == 0) {
        return error_set(error, "its port is 0");
    }
    if (!target_name(&target, &draft->zone, member, error)) {
        return false;
    }
    if (name_equals(&target, &names->srv)) {
        return error_set(error, "its target name is the cluster's");
    }
    placement->target = zone_draft_make(draft, &target, encoder);
    node = &draft->names.nodes[placement->target];
    use = &draft->drafts[placement->target];
    if (use->use == NAME_EMPTY) {
        use->use = NAME_TARGET;
        target_encode(node, encoder, &draft->zone, member);
    } else if (use->use != NAME_TARGET) {
        return error_set(error, "its target name %s is taken by %s", name_to_text(&target, text),
                         OWNERS[use->use]);
    } else if (!target_has_address(node, &member->address)) {
        return error_set(error, "its target name %s belongs to another address",
                         name_to_text(&target, text));
    } else {
        target_merge(node, encoder, &draft->zone, member);
    }
    placement->is_first_of_target = use->last_cluster != draft->cluster_count;
    use->last_cluster = draft->cluster_count;
    return true;
}

/* Place all members; those that cannot be are taken out of the array. Returns how many are left. */
static size_t members_place(struct zone_draft *draft, struct encoder *encoder,
                            const struct cluster_names *names, struct placement *placements,
                            size_t count, struct left_out *left_out)
{
    size_t placed = 0;

    for (size_t i = 0; i < count; i++) {
        struct placement placement = placements[i];
        struct error reason;

        if (!target_place(draft, encoder, names, &placement, &reason)) {
            if (left_out->count++ == 0) {
                left_out->first = placement.member;
                left_out->reason = reason;
            }
        } else if (placement.is_first_of_target ||
                   !placement_repeats(placements, placed, &placement)) {
            placements[placed++] = placement;
        }
    }
    return placed;
}

static int by_address(const void *left, const void *right)
{
    const struct placement *one = *(struct placement *const *)left;
    const struct placement *other = *(struct placement *const *)right;
    int order = address_compare(&one->member->address, &other->member->address);

    return order != 0 ? order : (one > other) - (one < other);
}

/* Mark the first placement of each address: a set of addresses must not hold one twice. */
static void addresses_mark(struct cluster_workspace *workspace, size_t count,
                           enum target_names target_names)
{
    struct placement *placements = workspace->placements;
    struct placement **sorted = workspace->by_address;

    for (size_t i = 0; i < count; i++) {
        placements[i].is_first_of_address = placements[i].is_first_of_target;
        sorted[i] = &placements[i];
    }
    if (target_names != TARGET_INSTANCE) {
        return; /* a target stands for its address */
    }
    qsort(sorted, count, sizeof(struct placement *), by_address);
    for (size_t i = 1; i < count; i++) {
        if (address_compare(&sorted[i]->member->address, &sorted[i - 1]->member->address) == 0) {
            sorted[i]->is_first_of_address = false;
        }
    }
}

static bool left_out_report(const struct left_out *left_out, const struct cluster *cluster,
                            struct error *error)
{
    char more[sizeof(" (and 18446744073709551615 more)")] = "";

    if (left_out->count > 1) {
        (void)snprintf(more, sizeof(more), " (and %zu more)", left_out->count - 1);
    }
    return error_set(error, "cluster \"%s\": member \"%s\" is left out: %s%s", cluster->name,
                     left_out->first->id, left_out->reason.text, more);
}

/* The SRV records now; the addresses beside them, or later at the plain name. */
static void names_encode(struct zone_draft *draft, struct encoder *encoder,
                         struct cluster_workspace *workspace, const struct cluster *cluster,
                         const struct cluster_names *names, size_t count)
{
    size_t srv = zone_draft_make(draft, &names->srv, encoder);
    bool is_one_name = name_equals(&names->srv, &names->plain);
    struct plain_draft *plain = plain_draft_new(workspace);

    draft->drafts[srv].use = NAME_CLUSTER;
    plain->name = names->plain;
    plain->cluster = arena_string(encoder->arena, cluster->name);
    plain_encode(&draft->zone, encoder, names->plain.length, workspace->placements, count,
                 plain->rrsets);
    cluster_encode(draft, encoder, srv, workspace->placements, count,
                   is_one_name ? plain->rrsets : NULL);
    workspace->plain_count -= is_one_name ? 1 : 0;
}

bool cluster_plains_place(struct zone_draft *draft, struct encoder *encoder,
                          struct cluster_workspace *workspace, struct error *error)
{
    bool is_all_placed = true;

    for (size_t i = 0; i < workspace->plain_count; i++) {
        const struct plain_draft *plain = &workspace->plains[i];
        struct node *node = NULL;
        size_t index = 0;

        if (zone_draft_use(draft, &plain->name) != NAME_EMPTY) {
            if (is_all_placed) {
                (void)name_taken_report(draft, plain->cluster, &plain->name, error);
                (void)error_prefix(error, "served by SRV alone");
            }
            is_all_placed = false;
            continue;
        }
        index = zone_draft_make(draft, &plain->name, encoder);
        node = &draft->names.nodes[index];
        draft->drafts[index].use = NAME_CLUSTER;
        node->rrsets = arena_array(encoder->arena, ADDRESS_FAMILIES, sizeof(*node->rrsets));
        plain_append(node, plain->rrsets);
    }
    workspace->plain_count = 0;
    return is_all_placed;
}

bool cluster_draft_add(struct zone_draft *draft, struct encoder *encoder,
                       struct cluster_workspace *workspace, const struct cluster *cluster,
                       struct error *error)
{
    struct cluster_names names;
    struct left_out left_out = {.count = 0};
    size_t placed = 0;

    if (!cluster_names(draft, cluster->name, &names, error)) {
        return false;
    }
    draft->cluster_count++;
    workspace_reserve(workspace, cluster->member_count);
    members_sort(workspace->placements, cluster);
    placed = members_place(draft, encoder, &names, workspace->placements, cluster->member_count,
                           &left_out);
    if (placed > 0) {
        addresses_mark(workspace, placed, draft->zone.target_names);
        names_encode(draft, encoder, workspace, cluster, &names, placed);
    }
    return left_out.count == 0 || left_out_report(&left_out, cluster, error);
}
