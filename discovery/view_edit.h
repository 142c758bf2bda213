/* SPDX-License-Identifier: MIT */

/*
 * discovery/view_edit.h - how guard_apply() changes a view. Only guard*.c and view*.c include this.
 */

#ifndef DISCOVERY_VIEW_EDIT_H
#define DISCOVERY_VIEW_EDIT_H

#include "discovery/view.h"

/* A copy on the heap of `entry` and everything it points to: one reference, in no view. */
struct view_entry *view_entry_new(const struct view_entry *entry);

/* Put `entry` (its reference goes over) into its group's members, or take it out. The group's
 * version tells of it. */
void view_group_enter(struct view *view, struct view_entry *entry);
void view_group_leave(struct view *view, struct view_entry *entry);

/* Put `entry` in the place of `old`, of the same id. */
void view_group_replace(struct view *view, struct view_entry *old, struct view_entry *entry);

/* Make room for `count` entries. */
void view_reserve(struct view *view, size_t count);

/* Forget the groups that have nobody any more. */
void view_drop_empty_groups(struct view *view);

/* What lies in a view's arena, while it is made anew. */
struct view_lists {
    struct arena arena;
    struct view_outsider *outsiders;
    size_t outsider_count;
    struct view_departure *departures;
    size_t departure_count;
    struct view_freeze *freezes;
    size_t freeze_count;
};

/* Empty lists with room for so many of each. */
void view_lists_init(struct view_lists *lists, size_t outsiders, size_t departures, size_t freezes);

/* Append a copy that borrows nothing. */
void view_lists_add_outsider(struct view_lists *lists, const struct view_outsider *outsider);
void view_lists_add_departure(struct view_lists *lists, const struct view_departure *departure);
void view_lists_add_freeze(struct view_lists *lists, const struct view_freeze *freeze);

/* Put the lists in the place of the view's. */
void view_set_lists(struct view *view, struct view_lists *lists);

#endif
