/* SPDX-License-Identifier: MIT */

/*
 * discovery/view.c - a view's memory, and finding things in it.
 */

#include "discovery/view.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/sorted.h"
#include "discovery/view_edit.h"

enum { FIRST_MEMBERS = 4, FIRST_GROUPS = 16 };

struct view *view_new(void)
{
    struct view *view = memory_new(sizeof(*view));

    arena_init(&view->arena);
    return view;
}

static void group_free(struct view_group *group)
{
    free(group->name);
    free(group->cluster);
    free(group->members);
    free(group);
}

void view_free(struct view *view)
{
    if (view == NULL) {
        return;
    }
    for (size_t i = 0; i < view->count; i++) {
        view_entry_unref(view->entries[i]);
    }
    for (size_t i = 0; i < view->group_count; i++) {
        group_free(view->groups[i]);
    }
    free(view->entries);
    free(view->prints);
    free(view->groups);
    arena_free(&view->arena);
    free(view);
}

bool accepted_equals(const struct accepted *left, const struct accepted *right)
{
    return address_compare(&left->address, &right->address) == 0 && left->port == right->port &&
           left->weight == right->weight && strcmp(left->group, right->group) == 0 &&
           strcmp(left->az, right->az) == 0 && hold_equals(&left->hold, &right->hold);
}

/* ---- finding ---- */

static int entry_compare(const void *id, const void *place)
{
    return strcmp(id, (*(struct view_entry *const *)place)->accepted.id);
}

static int outsider_compare(const void *id, const void *outsider)
{
    return strcmp(id, ((const struct view_outsider *)outsider)->id);
}

static int freeze_compare(const void *cluster, const void *freeze)
{
    return strcmp(cluster, ((const struct view_freeze *)freeze)->cluster);
}

static int group_compare(const void *name, const void *place)
{
    return strcmp(name, (*(struct view_group *const *)place)->name);
}

const struct view_entry *view_find(const struct view *view, const char *id)
{
    struct view_entry **place =
        sorted_find(id, view->entries, view->count, sizeof(struct view_entry *), entry_compare);

    return place == NULL ? NULL : *place;
}

const struct view_outsider *view_find_outsider(const struct view *view, const char *id)
{
    return sorted_find(id, view->outsiders, view->outsider_count, sizeof(*view->outsiders),
                       outsider_compare);
}

const struct view_freeze *view_find_freeze(const struct view *view, const char *cluster)
{
    return sorted_find(cluster, view->freezes, view->freeze_count, sizeof(*view->freezes),
                       freeze_compare);
}

const struct view_departure *view_find_departure(const struct view *view, const char *id)
{
    for (size_t i = view->departure_count; i > 0; i--) {
        if (strcmp(view->departures[i - 1].id, id) == 0) {
            return &view->departures[i - 1];
        }
    }
    return NULL;
}

struct view_group *view_find_group(const struct view *view, const char *name)
{
    struct view_group **place = sorted_find(name, view->groups, view->group_count,
                                            sizeof(struct view_group *), group_compare);

    return place == NULL ? NULL : *place;
}

/* ---- groups ---- */

static struct view_group *group_make(struct view *view, const char *name)
{
    struct view_group *group = view_find_group(view, name);
    size_t place = 0;

    if (group != NULL) {
        return group;
    }
    place = sorted_first(name, view->groups, view->group_count, sizeof(struct view_group *),
                         group_compare);
    if (view->group_count == view->group_capacity) {
        view->group_capacity = view->group_capacity == 0 ? FIRST_GROUPS : 2 * view->group_capacity;
        view->groups = memory_grow(view->groups, view->group_capacity, sizeof(struct view_group *));
    }
    memmove(&view->groups[place + 1], &view->groups[place],
            (view->group_count - place) * sizeof(struct view_group *));
    view->group_count++;
    group = memory_new(sizeof(*group));
    group->name = memory_string(name);
    view->groups[place] = group;
    view->empty_count++;
    view->unnamed_count++;
    return group;
}

/* The place of `id` among the group's members; members come in order more often than not. */
static size_t group_place(const struct view_group *group, const char *id)
{
    if (group->count == 0 || strcmp(group->members[group->count - 1]->accepted.id, id) < 0) {
        return group->count;
    }
    return sorted_first(id, group->members, group->count, sizeof(struct view_entry *),
                        entry_compare);
}

static void group_touch(struct view *view, struct view_group *group)
{
    group->version = ++view->last_version;
}

void view_group_enter(struct view *view, struct view_entry *entry)
{
    struct view_group *group = group_make(view, entry->accepted.group);
    size_t place = group_place(group, entry->accepted.id);

    if (group->count == group->capacity) {
        group->capacity = group->capacity == 0 ? FIRST_MEMBERS : 2 * group->capacity;
        group->members = memory_grow(group->members, group->capacity, sizeof(struct view_entry *));
    }
    memmove(&group->members[place + 1], &group->members[place],
            (group->count - place) * sizeof(struct view_entry *));
    group->members[place] = entry;
    view->empty_count -= group->count == 0;
    group->count++;
    entry->home = group;
    view->timed_hold_count += entry->accepted.hold.until_s != 0;
    group_touch(view, group);
}

void view_group_leave(struct view *view, struct view_entry *entry)
{
    struct view_group *group = entry->home;
    size_t place = group_place(group, entry->accepted.id);

    memmove(&group->members[place], &group->members[place + 1],
            (group->count - place - 1) * sizeof(struct view_entry *));
    group->count--;
    view->empty_count += group->count == 0;
    entry->home = NULL;
    view->timed_hold_count -= entry->accepted.hold.until_s != 0;
    group_touch(view, group);
}

void view_group_replace(struct view *view, struct view_entry *old, struct view_entry *entry)
{
    struct view_group *group = old->home;

    if (strcmp(old->accepted.group, entry->accepted.group) != 0) {
        view_group_leave(view, old);
        view_group_enter(view, entry);
        return;
    }
    group->members[group_place(group, entry->accepted.id)] = entry;
    entry->home = group;
    old->home = NULL;
    view->timed_hold_count += entry->accepted.hold.until_s != 0;
    view->timed_hold_count -= old->accepted.hold.until_s != 0;
    if (!accepted_equals(&old->accepted, &entry->accepted)) {
        group_touch(view, group);
    }
}

void view_touch(struct view *view, const char *id)
{
    const struct view_entry *entry = view_find(view, id);

    if (entry != NULL) {
        group_touch(view, entry->home);
    }
}

void view_drop_empty_groups(struct view *view)
{
    size_t kept = 0;

    if (view->empty_count == 0) {
        return;
    }
    for (size_t i = 0; i < view->group_count; i++) {
        struct view_group *group = view->groups[i];

        if (group->count > 0) {
            view->groups[kept++] = group;
        } else {
            view->unnamed_count -= !group->is_named;
            group_free(group);
        }
    }
    view->group_count = kept;
    view->empty_count = 0;
}

/* ---- entries ---- */

void view_reserve(struct view *view, size_t count)
{
    if (count > view->capacity) {
        view->capacity = count;
        view->entries = memory_grow(view->entries, count, sizeof(struct view_entry *));
        view->prints = memory_grow(view->prints, count, sizeof(*view->prints));
    }
}

struct view_entry *view_add(struct view *view, const struct view_entry *entry)
{
    struct view_entry *copy = view_entry_new(entry);

    if (view->count == view->capacity) {
        view_reserve(view, view->capacity == 0 ? FIRST_MEMBERS : 2 * view->capacity);
    }
    view->prints[view->count] = 0;
    view->entries[view->count++] = copy;
    view_group_enter(view, copy);
    return copy;
}

size_t view_filter(struct view *view, view_keeps keeps, const void *owner)
{
    size_t before = view->count;

    view->count = 0;
    for (size_t i = 0; i < before; i++) {
        struct view_entry *entry = view->entries[i];

        if (keeps(owner, entry)) {
            view->prints[view->count] = view->prints[i];
            view->entries[view->count++] = entry;
        } else {
            view_group_leave(view, entry);
            view_entry_unref(entry);
        }
    }
    view_drop_empty_groups(view);
    return before - view->count;
}

void view_forget_rules(struct view *view)
{
    if (view->count > 0) {
        memset(view->prints, 0, view->count * sizeof(*view->prints));
    }
    for (size_t i = 0; i < view->outsider_count; i++) {
        view->outsiders[i].print = 0;
    }
    for (size_t i = 0; i < view->group_count; i++) {
        free(view->groups[i]->cluster);
        view->groups[i]->cluster = NULL;
        view->groups[i]->is_named = false;
    }
    view->unnamed_count = view->group_count;
}

struct view_entry *view_entry_ref(const struct view_entry *entry)
{
    /* Every entry was made by view_entry_new(); who only looks at it may hold it all the same. */
    struct view_entry *held = (struct view_entry *)(uintptr_t)entry;

    held->references++;
    return held;
}

void view_entry_unref(struct view_entry *entry)
{
    if (--entry->references == 0) {
        free(entry);
    }
}
