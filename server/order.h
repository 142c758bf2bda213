/* SPDX-License-Identifier: MIT */

/*
 * server/order.h - what drain, maint, ready and weight share: look, choose, plan, refuse or write,
 * poke, wait, report.
 *
 * Works from any host with AWS rights; the server on this host, if there is one, is only asked to
 * look, and what it has seen.
 */

#ifndef SERVER_ORDER_H
#define SERVER_ORDER_H

#include "discovery/tag_writer.h"
#include "server/config.h"
#include "server/control_client.h"
#include "server/order_request.h"
#include "server/order_wait.h"

/* An order and what has come of it so far. */
struct order {
    struct arena arena;
    struct order_request request;
    struct config *config;
    struct selection selection;
    struct tag_plan plan;
    enum tag_outcome *outcomes; /* one an entry of the plan; of chosen ones only */
    bool is_written;            /* false: a dry run, or nothing was to be written */
    struct error error;         /* of the writing, or why there was none; "" when all went well */
    enum control_result poke;
    struct error poke_error;
    bool has_waited;
    struct order_wait_result wait;
};

/* Run a verb from its options to its exit status. */
enum exit_status order_run(const struct order_verb *verb, const struct options *options);

#endif
