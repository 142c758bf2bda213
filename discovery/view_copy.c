/* SPDX-License-Identifier: MIT */

/*
 * discovery/view_copy.c - what goes into a view borrows nothing: copies of entries, each in one
 * block of memory, and of the lists beside them.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/view_edit.h"

/* A tag value has 256 characters, of up to 4 octets; what is kept of it is shown to people. */
enum { VALUE_KEPT_OCTETS = 256 };

/* The length of `value` as far as it is kept: no half character. */
static size_t value_length(const char *value)
{
    size_t length = value == NULL ? 0 : strnlen(value, VALUE_KEPT_OCTETS + 1);

    if (length > VALUE_KEPT_OCTETS) {
        length = VALUE_KEPT_OCTETS;
        while (length > 0 && ((unsigned char)value[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    return length;
}

/* ---- entries ---- */

/* Puts texts one behind the other; without a place it only counts. */
struct text_packer {
    char *place;
    size_t used;
};

static const char *text_pack(struct text_packer *packer, const char *text, size_t length)
{
    char *copy = packer->place == NULL ? NULL : packer->place + packer->used;

    if (text == NULL) {
        return NULL;
    }
    if (length == 0) {
        return ""; /* most members have nothing to say of a hold */
    }
    packer->used += length + 1;
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

static const char *string_pack(struct text_packer *packer, const char *text)
{
    return text_pack(packer, text, text == NULL ? 0 : strlen(text));
}

static void accepted_pack(struct text_packer *packer, struct accepted *copy,
                          const struct accepted *accepted)
{
    copy->id = string_pack(packer, accepted->id);
    copy->group = string_pack(packer, accepted->group);
    copy->az = string_pack(packer, accepted->az);
    copy->hold.by = string_pack(packer, accepted->hold.by);
    copy->hold.reason = string_pack(packer, accepted->hold.reason);
}

static void entry_pack(struct text_packer *packer, struct view_entry *copy, struct accepted *wanted,
                       const struct view_entry *entry)
{
    accepted_pack(packer, &copy->accepted, &entry->accepted);
    copy->value = text_pack(packer, entry->value, value_length(entry->value));
    if (entry->wanted != NULL) {
        accepted_pack(packer, wanted, entry->wanted);
    }
}

struct view_entry *view_entry_new(const struct view_entry *entry)
{
    struct text_packer packer = {NULL, 0};
    struct view_entry counted;
    struct accepted counted_wanted;
    size_t head = sizeof(*entry) + (entry->wanted == NULL ? 0 : sizeof(*entry->wanted));
    struct view_entry *copy = NULL;
    struct accepted *wanted = NULL;

    entry_pack(&packer, &counted, &counted_wanted, entry);
    copy = memory_grow(NULL, 1, head + packer.used);
    *copy = *entry;
    if (entry->wanted != NULL) {
        wanted = (struct accepted *)(void *)(copy + 1);
        *wanted = *entry->wanted;
        copy->wanted = wanted;
    }
    packer = (struct text_packer){(char *)copy + head, 0};
    entry_pack(&packer, copy, wanted, entry);
    copy->references = 1;
    copy->home = NULL;
    copy->is_judged = false;
    return copy;
}

/* ---- lists ---- */

void view_lists_init(struct view_lists *lists, size_t outsiders, size_t departures, size_t freezes)
{
    *lists = (struct view_lists){.outsider_count = 0};
    arena_init(&lists->arena);
    lists->outsiders = arena_array(&lists->arena, outsiders, sizeof(*lists->outsiders));
    lists->departures = arena_array(&lists->arena, departures, sizeof(*lists->departures));
    lists->freezes = arena_array(&lists->arena, freezes, sizeof(*lists->freezes));
}

void view_lists_add_outsider(struct view_lists *lists, const struct view_outsider *outsider)
{
    struct view_outsider *copy = &lists->outsiders[lists->outsider_count++];

    *copy = *outsider;
    copy->id = arena_string(&lists->arena, outsider->id);
    copy->group = arena_string(&lists->arena, outsider->group);
    copy->value = outsider->value == NULL ? NULL
                                          : arena_string_of(&lists->arena, outsider->value,
                                                            value_length(outsider->value));
    copy->is_repeated = false;
}

void view_lists_add_departure(struct view_lists *lists, const struct view_departure *departure)
{
    struct view_departure *copy = &lists->departures[lists->departure_count++];

    *copy = *departure;
    copy->id = arena_string(&lists->arena, departure->id);
    copy->group = arena_string(&lists->arena, departure->group);
}

void view_lists_add_freeze(struct view_lists *lists, const struct view_freeze *freeze)
{
    struct view_freeze *copy = &lists->freezes[lists->freeze_count++];

    *copy = *freeze;
    copy->cluster = arena_string(&lists->arena, freeze->cluster);
}

void view_set_lists(struct view *view, struct view_lists *lists)
{
    arena_free(&view->arena);
    view->arena = lists->arena;
    view->outsiders = lists->outsiders;
    view->outsider_count = lists->outsider_count;
    view->departures = lists->departures;
    view->departure_count = lists->departure_count;
    view->freezes = lists->freezes;
    view->freeze_count = lists->freeze_count;
}
