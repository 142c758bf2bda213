/* SPDX-License-Identifier: MIT */

/*
 * server/order_request.h - what drain, maint, ready and weight are asked for. Pure.
 */

#ifndef SERVER_ORDER_REQUEST_H
#define SERVER_ORDER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/selection.h"
#include "discovery/tag_plan.h"
#include "server/options.h"
#include "zones/arena.h"
#include "zones/error.h"

/* A verb, as the flow of server/order.h and its messages want it. */
struct order_verb {
    const char *name;    /* "drain" */
    const char *outcome; /* "drained" */
    enum tag_change_kind kind;
    enum hold_kind hold; /* of CHANGE_HOLD */
};

struct order_request {
    const struct order_verb *verb;
    const struct options *options;
    struct selection_request selection;
    struct tag_change change;
    unsigned percent; /* 100: all */
    int64_t wait_timeout_ms;
    int64_t resolve_ms;
    const char *by;
};

/* Who orders, and when. */
struct order_author {
    const char *name; /* without spaces */
    int64_t now_s;    /* Unix time, where --for begins */
};

/*
 * Read the options. Strings are borrowed or lie in `arena`. False: wrong usage, with what is wrong.
 */
bool order_request_read(struct order_request *request, const struct order_verb *verb,
                        const struct options *options, const struct order_author *author,
                        struct arena *arena, struct error *error);

/* "0" to "65535", or "0%" to "100%" of 65535. */
bool weight_parse(uint16_t *weight, const char *text, struct error *error);

/* What HAProxy makes of an SRV weight: 0 to 256 (its resolvers.c: (weight + 255)
 * / 256). */
static inline unsigned weight_haproxy(uint16_t weight)
{
    return (weight + 255U) / 256U;
}

#endif
