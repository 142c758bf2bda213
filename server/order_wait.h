/* SPDX-License-Identifier: MIT */

/*
 * server/order_wait.h - from written tags to the load balancers: the poke, and the proof.
 *
 * Both go through the control socket of the server on this host. Block; command-line verbs only.
 */

#ifndef SERVER_ORDER_WAIT_H
#define SERVER_ORDER_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "server/control_client.h"
#include "server/convergence.h"

/* Let the server look at its sources now. */
enum control_result order_poke(const char *socket_path, struct error *error);

struct order_wait {
    const char *socket_path;
    const struct convergence_goal *goal;
    const char *outcome; /* "drained", for the progress */
    int64_t timeout_ms;
    bool is_quiet; /* no progress on standard error */
};

struct order_wait_result {
    bool is_reached;
    struct convergence_state state;
    const char **missing; /* load balancers that have not come back */
    size_t missing_count;
    struct convergence_gone *gone; /* stopped asking without it */
    size_t gone_count;
    struct error error; /* why the server could not be asked last, "" when it could */
};

/* Wait until the goal is reached, nobody is left to reach it or the time is up. Texts lie in
 * `arena`. */
void order_wait(const struct order_wait *wait, struct order_wait_result *result,
                struct arena *arena);

#endif
