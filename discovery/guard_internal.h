/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_internal.h - what the steps of guard_apply() hand to each other.
 *
 * A poll passes through three steps: guard_judge() gives every instance of the view and of the poll
 * a verdict, one by one (with guard_flap.c for what comes too fast), but for those that the poll
 * repeats; guard_loss_judge() looks at the absent ones together, a cluster at a time; guard_write()
 * puts the verdicts into the view and tells what happened. Only guard*.c includes this.
 */

#ifndef DISCOVERY_GUARD_INTERNAL_H
#define DISCOVERY_GUARD_INTERNAL_H

#include "discovery/guard.h"
#include "discovery/view_edit.h"

enum fate {
    FATE_MEMBER,   /* stays or becomes one: `entry` */
    FATE_OUTSIDER, /* is none and was none: `outsider` */
    FATE_GONE,     /* its own state, tag or group takes it out; `outsider` from now on */
    FATE_DUE,      /* absent often enough to go; guard_loss_judge() makes it one of the next two */
    FATE_LOST,     /* goes; `outsider` from now on when the poll shows it without its tag */
    FATE_FROZEN,   /* stays: `entry` */
};

/* What a poll makes of one instance. Strings are borrowed from the view, the poll and the scratch
 * arena of the pass, where the verdict lies as well. */
struct verdict {
    const char *id;
    const struct instance *instance;          /* NULL: not in the poll */
    uint64_t print;                           /* of the instance; 0: it is not in the poll */
    size_t place;                             /* of its entry, or where one would be put */
    struct view_entry *old_entry;             /* NULL: was no member */
    const struct view_outsider *old_outsider; /* NULL: was none that the last poll knew */
    struct decision decision;
    enum fate fate;
    bool is_newly_absent;
    bool is_newly_waiting;   /* for the flap rule */
    struct view_entry entry; /* of one that waits to be a member: what it would be */
    struct view_outsider outsider;
};

struct guard_pass {
    struct view *view;
    const struct inventory *poll;
    const struct guard_rules *rules;
    struct view_poll at; /* this poll */
    view_listener listener;
    void *owner;
    struct arena scratch;
    struct verdict **verdicts; /* sorted by id; of all but those that the poll repeats */
    size_t count;
    size_t capacity;
    size_t repeated_outsider_count;
    const struct view_departure **departed; /* recent ones, by id, for guard_flap.c */
    size_t departed_count;
    struct view_freeze *freezes; /* from now on, sorted by cluster */
    size_t freeze_count;
};

void guard_tell(const struct guard_pass *pass, const struct view_event *event);

/* Fill pass->verdicts. */
void guard_judge(struct guard_pass *pass);

/* Make the departures of the view known to the two functions below. */
void guard_flap_prepare(struct guard_pass *pass);

/* The poll shows a member with `values`: fill verdict->entry with what is served of them now. */
void guard_flap_member(struct guard_pass *pass, struct verdict *verdict,
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

/* Put the verdicts into the view; tells what became of each instance. */
void guard_write(const struct guard_pass *pass);

#endif
