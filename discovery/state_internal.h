/* SPDX-License-Identifier: MIT */

/*
 * discovery/state_internal.h - what state_file.c (frame, writing), state_read.c (the document,
 * value by value) and state_restore.c share. Nobody else includes it.
 */

#ifndef DISCOVERY_STATE_INTERNAL_H
#define DISCOVERY_STATE_INTERNAL_H

#include "discovery/state_file.h"

struct state_source {
    const char *name;
    struct state_place place;
    struct view_entry *entries; /* sorted by id; what a clock belongs to is left 0 */
    size_t count;
    const char **standby; /* ids of them, sorted */
    size_t standby_count;
};

struct state_zone {
    const char *origin;
    struct cluster_owner *owners; /* sorted by cluster */
    size_t count;
};

/* All of it lies in `arena`. */
struct state {
    struct arena arena;
    int64_t written_s;
    struct state_source *sources;
    size_t source_count;
    struct state_zone *zones;
    size_t zone_count;
};

/* Fill `state`, which has an empty arena, from the document behind the first line. Every value is
 * checked as if an enemy had written it. */
bool state_read_document(struct state *state, const char *text, size_t length, struct error *error);

#endif
