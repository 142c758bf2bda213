/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_memory.h - what was done lately, one entry for each instance that waits.
 *
 * For lifecycle.c alone; others see the functions in lifecycle.h. An entry lives as long as its
 * instance is seen in one and the same state: the next state is another story with other actions.
 */

#ifndef DISCOVERY_LIFECYCLE_MEMORY_H
#define DISCOVERY_LIFECYCLE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/lifecycle.h"

enum {
    /* One of each kind, and CONTINUE to a second hook. */
    LIFECYCLE_NOTES_MAX = 8,
};

struct lifecycle_note {
    enum lifecycle_action_kind kind;
    bool is_final_failure;
    char *hook; /* "" for tags */
    int64_t at_s;
};

struct lifecycle_entry {
    char *id;
    enum lifecycle_state state;
    bool is_terminating;
    bool is_visited; /* in this reconciliation */
    size_t note_count;
    struct lifecycle_note notes[LIFECYCLE_NOTES_MAX];
};

/* The entry of `instance`, made if there is none for its state; borrowed until the next call. */
const struct lifecycle_entry *lifecycle_memory_visit(struct lifecycle_memory *memory,
                                                     const struct autoscaling_instance *instance);

/* Drop every entry that was not visited since the last call. */
void lifecycle_memory_sweep(struct lifecycle_memory *memory);

/* The note about `kind`, of CONTINUE and HEARTBEAT to `hook`; NULL when there is none. */
const struct lifecycle_note *lifecycle_entry_note(const struct lifecycle_entry *entry,
                                                  enum lifecycle_action_kind kind,
                                                  const char *hook);

#endif
