/* SPDX-License-Identifier: MIT */

/*
 * discovery/state_file.h - the accepted views of every source as octets, and back. Pure.
 *
 * The first line says format, version, length and SHA-256 of the rest, which is one JSON document:
 *
 *     rollcall-state 1 8123 9f86d081884c7d65...
 *     {"written":"2026-11-22T13:58:28Z","sources":[{"name":"ec2 main","place":...
 *
 * Only what is true without a clock is kept: members with their last good values, who is in
 * Standby, and which group owns which cluster name. Absences, freezes and flaps start anew. A
 * source is known by its name and by its place, what it looks at (region, role, filters, tags):
 * members of another place are not those of this one.
 */

#ifndef DISCOVERY_STATE_FILE_H
#define DISCOVERY_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/fingerprint.h"
#include "discovery/fleet.h"

/* 4096 members of 1024 clusters with the longest names stay below; what is larger was not us. */
enum { STATE_SIZE_LIMIT = 64 * 1024 * 1024, STATE_VERSION = 1 };

enum state_outcome {
    STATE_READ,
    STATE_CORRUPT, /* not ours, cut short, or an octet is wrong */
    STATE_FUTURE,  /* of a later version of the format */
};

struct state;

/* What a source looks at. */
struct state_place {
    const char *settings; /* by the configuration, as one text */
    const char *region;   /* that it turned out to be in; NULL: not known yet, or it is in none */
};

/* The whole fleet; `places` has one a source. Owned by the caller; `*length` octets. */
char *state_encode(const struct fleet *fleet, const struct state_place *places, int64_t now_s,
                   size_t *length);

/* The fingerprint of a text of state_encode() without its time of writing. */
struct fingerprint state_print(const char *text, size_t length);

/* Read what state_encode() made. `*state` is owned by the caller on STATE_READ; else `error` says
 * what is wrong. Anything may stand in `text`. */
enum state_outcome state_decode(struct state **state, const char *text, size_t length,
                                struct error *error);

/* Hears what of a state is left out: the source, and why. */
typedef void (*state_skipped)(void *owner, const char *source, const char *why);

/*
 * Give the fleet what `state` has of each of its sources, as restored views with their standby
 * lists, and the owners of its zones' names. Left out are sources with other settings than in
 * `places`, whose regions are not looked at, and members whose address the zone does not allow any
 * more. The number of members.
 */
size_t state_restore(const struct state *state, struct fleet *fleet,
                     const struct state_place *places, state_skipped on_skipped, void *owner);

/* The region of the source named `source` when it was written; NULL: unknown. Borrowed. */
const char *state_region(const struct state *state, const char *source);

/* When it was written, Unix time. */
int64_t state_written_s(const struct state *state);

/* NULL does nothing. */
void state_free(struct state *state);

#endif
