/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_roster.c - the cells of a zone: finding, making and dropping them.
 */

#include "discovery/fleet_roster.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/sorted.h"

enum { FIRST_CELLS = 16 };

void cell_clear(struct cell *cell)
{
    free(cell->members);
    free(cell->complaints);
    free(cell->claims);
    arena_free(&cell->texts);
    cell->cluster = (struct cluster){.name = cell->name};
    cell->members = NULL;
    cell->complaints = NULL;
    cell->complaint_count = 0;
    cell->claims = NULL;
    cell->claim_count = 0;
    cell->is_current = false;
}

static void cell_free(struct cell *cell)
{
    cell_clear(cell);
    overlap_free(&cell->answered);
    free(cell->name);
    free(cell);
}

void roster_free(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        cell_free(roster->cells[i]);
    }
    free(roster->cells);
    *roster = (struct roster){0};
}

static int cell_compare(const void *name, const void *place)
{
    return strcmp(name, (*(struct cell *const *)place)->name);
}

struct cell *roster_find(const struct roster *roster, const char *cluster)
{
    struct cell **place =
        sorted_find(cluster, roster->cells, roster->count, sizeof(struct cell *), cell_compare);

    return place == NULL ? NULL : *place;
}

struct cell *roster_make(struct roster *roster, const char *cluster)
{
    struct cell *cell = NULL;
    size_t place = roster->next;

    if (place >= roster->count || strcmp(roster->cells[place]->name, cluster) != 0) {
        place = sorted_first(cluster, roster->cells, roster->count, sizeof(struct cell *),
                             cell_compare);
    }
    roster->next = place + 1;
    if (place < roster->count && strcmp(roster->cells[place]->name, cluster) == 0) {
        return roster->cells[place];
    }
    if (roster->count == roster->capacity) {
        roster->capacity = roster->capacity == 0 ? FIRST_CELLS : 2 * roster->capacity;
        roster->cells = memory_grow(roster->cells, roster->capacity, sizeof(struct cell *));
    }
    memmove(&roster->cells[place + 1], &roster->cells[place],
            (roster->count - place) * sizeof(struct cell *));
    roster->count++;
    cell = memory_new(sizeof(*cell));
    cell->name = memory_string(cluster);
    arena_init(&cell->texts);
    roster->cells[place] = cell;
    return cell;
}

void roster_expire(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        roster->cells[i]->is_current = false;
    }
}

void roster_forget_source(struct roster *roster, size_t source)
{
    for (size_t i = 0; i < roster->count; i++) {
        overlap_forget(&roster->cells[i]->answered, source);
    }
    roster_expire(roster); /* answers may borrow from who is forgotten */
}

/* Nobody is served of it now: whoever's time is over meanwhile is not missed when it comes back. */
static void cell_rest(struct cell *cell, int64_t now_ms)
{
    overlap_end(&cell->answered, now_ms);
    cell->is_current = false; /* the answer may borrow from who went */
}

void roster_end_round(struct roster *roster, bool keeps_others, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < roster->count; i++) {
        struct cell *cell = roster->cells[i];
        bool is_given = cell->round == roster->round;

        if (!is_given) {
            cell_rest(cell, now_ms);
        }
        if (is_given || (keeps_others && cell->answered.count > 0)) {
            roster->cells[kept++] = cell;
        } else {
            cell_free(cell);
        }
    }
    roster->count = kept;
}
