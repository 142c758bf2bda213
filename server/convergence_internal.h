/* SPDX-License-Identifier: MIT */

/*
 * server/convergence_internal.h - what convergence.c (who has it) and convergence_read.c (what the
 * status says) share. Nobody else includes it.
 */

#ifndef SERVER_CONVERGENCE_INTERNAL_H
#define SERVER_CONVERGENCE_INTERNAL_H

#include "discovery/json.h"
#include "server/convergence.h"

/* One that asks for one of the clusters. */
struct balancer {
    size_t cluster;
    const char *address;
    int64_t port;
    int64_t got_ms;    /* when it was given the change; -1: not yet */
    int64_t silent_ms; /* since it asked last */
    bool is_there;     /* in the newest status, and not gone */
    bool is_gone;      /* in the newest status, and gone */
    bool is_done;
};

/* A cluster that has targets. */
struct awaited {
    const char *origin;
    const char *name;
    bool is_served;
    int64_t generation; /* that the change came with; set once it is served */
};

struct convergence {
    const struct convergence_goal *goal;
    struct arena arena; /* addresses */
    struct awaited *clusters;
    size_t cluster_count;
    struct balancer *balancers;
    size_t balancer_count;
};

/* What a status says of a load balancer. */
struct balancer_seen {
    const char *address;
    int64_t port;
    int64_t generation;
    int64_t age_ms;    /* since it was first given that generation; 0 when nobody knows */
    int64_t silent_ms; /* since it asked last; 0 when nobody knows */
    bool is_gone;
};

/* NULL: nobody waits for that cluster. */
struct awaited *convergence_awaited(const struct convergence *convergence, const char *origin,
                                    const char *name);

void convergence_note_served(struct awaited *awaited, bool is_served, int64_t generation);
void convergence_note(struct convergence *convergence, const struct awaited *awaited,
                      const struct balancer_seen *seen, int64_t now_ms);

/* Note everything that the status says; adds the targets that do not show the change. */
bool convergence_read(struct convergence *convergence, const struct json_document *document,
                      int64_t now_ms, size_t *unserved, struct error *error);

#endif
