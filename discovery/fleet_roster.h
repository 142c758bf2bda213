/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_roster.h - what the newest fleet_clusters() gave for each cluster of a zone, and
 * what that was made of: a cluster of which nothing changed is given again as it is.
 */

#ifndef DISCOVERY_FLEET_ROSTER_H
#define DISCOVERY_FLEET_ROSTER_H

#include "discovery/fleet_overlap.h"

/* A group that claims the cluster, as it was. A version is of one state of one group of one view.
 */
struct cell_claim {
    size_t source;
    uint64_t version;
};

/* One cluster. */
struct cell {
    char *name;
    struct overlap answered; /* the members of the answer */
    struct cluster cluster;  /* the answer; strings are those of `answered` and `texts` */
    struct member *members;  /* of `cluster` */
    struct arena texts;
    struct error *complaints; /* that were told of its members */
    size_t complaint_count;
    /* What the answer follows from, apart from the settings: */
    bool is_current; /* nothing else happened that it may depend on */
    struct cell_claim *claims;
    size_t claim_count;
    size_t winner;    /* the place of the claim that has the name; SIZE_MAX: all by `merge` */
    int64_t since_s;  /* it is so from this Unix time on */
    int64_t until_s;  /* and until this one, when a hold ends; 0: for ever */
    int64_t until_ms; /* and this monotonic time, when a former member goes; 0: for ever */
    uint64_t round;   /* of the newest fleet_clusters() that gave it */
};

/* The cells of a zone, sorted by name. Zeroed memory is an empty one. */
struct roster {
    struct cell **cells;
    size_t count;
    size_t capacity;
    uint64_t round; /* of fleet_clusters() */
    size_t next;    /* the cell behind the one that was asked for last: who goes by name wants it */
};

void roster_free(struct roster *roster);

/* The cell of `cluster`, or NULL. */
struct cell *roster_find(const struct roster *roster, const char *cluster);

/* Likewise, and made when there is none. */
struct cell *roster_make(struct roster *roster, const char *cluster);

/* Something happened that versions do not tell of: every cluster is to be looked at again. */
void roster_expire(struct roster *roster);

/* Forget the members of source `source`: they were never true here, and nobody waits for them. */
void roster_forget_source(struct roster *roster, size_t source);

/* End of a round at `now_ms`: drop the cells that it did not give; with `keeps_others` only those
 * without members, for a zone that does not know all of its clusters yet. */
void roster_end_round(struct roster *roster, bool keeps_others, int64_t now_ms);

/* Forget what the cell's answer was made of and what it said, but not whom it had. */
void cell_clear(struct cell *cell);

#endif
