/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_memory.c - a sorted list of entries with a few notes each.
 */

#include "discovery/lifecycle_memory.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/sorted.h"

struct lifecycle_memory {
    struct lifecycle_entry *entries; /* sorted by id */
    size_t count;
    size_t capacity;
};

struct lifecycle_memory *lifecycle_memory_new(void)
{
    return memory_new(sizeof(struct lifecycle_memory));
}

static void notes_clear(struct lifecycle_entry *entry)
{
    for (size_t i = 0; i < entry->note_count; i++) {
        free(entry->notes[i].hook);
    }
    entry->note_count = 0;
}

static void entry_clear(struct lifecycle_entry *entry)
{
    notes_clear(entry);
    free(entry->id);
}

void lifecycle_memory_free(struct lifecycle_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (size_t i = 0; i < memory->count; i++) {
        entry_clear(&memory->entries[i]);
    }
    free(memory->entries);
    free(memory);
}

static int id_compare(const void *id, const void *entry)
{
    return strcmp(id, ((const struct lifecycle_entry *)entry)->id);
}

/* The place of `id`, or the one where it belongs. */
static size_t place_find(const struct lifecycle_memory *memory, const char *id)
{
    return sorted_first(id, memory->entries, memory->count, sizeof(*memory->entries), id_compare);
}

static bool place_holds(const struct lifecycle_memory *memory, size_t place, const char *id)
{
    return place < memory->count && strcmp(memory->entries[place].id, id) == 0;
}

static struct lifecycle_entry *entry_insert(struct lifecycle_memory *memory, size_t place,
                                            const char *id)
{
    if (memory->count == memory->capacity) {
        memory->capacity = memory->capacity * 2 + 16;
        memory->entries = memory_grow(memory->entries, memory->capacity, sizeof(*memory->entries));
    }
    memmove(&memory->entries[place + 1], &memory->entries[place],
            (memory->count - place) * sizeof(*memory->entries));
    memory->count++;
    memory->entries[place] = (struct lifecycle_entry){.id = memory_string(id)};
    return &memory->entries[place];
}

const struct lifecycle_entry *lifecycle_memory_visit(struct lifecycle_memory *memory,
                                                     const struct autoscaling_instance *instance)
{
    size_t place = place_find(memory, instance->id);
    struct lifecycle_entry *entry = NULL;

    if (place_holds(memory, place, instance->id)) {
        entry = &memory->entries[place];
    } else {
        entry = entry_insert(memory, place, instance->id);
    }
    if (entry->state != instance->state || entry->is_terminating != instance->is_terminating) {
        notes_clear(entry);
        entry->state = instance->state;
        entry->is_terminating = instance->is_terminating;
    }
    entry->is_visited = true;
    return entry;
}

void lifecycle_memory_sweep(struct lifecycle_memory *memory)
{
    size_t kept = 0;

    for (size_t i = 0; i < memory->count; i++) {
        if (memory->entries[i].is_visited) {
            memory->entries[i].is_visited = false;
            memory->entries[kept++] = memory->entries[i];
        } else {
            entry_clear(&memory->entries[i]);
        }
    }
    memory->count = kept;
}

const struct lifecycle_note *lifecycle_entry_note(const struct lifecycle_entry *entry,
                                                  enum lifecycle_action_kind kind, const char *hook)
{
    for (size_t i = 0; i < entry->note_count; i++) {
        const struct lifecycle_note *note = &entry->notes[i];

        if (note->kind == kind && strcmp(note->hook, hook == NULL ? "" : hook) == 0) {
            return note;
        }
    }
    return NULL;
}

/* The place for a note about `kind` and `hook`: its old one, a free one, or the oldest. */
static struct lifecycle_note *note_place(struct lifecycle_entry *entry,
                                         enum lifecycle_action_kind kind, const char *hook)
{
    struct lifecycle_note *oldest = &entry->notes[0];

    for (size_t i = 0; i < entry->note_count; i++) {
        struct lifecycle_note *note = &entry->notes[i];

        if (note->kind == kind && strcmp(note->hook, hook) == 0) {
            return note;
        }
        if (note->at_s < oldest->at_s) {
            oldest = note;
        }
    }
    if (entry->note_count < LIFECYCLE_NOTES_MAX) {
        oldest = &entry->notes[entry->note_count++];
        oldest->hook = NULL;
    }
    free(oldest->hook);
    oldest->hook = memory_string(hook);
    oldest->kind = kind;
    return oldest;
}

void lifecycle_note(struct lifecycle_memory *memory, const struct lifecycle_action *action,
                    int64_t now_s, bool is_final_failure)
{
    size_t place = place_find(memory, action->id);
    struct lifecycle_note *note = NULL;

    /* The instance went away while the call was under way: nobody will ask. */
    if (!place_holds(memory, place, action->id)) {
        return;
    }
    note =
        note_place(&memory->entries[place], action->kind, action->hook == NULL ? "" : action->hook);
    note->at_s = now_s;
    note->is_final_failure = is_final_failure;
}
