/* SPDX-License-Identifier: MIT */

/*
 * server/convergence.h - whether a change is served, and which load balancers have it. Pure.
 *
 * Fed with what GET /v1/status says (server/status.h), again and again. A change is there once
 * every instance shows it. The generation that its cluster has then is what every load balancer
 * must have been given; fetched is not yet applied, so one resolve interval more has to pass:
 * HAProxy applies an answer before it asks again. A load balancer that has done so once stays done,
 * whatever generation comes next; one that has gone is not waited for, but remembered when it went
 * without the change.
 */

#ifndef SERVER_CONVERGENCE_H
#define SERVER_CONVERGENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/hold.h"
#include "zones/arena.h"
#include "zones/error.h"

/* A table of 400 clusters with 50 members each has some 10 MB. */
enum { STATUS_MAX_OCTETS = 64 * 1024 * 1024 };

enum convergence_wish {
    WISH_HELD,   /* a hold of `kind` that counts */
    WISH_READY,  /* no hold that counts */
    WISH_WEIGHT, /* its weight is `weight`, whatever its hold */
};

/* An instance that was changed. Borrowed strings. */
struct convergence_target {
    const char *origin;
    const char *cluster;
    const char *id;
};

struct convergence_goal {
    const struct convergence_target *targets;
    size_t target_count;
    enum convergence_wish wish;
    enum hold_kind kind;
    uint16_t weight;
    int64_t resolve_ms;
};

struct convergence;

/* `goal` is borrowed and outlives it. */
struct convergence *convergence_new(const struct convergence_goal *goal);
void convergence_free(struct convergence *convergence);

/* What is known after the newest status. */
struct convergence_state {
    size_t unserved; /* targets that do not show the change yet */
    size_t seen;     /* load balancers that have it, of `total` that are there */
    size_t total;
    size_t gone; /* that stopped asking within SEEN_ACTIVE_MS, without having been given it */
    size_t left; /* that stopped asking as well, but were given it */
};

/* One that stopped asking without the change. */
struct convergence_gone {
    const char *name; /* as of convergence_missing() */
    const char *text; /* "127.0.0.1:5353 (10 s ago)" */
};

/*
 * Take a status that was asked for at `now_ms` (monotonic). False when it is no status; nothing is
 * changed then. Instances that are in no status any more count as done: they have left.
 */
bool convergence_update(struct convergence *convergence, const char *text, size_t length,
                        int64_t now_ms, struct convergence_state *state, struct error *error);

/* Whether there is nothing more to wait for: it is served, and nobody who still asks lacks it. */
bool convergence_is_over(const struct convergence_state *state);

/* Whether that is a success: not when nobody is left and somebody went without the change. */
bool convergence_is_reached(const struct convergence_state *state);

/* Addresses of those that do not have it yet: "127.0.0.1 port 5353"; over TCP the address alone.
 * In `arena`. */
size_t convergence_missing(const struct convergence *convergence, struct arena *arena,
                           const char ***missing);

/* Those that are counted as `gone`, in `arena`. */
size_t convergence_gone(const struct convergence *convergence, struct arena *arena,
                        struct convergence_gone **gone);

#endif
