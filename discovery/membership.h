/* SPDX-License-Identifier: MIT */

/*
 * discovery/membership.h - whether one instance is a member, and with which values.
 *
 * The article's rule (product.md, "Membership"): an instance in a group that is running, has a
 * valid srv_weight, and an address: the ip_address tag, else its private address. Pure: the same
 * input gives the same decision; the guard applies it and `explain` shows it.
 */

#ifndef DISCOVERY_MEMBERSHIP_H
#define DISCOVERY_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/hold.h"
#include "discovery/inventory.h"
#include "zones/address.h"

/* What a source's instances are judged by. Borrowed strings and lists. */
struct membership_rules {
    const char *const *groups; /* globs, fnmatch(3); none: every group */
    size_t group_count;
    const struct prefix *allowed_prefixes; /* addresses that may stand in an answer */
    size_t allowed_prefix_count;
    uint16_t port; /* used when there is no srv_port tag */
};

/* A member as it is served: valid values only. Borrowed strings. */
struct accepted {
    const char *id; /* one label, see label_is_valid() */
    const char *group;
    const char *az; /* letters, digits, '-', '_'; "" when unknown */
    struct address address;
    uint16_t port; /* 0: the source's or the cluster's port; else the instance's own srv_port */
    uint16_t weight;
    struct hold hold; /* as written: hold_now() says whether it counts */
};

enum membership {
    MEMBERSHIP_IN,
    MEMBERSHIP_OUT,  /* it says itself that it is none: state, or no srv_weight, or no group */
    MEMBERSHIP_KEEP, /* cannot be judged, or not now: what was stays as it was */
};

/* The rule that decided, in the order in which they are asked. */
enum membership_reason {
    REASON_MEMBER,          /* IN: everything holds */
    REASON_NO_GROUP,        /* OUT: not in an Auto Scaling group */
    REASON_GROUP_NOT_TAKEN, /* OUT: `groups` does not name its group */
    REASON_STATE_GONE,      /* OUT: shutting-down, terminated, stopping or stopped */
    REASON_STATE_PENDING,   /* KEEP: not running yet */
    REASON_STATE_UNKNOWN,   /* KEEP: a state that we do not know */
    REASON_NO_WEIGHT,       /* OUT: no srv_weight tag */
    REASON_BAD_ID,          /* KEEP: the id is not a DNS label */
    REASON_BAD_GROUP,       /* IN with the last good group, else KEEP: no group has such a name */
    REASON_BAD_WEIGHT,      /* IN with the last good weight, else KEEP */
    REASON_NO_ADDRESS,      /* IN with the last good address, else KEEP: none known */
    REASON_BAD_ADDRESS,     /* likewise: not an address, or one that may not be served; OUT when
                               the rules forbid the last good one as well */
    REASON_BAD_PORT,        /* IN with the last good port, else KEEP */
    REASON_BAD_HOLD,        /* IN with the last good hold, else KEEP: not served against the wish of
                               whoever wrote it */
    REASON_BAD_ZONE,        /* IN with the last good zone, else none: only TXT records show it */
};

struct decision {
    enum membership membership;
    enum membership_reason reason; /* the first that is not REASON_MEMBER */
    const char *value;             /* the tag value or state that decided, NULL if none */
};

/*
 * Judge `instance`. `last_good` is how it is served now, or NULL; a bad value is replaced by the
 * one there. On MEMBERSHIP_IN `*accepted` is filled, borrowing strings of `instance`, `last_good`
 * and, for the hold, `arena`; otherwise it is left alone.
 */
struct decision membership_decide(const struct instance *instance,
                                  const struct membership_rules *rules,
                                  const struct accepted *last_good, struct arena *arena,
                                  struct accepted *accepted);

/* A short fixed word for logs and metrics, such as "bad-weight". */
const char *membership_reason_name(enum membership_reason reason);

/* Whether somebody has to look at it; other reasons are the ordinary life of an instance. */
bool membership_reason_is_problem(enum membership_reason reason);

/*
 * Whether one of `count` globs (fnmatch(3)) names `group`; without globs every group is taken. The
 * one rule for who is served and whose hooks are ours.
 */
bool group_is_taken(const char *const *globs, size_t count, const char *group);

/* Strict decimal digits, no sign, space or leading zero but "0", at most `max`. */
bool number_parse_u16(const char *text, uint16_t max, uint16_t *number);

#endif
