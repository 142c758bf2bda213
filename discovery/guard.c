/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard.c - whether a poll is believed at all, and what an operator may accept.
 */

#include "discovery/guard.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"

static void poll_disbelieve(const struct guard_pass *pass, enum view_event_kind kind)
{
    guard_tell(pass, &(struct view_event){
                         .kind = kind,
                         .decision = {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
    });
}

struct view *guard_apply(struct view *view, const struct inventory *poll,
                         const struct guard_rules *rules, int64_t started_ms,
                         view_listener listener, void *owner)
{
    struct guard_pass pass = {
        .view = view == NULL ? view_new() : view,
        .poll = poll,
        .rules = rules,
        .listener = listener,
        .owner = owner,
    };

    /* What comes from disk may have been polled by a clock that began anew since. */
    if (pass.view->poll.number > 0 && started_ms < pass.view->poll.started_ms) {
        poll_disbelieve(&pass, EVENT_POLL_TOO_OLD);
        return pass.view;
    }
    if (poll->count == 0 && pass.view->count > 0) {
        poll_disbelieve(&pass, EVENT_EMPTY_POLL);
        return pass.view;
    }
    pass.at = (struct view_poll){pass.view->poll.number + 1, started_ms};
    arena_init(&pass.scratch);
    guard_flap_prepare(&pass);
    guard_judge(&pass);
    guard_loss_judge(&pass);
    guard_write(&pass);
    free(pass.verdicts);
    arena_free(&pass.scratch);
    return pass.view;
}

/* ---- what an operator accepts ---- */

/* One guard_accept(). */
struct acceptance {
    const struct guard_pass *pass;
    const char *cluster;
    struct view_lists *lists;
};

static int outsider_order(const void *left, const void *right)
{
    return strcmp(((const struct view_outsider *)left)->id,
                  ((const struct view_outsider *)right)->id);
}

/* Of all clusters: after a reload that renames them a freeze may not know all of its own. */
static size_t frozen_count(const struct view *view)
{
    size_t count = 0;

    for (size_t i = 0; i < view->count; i++) {
        count += view->entries[i]->is_frozen;
    }
    return count;
}

/* What the poll showed of the member makes it an outsider, if it showed it at all. */
static void entry_release(const struct guard_pass *pass, struct view_lists *lists,
                          const struct view_entry *entry)
{
    const struct view_poll *at = &pass->view->poll;
    enum membership_reason reason = entry->is_untagged ? entry->reason : REASON_MEMBER;

    view_lists_add_departure(lists, &(struct view_departure){
                                        .id = entry->accepted.id,
                                        .group = entry->accepted.group,
                                        .reason = reason,
                                        .at = *at,
                                    });
    if (entry->is_untagged) {
        view_lists_add_outsider(lists, &(struct view_outsider){
                                           .id = entry->accepted.id,
                                           .group = entry->accepted.group,
                                           .reason = reason,
                                           .since = *at,
                                       });
    }
    guard_tell(pass, &(struct view_event){
                         .kind = EVENT_REMOVED,
                         .id = entry->accepted.id,
                         .group = entry->accepted.group,
                         .decision = {MEMBERSHIP_OUT, reason, NULL},
                         .before = &entry->accepted,
    });
}

/* A view_keeps. */
static bool acceptance_keeps(const void *owner, const struct view_entry *entry)
{
    const struct acceptance *acceptance = owner;
    char name[CLUSTER_NAME_SIZE];

    if (!entry->is_frozen ||
        strcmp(guard_cluster(acceptance->pass->rules, entry->accepted.group, name),
               acceptance->cluster) != 0) {
        return true;
    }
    entry_release(acceptance->pass, acceptance->lists, entry);
    return false;
}

bool guard_accept(struct view *view, const char *cluster, const struct guard_rules *rules,
                  view_listener listener, void *owner)
{
    const struct guard_pass pass = {
        .view = view, .rules = rules, .listener = listener, .owner = owner};
    const struct view_freeze *freeze = view_find_freeze(view, cluster);
    struct view_lists lists;
    size_t frozen = 0;

    if (freeze == NULL) {
        return false;
    }
    frozen = frozen_count(view);
    view_lists_init(&lists, view->outsider_count + frozen, view->departure_count + frozen,
                    view->freeze_count);
    for (size_t i = 0; i < view->outsider_count; i++) {
        view_lists_add_outsider(&lists, &view->outsiders[i]);
    }
    for (size_t i = 0; i < view->departure_count; i++) {
        view_lists_add_departure(&lists, &view->departures[i]);
    }
    for (size_t i = 0; i < view->freeze_count; i++) {
        if (strcmp(view->freezes[i].cluster, cluster) != 0) {
            view_lists_add_freeze(&lists, &view->freezes[i]);
        }
    }
    guard_tell(&pass, &(struct view_event){
                          .kind = EVENT_THAWED,
                          .decision = {MEMBERSHIP_OUT, REASON_MEMBER, NULL},
                          .cluster = freeze->cluster,
                          .count = freeze->held_count,
    });
    (void)view_filter(view, acceptance_keeps, &(const struct acceptance){&pass, cluster, &lists});
    if (lists.outsider_count > 1) {
        qsort(lists.outsiders, lists.outsider_count, sizeof(*lists.outsiders), outsider_order);
    }
    view_set_lists(view, &lists);
    return true;
}
