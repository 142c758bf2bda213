/* SPDX-License-Identifier: MIT */

/*
 * server/whereabouts.h - where what is known of a source was found, and what becomes of it when the
 * source turns out to look elsewhere: another region after a restart, another place after a reload.
 *
 * Main thread only.
 */

#ifndef SERVER_WHEREABOUTS_H
#define SERVER_WHEREABOUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/fleet.h"

struct whereabouts {
    const char *place;  /* where the source looks, see server/place.h; borrowed */
    char *known_place;  /* where what is known was found, when that is elsewhere; else NULL */
    char *known_region; /* likewise, until a look confirms it; NULL: not known, or in none */
};

/* Frees what it owns, not itself. */
void whereabouts_free(struct whereabouts *whereabouts);

/* What is known was found in `place` and `region`, which are copied; NULL is no region. */
void whereabouts_adopt(struct whereabouts *whereabouts, const char *place, const char *region);

/* Where what is known was found; where the source looks, until it knows something. */
const char *whereabouts_place(const struct whereabouts *whereabouts);

/*
 * The client asks `region` (NULL: not known yet). What came from disk of another one, as on a moved
 * image or a copied disk, is dropped, and the log says so. True when something was dropped.
 */
bool whereabouts_check_region(const struct whereabouts *whereabouts, struct fleet *fleet,
                              size_t source, const char *region);

enum whereabouts_verdict {
    WHEREABOUTS_SAME,   /* the look is where what is known was found: apply it */
    WHEREABOUTS_MOVED,  /* what the old place alone had is dropped: apply it */
    WHEREABOUTS_NOBODY, /* what is known stays as it is: do not apply it */
};

/*
 * `poll` is a complete look in `region`. When what is known was found elsewhere, members that the
 * look does not show are dropped, and the log says so: nobody need be missed before they go. But
 * not by a look without a single member, as a mistyped filter or tag would have it.
 */
enum whereabouts_verdict whereabouts_settle(struct whereabouts *whereabouts, struct fleet *fleet,
                                            size_t source, const char *region,
                                            const struct inventory *poll);

#endif
