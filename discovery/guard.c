/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.c - whether a poll is believed at all, and what an operator may accept.
 */

#include "discovery/guard.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"

static const struct view EMPTY_VIEW = {0};

/* Room for the whole of `old`, and for so many that leave it for the outside. */
static struct view *view_new_like(const struct view *old, size_t leaving)
{
    struct view *view = view_new(&(struct view_room){
        .entries = old->count,
        .outsiders = old->outsider_count + leaving,
        .departures = old->departure_count + leaving,
        .freezes = old->freeze_count,
    });

    view->poll = old->poll;
    view->is_restored = old->is_restored;
    for (size_t i = 0; i < old->outsider_count; i++) {
        view_put_outsider(view, &old->outsiders[i]);
    }
    for (size_t i = 0; i < old->departure_count; i++) {
        view_put_departure(view, &old->departures[i]);
    }
    return view;
}

/* The old view once more, for a poll that is not believed. */
static struct view *view_repeat(const struct guard_pass *pass, enum view_event_kind kind)
{
    const struct view *old = pass->old;
    struct view *view = view_new_like(old, 0);

    for (size_t i = 0; i < old->count; i++) {
        view_put_entry(view, &old->entries[i]);
    }
    for (size_t i = 0; i < old->freeze_count; i++) {
        view_put_freeze(view, &old->freezes[i]);
    }
    guard_tell(pass, &(struct view_event){
                         .kind = kind,
                         .decision = {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
    });
    return view;
}

struct view *guard_apply(const struct view *old, const struct inventory *poll,
                         const struct guard_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner)
{
    struct guard_pass pass = {
        .old = old == NULL ? &EMPTY_VIEW : old,
        .poll = poll,
        .rules = rules,
        .listener = listener,
        .owner = owner,
    };
    struct view *view = NULL;

    /* What comes from disk may have been polled by a clock that began anew since. */
    if (pass.old->poll.number > 0 && started_ms < pass.old->poll.started_ms) {
        return view_repeat(&pass, EVENT_POLL_TOO_OLD);
    }
    if (poll->count == 0 && pass.old->count > 0) {
        return view_repeat(&pass, EVENT_EMPTY_POLL);
    }
    pass.at = (struct view_poll){pass.old->poll.number + 1, started_ms};
    arena_init(&pass.scratch);
    guard_flap_prepare(&pass);
    guard_judge(&pass);
    guard_loss_judge(&pass);
    view = guard_write(&pass);
    free(pass.verdicts);
    arena_free(&pass.scratch);
    return view;
}

static int outsider_order(const void *left, const void *right)
{
    return strcmp(((const struct view_outsider *)left)->id,
                  ((const struct view_outsider *)right)->id);
}

static bool entry_is_held_for(const struct view_entry *entry, const char *cluster,
                              const struct guard_rules *rules)
{
    char name[CLUSTER_NAME_SIZE];

    return entry->is_frozen &&
           strcmp(guard_cluster(rules, entry->accepted.group, name), cluster) == 0;
}

/* Of all clusters: after a reload that renames them a freeze may not know all of its own. */
static size_t frozen_count(const struct view *view)
{
    size_t count = 0;

    for (size_t i = 0; i < view->count; i++) {
        count += view->entries[i].is_frozen;
    }
    return count;
}

/* What the poll showed of the member makes it an outsider, if it showed it at all. */
static void entry_release(const struct guard_pass *pass, struct view *view,
                          const struct view_entry *entry)
{
    view_put_departure(view, &(struct view_departure){
                                 .id = entry->accepted.id,
                                 .group = entry->accepted.group,
                                 .reason = entry->is_untagged ? entry->reason : REASON_MEMBER,
                                 .at = view->poll,
                             });
    if (entry->is_untagged) {
        view_put_outsider(view, &(struct view_outsider){
                                    .id = entry->accepted.id,
                                    .group = entry->accepted.group,
                                    .reason = entry->reason,
                                    .since = view->poll,
                                });
    }
    guard_tell(pass, &(struct view_event){
                         .kind = EVENT_REMOVED,
                         .id = entry->accepted.id,
                         .group = entry->accepted.group,
                         .decision = {MEMBERSHIP_OUT,
                                      entry->is_untagged ? entry->reason : REASON_MEMBER, NULL},
                         .before = &entry->accepted,
    });
}

struct view *guard_accept(const struct view *old, const char *cluster,
                          const struct guard_rules *rules, view_listener listener, void *owner)
{
    const struct guard_pass pass = {
        .old = old, .rules = rules, .listener = listener, .owner = owner};
    const struct view_freeze *freeze = view_find_freeze(old, cluster);
    struct view *view = NULL;

    if (freeze == NULL) {
        return NULL;
    }
    view = view_new_like(old, frozen_count(old));
    guard_tell(&pass, &(struct view_event){
                          .kind = EVENT_THAWED,
                          .decision = {MEMBERSHIP_OUT, REASON_MEMBER, NULL},
                          .cluster = freeze->cluster,
                          .count = freeze->held_count,
    });
    for (size_t i = 0; i < old->count; i++) {
        if (entry_is_held_for(&old->entries[i], cluster, rules)) {
            entry_release(&pass, view, &old->entries[i]);
        } else {
            view_put_entry(view, &old->entries[i]);
        }
    }
    for (size_t i = 0; i < old->freeze_count; i++) {
        if (strcmp(old->freezes[i].cluster, cluster) != 0) {
            view_put_freeze(view, &old->freezes[i]);
        }
    }
    if (view->outsider_count > 1) {
        qsort(view->outsiders, view->outsider_count, sizeof(*view->outsiders), outsider_order);
    }
    return view;
}
