/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_overlap.c - the newest answer's members, cluster by cluster, against the next's.
 */

#include "discovery/fleet_overlap.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/sorted.h"

enum { FIRST_MEMBERS = 16 };

void overlap_free(struct overlap *overlap)
{
    arena_free(&overlap->arena);
    free(overlap->members);
    *overlap = (struct overlap){0};
}

void overlap_forget(struct overlap *overlap, size_t source)
{
    size_t kept = 0;

    for (size_t i = 0; i < overlap->count; i++) {
        if (overlap->members[i].source != source) {
            overlap->members[kept++] = overlap->members[i];
        }
    }
    overlap->count = kept;
}

/* ---- order ---- */

static int endpoint_compare(const void *left, const void *right)
{
    const struct overlap_member *one = left;
    const struct overlap_member *other = right;
    int order = address_compare(&one->entry.accepted.address, &other->entry.accepted.address);

    return order != 0 ? order : one->port - other->port;
}

static int member_compare(const void *left, const void *right)
{
    const struct overlap_member *one = left;
    const struct overlap_member *other = right;
    int order = endpoint_compare(one, other);

    return order != 0 ? order : strcmp(one->entry.accepted.id, other->entry.accepted.id);
}

/* Members that lie together. */
struct overlap_run {
    const struct overlap_member *members;
    size_t count;
};

static int cluster_compare(const void *cluster, const void *member)
{
    return strcmp(cluster, ((const struct overlap_member *)member)->cluster);
}

static struct overlap_run cluster_run(const struct overlap *overlap, const char *cluster)
{
    struct overlap_run run = {overlap->members, 0};
    size_t low = sorted_first(cluster, overlap->members, overlap->count, sizeof(*overlap->members),
                              cluster_compare);

    while (low + run.count < overlap->count &&
           strcmp(overlap->members[low + run.count].cluster, cluster) == 0) {
        run.count++;
    }
    if (run.count > 0) {
        run.members = &overlap->members[low];
    }
    return run;
}

static bool run_has(struct overlap_run run, const struct overlap_member *member)
{
    return sorted_find(member, run.members, run.count, sizeof(*run.members), endpoint_compare) !=
           NULL;
}

bool overlap_is_known(const struct overlap *overlap, const char *cluster, struct view *const *views)
{
    const struct overlap_run run = cluster_run(overlap, cluster);

    for (size_t i = 0; i < run.count; i++) {
        const struct overlap_member *member = &run.members[i];

        if (member->until_ms == 0 &&
            (member->source == OVERLAP_NO_SOURCE || views[member->source] == NULL)) {
            return false;
        }
    }
    return run.count > 0;
}

/* ---- copies ---- */

static void overlap_add(struct overlap *overlap, const struct overlap_member *member)
{
    const struct accepted *accepted = &member->entry.accepted;
    struct overlap_member *copy = NULL;

    if (overlap->count == overlap->capacity) {
        overlap->capacity = overlap->capacity == 0 ? FIRST_MEMBERS : 2 * overlap->capacity;
        overlap->members =
            memory_grow(overlap->members, overlap->capacity, sizeof(*overlap->members));
    }
    copy = &overlap->members[overlap->count++];
    *copy = *member;
    copy->cluster = arena_string(&overlap->arena, member->cluster);
    copy->entry = (struct view_entry){.accepted = *accepted, .changed = member->entry.changed};
    copy->entry.accepted.id = arena_string(&overlap->arena, accepted->id);
    copy->entry.accepted.group = arena_string(&overlap->arena, accepted->group);
    copy->entry.accepted.az = arena_string(&overlap->arena, accepted->az);
    copy->entry.accepted.hold.by = arena_string(&overlap->arena, accepted->hold.by);
    copy->entry.accepted.hold.reason = arena_string(&overlap->arena, accepted->hold.reason);
}

/* ---- the rule ---- */

static int id_compare(const void *id, const void *member)
{
    return strcmp(id, ((const struct fleet_member *)member)->entry->accepted.id);
}

/* Whether the member is known, and by what is known of it has no place beside the others. */
static bool former_is_known(const struct overlap_step *step, const struct overlap_member *former,
                            const struct fleet_member *members, size_t count)
{
    const struct accepted *then = &former->entry.accepted;
    /* Sources may share ids. */
    size_t first = sorted_first(then->id, members, count, sizeof(*members), id_compare);

    for (size_t i = first; i < count && id_compare(then->id, &members[i]) == 0; i++) {
        const struct accepted *now = &members[i].entry->accepted;
        bool is_served = members[i].standing == STANDING_SERVED;
        bool is_same_address = address_compare(&now->address, &then->address) == 0;

        if (is_served ? step->targets_by_id && !is_same_address : is_same_address) {
            return true;
        }
    }
    return false;
}

/* Whether a member of the last answer stays in the next, if nothing else speaks against it. */
static bool former_stays(const struct overlap_step *step, struct overlap_member *former,
                         bool has_any_left)
{
    if (former->until_ms != 0) {
        return former->until_ms > step->now_ms;
    }
    former->until_ms = step->now_ms + step->lasts_ms;
    return !has_any_left;
}

/* Add those of `members` that are served. True when the last answer had one of them. */
static bool served_add(const struct overlap_step *step, struct overlap_run before,
                       const struct fleet_member *members, size_t count)
{
    bool has_any_left = false;

    for (size_t i = 0; i < count; i++) {
        const struct overlap_member member = {.cluster = members[i].cluster,
                                              .source = members[i].source,
                                              .entry = *members[i].entry,
                                              .port = members[i].port};

        if (members[i].standing == STANDING_SERVED) {
            overlap_add(step->after, &member);
            has_any_left = has_any_left || run_has(before, &member);
        }
    }
    return has_any_left;
}

size_t overlap_cluster(const struct overlap_step *step, const struct fleet_member *members,
                       size_t count, const struct overlap_member **next)
{
    struct overlap *after = step->after;
    const struct overlap_run before = cluster_run(step->before, members->cluster);
    size_t first = after->count;
    bool has_any_left = served_add(step, before, members, count);
    size_t served = after->count - first;
    size_t room = served == 0 ? 0 : FLEET_MAX_MEMBERS - served;

    if (served > 0) {
        qsort(&after->members[first], served, sizeof(*after->members), member_compare);
    }
    for (size_t i = 0; i < before.count && room > 0; i++) {
        struct overlap_member former = before.members[i];

        if (former_stays(step, &former, has_any_left) &&
            !run_has((struct overlap_run){&after->members[first], served}, &former) &&
            !former_is_known(step, &former, members, count)) {
            overlap_add(after, &former);
            room--;
        }
    }
    if (after->count > first + served) {
        qsort(&after->members[first], after->count - first, sizeof(*after->members),
              member_compare);
    }
    *next = after->count > first ? &after->members[first] : NULL;
    return after->count - first;
}

static int member_compare_cluster(const void *left, const void *right)
{
    const struct overlap_member *one = left;
    const struct overlap_member *other = right;
    int order = strcmp(one->cluster, other->cluster);

    return order != 0 ? order : member_compare(left, right);
}

void overlap_keep_others(const struct overlap_step *step)
{
    struct overlap *after = step->after;
    const struct overlap taken = *after;

    for (size_t i = 0; i < step->before->count; i++) {
        const struct overlap_member *former = &step->before->members[i];
        const struct overlap found = {.members = after->members, .count = taken.count};

        if (cluster_run(&found, former->cluster).count == 0 &&
            (former->until_ms == 0 || former->until_ms > step->now_ms)) {
            overlap_add(after, former);
        }
    }
    if (after->count > taken.count) {
        qsort(after->members, after->count, sizeof(*after->members), member_compare_cluster);
    }
}

size_t overlap_members(const struct overlap *overlap, int64_t now_ms, struct arena *arena,
                       struct fleet_member **members)
{
    size_t count = 0;

    *members = NULL;
    for (size_t i = 0; i < overlap->count; i++) {
        count += overlap->members[i].until_ms > now_ms;
    }
    if (count == 0) {
        return 0;
    }
    *members = arena_array(arena, count, sizeof(**members));
    count = 0;
    for (size_t i = 0; i < overlap->count; i++) {
        const struct overlap_member *former = &overlap->members[i];

        if (former->until_ms > now_ms && former->source != OVERLAP_NO_SOURCE) {
            (*members)[count++] = (struct fleet_member){.cluster = former->cluster,
                                                        .source = former->source,
                                                        .entry = &former->entry,
                                                        .standing = STANDING_OVERLAP,
                                                        .port = former->port,
                                                        .until_ms = former->until_ms};
        }
    }
    return count;
}
