/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_view.c - a view's memory, and finding things in it.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"
#include "discovery/sorted.h"

/* A tag value has 256 characters, of up to 4 octets; what is kept of it is shown to people. */
enum { VALUE_KEPT_OCTETS = 256 };

struct view *view_new(const struct view_room *room)
{
    struct view *view = memory_new(sizeof(*view));

    arena_init(&view->arena);
    view->entries = arena_array(&view->arena, room->entries, sizeof(*view->entries));
    view->outsiders = arena_array(&view->arena, room->outsiders, sizeof(*view->outsiders));
    view->departures = arena_array(&view->arena, room->departures, sizeof(*view->departures));
    view->freezes = arena_array(&view->arena, room->freezes, sizeof(*view->freezes));
    return view;
}

void view_free(struct view *view)
{
    if (view != NULL) {
        arena_free(&view->arena);
        free(view);
    }
}

bool accepted_equals(const struct accepted *left, const struct accepted *right)
{
    return address_compare(&left->address, &right->address) == 0 && left->port == right->port &&
           left->weight == right->weight && strcmp(left->group, right->group) == 0 &&
           strcmp(left->az, right->az) == 0 && hold_equals(&left->hold, &right->hold);
}

static struct accepted accepted_copy(struct arena *arena, const struct accepted *accepted)
{
    struct accepted copy = *accepted;

    copy.id = arena_string(arena, accepted->id);
    copy.group = arena_string(arena, accepted->group);
    copy.az = arena_string(arena, accepted->az);
    copy.hold.by = arena_string(arena, accepted->hold.by);
    copy.hold.reason = arena_string(arena, accepted->hold.reason);
    return copy;
}

/* No more than VALUE_KEPT_OCTETS of it, and no half character. */
static const char *value_copy(struct arena *arena, const char *value)
{
    size_t length = 0;

    if (value == NULL) {
        return NULL;
    }
    length = strnlen(value, VALUE_KEPT_OCTETS + 1);
    if (length > VALUE_KEPT_OCTETS) {
        length = VALUE_KEPT_OCTETS;
        while (length > 0 && ((unsigned char)value[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    return arena_string_of(arena, value, length);
}

struct view_entry *view_put_entry(struct view *view, const struct view_entry *entry)
{
    struct view_entry *copy = &view->entries[view->count++];

    *copy = *entry;
    copy->accepted = accepted_copy(&view->arena, &entry->accepted);
    copy->value = value_copy(&view->arena, entry->value);
    if (entry->wanted != NULL) {
        const struct accepted wanted = accepted_copy(&view->arena, entry->wanted);

        copy->wanted = arena_copy(&view->arena, &wanted, sizeof(wanted));
    }
    return copy;
}

void view_put_outsider(struct view *view, const struct view_outsider *outsider)
{
    struct view_outsider *copy = &view->outsiders[view->outsider_count++];

    *copy = *outsider;
    copy->id = arena_string(&view->arena, outsider->id);
    copy->group = arena_string(&view->arena, outsider->group);
    copy->value = value_copy(&view->arena, outsider->value);
}

void view_put_departure(struct view *view, const struct view_departure *departure)
{
    struct view_departure *copy = &view->departures[view->departure_count++];

    *copy = *departure;
    copy->id = arena_string(&view->arena, departure->id);
    copy->group = arena_string(&view->arena, departure->group);
}

void view_put_freeze(struct view *view, const struct view_freeze *freeze)
{
    struct view_freeze *copy = &view->freezes[view->freeze_count++];

    *copy = *freeze;
    copy->cluster = arena_string(&view->arena, freeze->cluster);
}

static int entry_compare(const void *id, const void *entry)
{
    return strcmp(id, ((const struct view_entry *)entry)->accepted.id);
}

static int outsider_compare(const void *id, const void *outsider)
{
    return strcmp(id, ((const struct view_outsider *)outsider)->id);
}

static int freeze_compare(const void *cluster, const void *freeze)
{
    return strcmp(cluster, ((const struct view_freeze *)freeze)->cluster);
}

const struct view_entry *view_find(const struct view *view, const char *id)
{
    return sorted_find(id, view->entries, view->count, sizeof(*view->entries), entry_compare);
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
