/* SPDX-License-Identifier: MIT */

/*
 * discovery/view.h - what is held true of one source: its members, and who was near to being one.
 *
 * discovery/guard.h alone decides what changes here. What is served of an entry never changes: a
 * poll that makes the member otherwise puts another in its place, and whoever still looks at the
 * old one holds a reference. Entries are found by id, and by the group that they are in; a group's
 * version tells whether anything of it is served otherwise than before, so that nobody has to
 * compare members.
 *
 * One thread.
 */

#ifndef DISCOVERY_VIEW_H
#define DISCOVERY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/membership.h"
#include "zones/arena.h"

/* A poll by which something was decided. */
struct view_poll {
    uint64_t number;    /* of the view's complete polls, from 1; 0: a table from before a restart */
    int64_t started_ms; /* on the monotonic clock */
};

struct view_entry {
    struct accepted accepted;
    enum membership_reason reason; /* REASON_MEMBER, or what the last good values bridge */
    const char *value;       /* the tag's value behind another reason than REASON_MEMBER; or NULL */
    unsigned missing_polls;  /* counted absences in a row */
    int64_t last_missing_ms; /* start of the poll of the newest one; only with missing_polls */
    bool is_untagged;        /* the newest absence is a missing weight tag */
    bool is_frozen;          /* its removal is due, and held back by the mass rule */
    bool is_judged;          /* of guard_apply() while it runs */
    struct view_poll changed; /* the poll that made it as it is: by it the flap rule counts */
    /* The flap rule holds these values back since `wanted_since_ms`; NULL: nothing is. */
    const struct accepted *wanted;
    int64_t wanted_since_ms;
    int64_t unsettled_ms;    /* start of the poll by which it last gave up waiting so, or was made
                                other than on disk; 0: never */
    unsigned references;     /* of view_entry_ref() */
    struct view_group *home; /* while it is in a view: the group that it is in */
};

/* The members of one group. */
struct view_group {
    char *name;
    struct view_entry **members; /* sorted by id; borrowed from the view */
    size_t count;
    size_t capacity;
    uint64_t version; /* another number than ever before after each change of what is accepted */
    char *cluster;    /* the fleet's: the name that it gives the group; NULL: none */
    bool is_named;    /* the fleet's: `cluster` is known */
};

/* An instance of the newest poll that is no member. */
struct view_outsider {
    const char *id;
    const char *group;             /* NULL: in none */
    enum membership_reason reason; /* REASON_MEMBER: the flap rule lets it wait */
    const char *value;             /* the tag value or state that decided, or NULL */
    struct view_poll since;        /* the poll that first said so, of those in a row */
    int64_t good_since_ms; /* only while the flap rule lets it wait: it is a member since then */
    int64_t unsettled_ms;  /* as in struct view_entry */
    uint64_t print;        /* as in struct view */
    bool is_repeated;      /* of guard_apply() while it runs */
};

/* A member that went. */
struct view_departure {
    const char *id;
    const char *group;
    enum membership_reason reason; /* REASON_MEMBER: absent */
    struct view_poll at;
    bool is_loss; /* by absence alone, and accepted by nobody: the mass rule counts it */
};

/* A cluster whose losses are held back. */
struct view_freeze {
    const char *cluster;
    size_t member_count; /* with those that are held back */
    size_t held_count;
    int64_t since_ms;         /* start of the poll by which it froze, or grew */
    unsigned identical_polls; /* in a row that miss the same ones, this one included; such that
                                 began GUARD_ABSENT_GAP_MS apart */
    int64_t counted_ms;       /* start of the newest of them */
};

struct view {
    struct view_entry **entries; /* sorted by id; a reference each */
    /* For each entry the fingerprint of the instance that made it so (inventory_print()), if seeing
     * the same once more would change nothing; else 0. */
    uint64_t *prints;
    size_t count;
    size_t capacity;
    struct view_group **groups; /* sorted by name; none is empty */
    size_t group_count;
    size_t group_capacity;
    size_t empty_count;      /* groups that have nobody; none once the view is whole again */
    size_t unnamed_count;    /* groups whose `is_named` is false */
    uint64_t last_version;   /* the newest of a group */
    size_t timed_hold_count; /* entries whose hold has an end */
    struct arena arena;      /* holds the rest */
    struct view_outsider *outsiders; /* sorted by id */
    size_t outsider_count;
    struct view_departure *departures; /* by time, the newest last */
    size_t departure_count;
    struct view_freeze *freezes; /* sorted by cluster */
    size_t freeze_count;
    struct view_poll poll; /* the newest that was applied */
    bool is_restored;      /* from disk: no poll has confirmed it yet */
};

/* An empty view. */
struct view *view_new(void);

/* NULL does nothing. */
void view_free(struct view *view);

/* A member that comes after all that are there by id. `entry` is copied with everything it points
 * to. Returns the copy, which belongs to the view. */
struct view_entry *view_add(struct view *view, const struct view_entry *entry);

/* Let go of the entries for which `keeps` says so not; their order stays. How many went. */
typedef bool (*view_keeps)(const void *owner, const struct view_entry *entry);
size_t view_filter(struct view *view, view_keeps keeps, const void *owner);

/* Other rules than before judge the polls to come: nothing that they show is known to be a repeat.
 * Names of clusters are forgotten as well. */
void view_forget_rules(struct view *view);

/* Something that is not in the view, but makes member `id` served otherwise, has changed: its
 * group has another version. An `id` that is no member changes nothing. */
void view_touch(struct view *view, const char *id);

/* Whoever wants to look at an entry after the view has changed holds a reference. */
struct view_entry *view_entry_ref(const struct view_entry *entry);
void view_entry_unref(struct view_entry *entry);

/* The entry with `id`, or NULL. */
const struct view_entry *view_find(const struct view *view, const char *id);

/* Likewise of those that are no members. */
const struct view_outsider *view_find_outsider(const struct view *view, const char *id);

/* The newest departure of `id`, or NULL. */
const struct view_departure *view_find_departure(const struct view *view, const char *id);

/* The freeze of `cluster`, or NULL. */
const struct view_freeze *view_find_freeze(const struct view *view, const char *cluster);

/* The members of the group called `name`, or NULL. */
struct view_group *view_find_group(const struct view *view, const char *name);

/* Whether two are served alike; ids do not count. */
bool accepted_equals(const struct accepted *left, const struct accepted *right);

#endif
