/* SPDX-License-Identifier: MIT */

/*
 * server/complaint_set.h - what one build of the table complained of, each text once: where two
 * sources tell of the same members, it complains of every one, and so does the next build.
 *
 * Main thread only.
 */

#ifndef SERVER_COMPLAINT_SET_H
#define SERVER_COMPLAINT_SET_H

#include <stdbool.h>

struct complaint_set;

/* An empty one. */
struct complaint_set *complaint_set_new(void);

/* NULL does nothing. */
void complaint_set_free(struct complaint_set *set);

/* Add a copy of `text`. False when it is there already. O(log n). */
bool complaint_set_add(struct complaint_set *set, const char *text);

/* Whether `text` is there. O(log n). */
bool complaint_set_has(const struct complaint_set *set, const char *text);

#endif
