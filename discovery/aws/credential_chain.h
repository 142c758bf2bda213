/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_chain.h - carrying a plan out: the first credentials, then each role.
 *
 * A step asks somebody and, now or later, ends with one of the credential_step_...() functions.
 * Private to the credentials.
 */

#ifndef DISCOVERY_AWS_CREDENTIAL_CHAIN_H
#define DISCOVERY_AWS_CREDENTIAL_CHAIN_H

#include <stddef.h>
#include <uv.h>

#include "discovery/aws/credential_plan.h"
#include "discovery/aws/credentials.h"
#include "zones/arena.h"

enum { CREDENTIAL_STEP_TRIES = 3 };

struct credential_walk {
    const struct credential_settings *settings;
    const struct aws_place *place;
    uv_timer_t *retry;  /* stopped between walks */
    struct arena arena; /* of `found`; the walk's owner takes it over or frees it */
    struct credentials found;
    struct error error;
    bool unreachable; /* who was asked could not be, or was in trouble: later it may work */
    struct credential_plan plan;
    const struct sts_role *role; /* of assumed_role_step() */
    void (*step)(struct credential_walk *walk);
    int tries; /* of this step that have failed */
    bool clock_corrected;
    int64_t signed_offset_s;        /* the clock's offset when the last request was signed */
    struct imds_query *query;       /* under way, else NULL */
    struct http_exchange *exchange; /* the same */
    void (*done)(void *owner, bool found);
    void *owner;
};

/*
 * Walk. settings, place, retry, done and owner are set; `done` may come at once.
 * Without `found`, `error` and `unreachable` tell why.
 */
void credential_walk_start(struct credential_walk *walk);

/* Stop without a call of `done`, and free what was found. */
void credential_walk_cancel(struct credential_walk *walk);

/* For steps, as their last act: walk->found is set. */
void credential_step_done(struct credential_walk *walk);

/* For steps, as their last act: walk->error and walk->unreachable are set. */
void credential_step_fail(struct credential_walk *walk);

/* The same, but the step is tried again after a while, unless it was CREDENTIAL_STEP_TRIES times.
 */
void credential_step_again(struct credential_walk *walk);

/* The instance's role, from its metadata. */
void instance_role_step(struct credential_walk *walk);

/* The container's role, from the agent that the environment names. */
void container_role_step(struct credential_walk *walk);

/* walk->role, from STS: with walk->found, or with the web identity of its token file. */
void assumed_role_step(struct credential_walk *walk);

#endif
