/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_internal.h - what the steps of guard_apply() hand to each other.
 *
 * A poll passes through three steps: guard_judge() gives every instance of the old view and of the
 * poll a verdict, one by one (with guard_flap.c for what comes too fast); guard_loss_judge() looks
 * at the absent ones together, a cluster at a time; guard_write() makes the new view out of the
 * verdicts and tells what happened. Only guard*.c includes this.
 */

#ifndef DISCOVERY_GUARD_INTERNAL_H
#define DISCOVERY_GUARD_INTERNAL_H

#include "discovery/guard.h"

enum fate {
    FATE_MEMBER,   /* stays or becomes one: `entry` */
    FATE_OUTSIDER, /* is none and was none: `outsider` */
    FATE_GONE,     /* its own state, tag or group takes it out; `outsider` from now on */
    FATE_DUE,      /* absent often enough to go; guard_loss_judge() makes it one of the next two */
    FATE_LOST,     /* goes; `outsider` from now on when the poll shows it without its tag */
    FATE_FROZEN,   /* stays: `entry` */
};

/* What a poll makes of one instance. Strings are borrowed from the old view, the poll and the
 * scratch arena of the pass. */
struct verdict {
    const char *id;
    const struct instance *instance;          /* NULL: not in the poll */
    const struct view_entry *old_entry;       /* NULL: was no member */
    const struct view_outsider *old_outsider; /* NULL: was none that the last poll knew */
    struct decision decision;
    enum fate fate;
    bool is_newly_absent;
    bool is_newly_waiting;   /* for the flap rule */
    struct view_entry entry; /* of one that waits to be a member: what it would be */
    struct accepted wanted;  /* where entry.wanted points, if it does */
    struct view_outsider outsider;
};

struct guard_pass {
    const struct view *old; /* never NULL */
    const struct inventory *poll;
    const struct guard_rules *rules;
    struct view_poll at; /* this poll */
    view_listener listener;
    void *owner;
    struct arena scratch;
    struct verdict *verdicts; /* sorted by id */
    size_t count;
    const struct view_departure **departed; /* recent ones, by id, for guard_flap.c */
    size_t departed_count;
    struct view_freeze *freezes; /* of the new view, sorted by cluster */
    size_t freeze_count;
};

void guard_tell(const struct guard_pass *pass, const struct view_event *event);

/* Fill pass->verdicts. */
void guard_judge(struct guard_pass *pass);

/* Make the departures of the old view known to the two functions below. */
void guard_flap_prepare(struct guard_pass *pass);

/* The poll shows a member with `values`: fill verdict->entry with what is served of them now. */
void guard_flap_member(const struct guard_pass *pass, struct verdict *verdict,
                       const struct accepted *values);

/* Likewise of an instance that is no member yet. */
void guard_flap_newcomer(const struct guard_pass *pass, struct verdict *verdict,
                         const struct accepted *values);

/* It is no member by this poll: note in verdict->outsider whether that broke off a wait. */
void guard_flap_outsider(const struct guard_pass *pass, struct verdict *verdict);

/* Decide about every FATE_DUE, fill pass->freezes, and tell which began and which ended. */
void guard_loss_judge(struct guard_pass *pass);

/* The cluster that `group` belongs to by `rules`; `name` or `group` itself. */
const char *guard_cluster(const struct guard_rules *rules, const char *group,
                          char name[CLUSTER_NAME_SIZE]);

/* The new view out of the verdicts; tells what became of each instance. */
struct view *guard_write(const struct guard_pass *pass);

bool accepted_equals(const struct accepted *left, const struct accepted *right);

/* An empty view with room for so many of each, in its arena. */
struct view_room {
    size_t entries;
    size_t outsiders;
    size_t departures;
    size_t freezes;
};
struct view *view_new(const struct view_room *room);

/* Append a copy that borrows nothing. */
struct view_entry *view_put_entry(struct view *view, const struct view_entry *entry);
void view_put_outsider(struct view *view, const struct view_outsider *outsider);
void view_put_departure(struct view *view, const struct view_departure *departure);
void view_put_freeze(struct view *view, const struct view_freeze *freeze);

#endif
