/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/fixture.h - a poll, an instance and a recorder of events, for the tests of
 * discovery's pure core.
 */

#ifndef TESTS_UNIT_DISCOVERY_FIXTURE_H
#define TESTS_UNIT_DISCOVERY_FIXTURE_H

#include <string.h>

#include "discovery/guard.h"
#include "discovery/inventory.h"
#include "discovery/membership.h"

enum { RECORDER_CAPACITY = 256 };

/* Copies of events, so that they can be looked at after the call. */
struct recorder {
    size_t count;
    struct recorded {
        enum view_event_kind kind;
        enum membership membership;
        enum membership_reason reason;
        bool has_before;
        bool has_after;
        char id[64];
        char group[64];
    } events[RECORDER_CAPACITY];
};

static inline void recorder_hear(void *owner, const struct view_event *event)
{
    struct recorder *recorder = owner;
    struct recorded *recorded = &recorder->events[recorder->count % RECORDER_CAPACITY];

    recorder->count++;
    memset(recorded, 0, sizeof(*recorded));
    recorded->kind = event->kind;
    recorded->membership = event->decision.membership;
    recorded->reason = event->decision.reason;
    recorded->has_before = event->before != NULL;
    recorded->has_after = event->after != NULL;
    if (event->id != NULL) {
        memcpy(recorded->id, event->id, strnlen(event->id, sizeof(recorded->id) - 1));
    }
    if (event->group != NULL) {
        memcpy(recorded->group, event->group, strnlen(event->group, sizeof(recorded->group) - 1));
    }
}

/* How many events of `kind` were heard about `id` (NULL: about anybody). */
static inline size_t recorder_count(const struct recorder *recorder, enum view_event_kind kind,
                                    const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i < recorder->count && i < RECORDER_CAPACITY; i++) {
        const struct recorded *recorded = &recorder->events[i];

        count += recorded->kind == kind && (id == NULL || strcmp(recorded->id, id) == 0);
    }
    return count;
}

/* 10.0.0.0/8 and fd00::/8 may be served, every group is taken, the port is 443. */
static inline const struct membership_rules *fixture_rules(void)
{
    static const struct prefix prefixes[] = {
        {{ADDRESS_V4_LENGTH, {10}},   8},
        {{ADDRESS_V6_LENGTH, {0xfd}}, 8},
    };
    static const struct membership_rules rules = {
        .allowed_prefixes = prefixes,
        .allowed_prefix_count = 2,
        .port = 443,
    };

    return &rules;
}

/* The same for the guard: a group is its own cluster, no flap rule. */
static inline const struct guard_rules *fixture_guard_rules(void)
{
    static struct guard_rules rules;

    rules.membership = fixture_rules();
    return &rules;
}

/* A running instance that is a member. */
static inline struct instance fixture_instance(const char *id, const char *group,
                                               const char *address)
{
    return (struct instance){
        .id = id,
        .group = group,
        .az = "eu-west-1a",
        .private_address = address,
        .weight_tag = "65535",
        .state = STATE_RUNNING,
    };
}

/* A finished inventory of `count` instances; the strings stay those of the caller. */
static inline struct inventory *fixture_poll(const struct instance *instances, size_t count)
{
    struct inventory *poll = inventory_new();

    for (size_t i = 0; i < count; i++) {
        *inventory_add(poll) = instances[i];
    }
    (void)inventory_finish(poll);
    return poll;
}

/* Apply a poll of `instances` to `*view`; the recorder starts anew. */
static inline void fixture_apply(struct view **view, struct recorder *recorder,
                                 const struct instance *instances, size_t count, int64_t started_ms)
{
    struct inventory *poll = fixture_poll(instances, count);

    recorder->count = 0;
    *view = guard_apply(*view, poll, fixture_guard_rules(), started_ms, recorder_hear, recorder);
    /* The view borrows nothing: what it was made from goes before it is looked at. */
    inventory_free(poll);
}

#endif
