/* SPDX-License-Identifier: MIT */

/*
 * discovery/hold.h - an operator's hold on one instance, as the tag srv_hold says it.
 *
 *     drain|maint [until=RFC3339] [by=NAME] [reason=TEXT]
 *
 * drain: weight 0, so that HAProxy sends no new sessions. maint: out of the answer, so that
 * HAProxy shows MAINT. srv_weight is untouched: taking the hold off brings back what was. A hold
 * whose `until` has passed counts as none, without anybody writing. Pure; the clock is passed in.
 */

#ifndef DISCOVERY_HOLD_H
#define DISCOVERY_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "zones/arena.h"
#include "zones/error.h"

/* A tag value has 256 characters (EC2 User Guide, "Tag restrictions"). */
enum { HOLD_TEXT_MAX = 256 };

enum hold_kind { HOLD_NONE, HOLD_DRAIN, HOLD_MAINT };

/* Zeroed memory is "no hold" but for the strings, which are never NULL after hold_parse(). */
struct hold {
    enum hold_kind kind;
    int64_t until_s;    /* Unix time; 0: until it is taken off */
    const char *by;     /* "" when not said; no spaces */
    const char *reason; /* "" when not said; the rest of the text */
};

/*
 * Read a tag's value; keys may come in any order but reason, which is last. Strings lie in
 * `arena`. False, with what is wrong: another first word, an unknown or repeated key, a time that
 * is not RFC 3339, control octets, more than HOLD_TEXT_MAX characters.
 */
bool hold_parse(struct hold *hold, const char *text, struct arena *arena, struct error *error);

/* The tag's value for a hold of a kind other than HOLD_NONE. False when it would be too long. */
bool hold_to_text(const struct hold *hold, char text[HOLD_TEXT_MAX * 4 + 1], struct error *error);

/* The kind that counts at `now_s`: HOLD_NONE once `until_s` has passed. */
enum hold_kind hold_now(const struct hold *hold, int64_t now_s);

bool hold_equals(const struct hold *left, const struct hold *right);

/* "none", "drain", "maint". */
const char *hold_kind_name(enum hold_kind kind);

/* RFC 3339 with Z or an offset, seconds, no fraction needed. And back, in UTC with Z. */
bool time_parse(int64_t *time_s, const char *text);
enum { TIME_TEXT_SIZE = 32 };
char *time_to_text(int64_t time_s, char text[TIME_TEXT_SIZE]);

#endif
