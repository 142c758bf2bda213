/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_overlap.c - a cluster's newest answer, member by member, against the next's.
 */

#include "discovery/fleet_overlap.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/sorted.h"

void overlap_free(struct overlap *overlap)
{
    for (size_t i = 0; i < overlap->count; i++) {
        view_entry_unref(overlap->members[i].entry);
    }
    free(overlap->members);
    *overlap = (struct overlap){0};
}

void overlap_forget(struct overlap *overlap, size_t source)
{
    size_t kept = 0;

    for (size_t i = 0; i < overlap->count; i++) {
        if (overlap->members[i].source != source) {
            overlap->members[kept++] = overlap->members[i];
        } else {
            view_entry_unref(overlap->members[i].entry);
        }
    }
    overlap->count = kept;
}

void overlap_end(struct overlap *overlap, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < overlap->count; i++) {
        int64_t until_ms = overlap->members[i].until_ms;

        if (until_ms == 0 || until_ms > now_ms) {
            overlap->members[kept++] = overlap->members[i];
        } else {
            view_entry_unref(overlap->members[i].entry);
        }
    }
    overlap->count = kept;
}

/* ---- order ---- */

static int endpoint_compare(const void *left, const void *right)
{
    const struct overlap_member *one = left;
    const struct overlap_member *other = right;
    int order = address_compare(&one->entry->accepted.address, &other->entry->accepted.address);

    return order != 0 ? order : one->port - other->port;
}

static int member_compare(const void *left, const void *right)
{
    const struct overlap_member *one = left;
    const struct overlap_member *other = right;
    int order = endpoint_compare(one, other);

    return order != 0 ? order : strcmp(one->entry->accepted.id, other->entry->accepted.id);
}

static void members_sort(struct overlap *overlap)
{
    for (size_t i = 1; i < overlap->count; i++) {
        if (member_compare(&overlap->members[i - 1], &overlap->members[i]) > 0) {
            qsort(overlap->members, overlap->count, sizeof(*overlap->members), member_compare);
            return;
        }
    }
}

static bool overlap_has(const struct overlap *overlap, const struct overlap_member *member)
{
    return sorted_find(member, overlap->members, overlap->count, sizeof(*overlap->members),
                       endpoint_compare) != NULL;
}

bool overlap_is_known(const struct overlap *overlap, struct view *const *views)
{
    for (size_t i = 0; i < overlap->count; i++) {
        const struct overlap_member *member = &overlap->members[i];

        if (member->until_ms == 0 &&
            (member->source == OVERLAP_NO_SOURCE || views[member->source] == NULL)) {
            return false;
        }
    }
    return overlap->count > 0;
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
    const struct accepted *then = &former->entry->accepted;
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

static void overlap_add(struct overlap *overlap, const struct overlap_member *member)
{
    overlap->members[overlap->count] = *member;
    overlap->members[overlap->count++].entry = view_entry_ref(member->entry);
}

/* Those of `members` that are served, with room for those of the last answer. True when that had
 * one of them. */
static bool served_add(const struct overlap_step *step, const struct fleet_member *members,
                       size_t count, struct overlap *next)
{
    bool has_any_left = false;

    next->members = memory_grow(NULL, count, sizeof(*next->members));
    for (size_t i = 0; i < count; i++) {
        struct overlap_member *member = &next->members[next->count];

        if (members[i].standing == STANDING_SERVED) {
            *member = (struct overlap_member){.entry = view_entry_ref(members[i].entry),
                                              .source = members[i].source,
                                              .port = members[i].port};
            next->count++;
            has_any_left = has_any_left || overlap_has(step->before, member);
        }
    }
    members_sort(next);
    return has_any_left;
}

struct overlap overlap_next(const struct overlap_step *step, const struct fleet_member *members,
                            size_t count)
{
    const struct overlap *before = step->before;
    struct overlap next = {0};
    struct overlap served = {0};
    bool has_any_left = served_add(step, members, count, &next);
    size_t room = next.count == 0 ? 0 : FLEET_MAX_MEMBERS - next.count;

    served = next;
    for (size_t i = 0; i < before->count && room > 0; i++) {
        struct overlap_member former = before->members[i];

        if (former_stays(step, &former, has_any_left) && !overlap_has(&served, &former) &&
            !former_is_known(step, &former, members, count)) {
            if (served.members == next.members) { /* it happens rarely: no room is kept for it */
                next.members = memory_grow(NULL, next.count + before->count, sizeof(former));
                memcpy(next.members, served.members, served.count * sizeof(former));
            }
            overlap_add(&next, &former);
            room--;
        }
    }
    if (served.members != next.members) {
        free(served.members);
        members_sort(&next);
    }
    return next;
}

int64_t overlap_next_change_ms(const struct overlap *overlap, int64_t now_ms)
{
    int64_t next_ms = 0;

    for (size_t i = 0; i < overlap->count; i++) {
        int64_t until_ms = overlap->members[i].until_ms;

        if (until_ms > now_ms && (next_ms == 0 || until_ms < next_ms)) {
            next_ms = until_ms;
        }
    }
    return next_ms;
}
