/* SPDX-License-Identifier: MIT */

/*
 * server/verb_hold.c - rollcall drain, maint and ready: the hold tag, set and taken off.
 */

#include "server/order.h"
#include "server/verbs.h"

enum exit_status verb_drain(const struct options *options)
{
    static const struct order_verb verb = {
        .name = "drain", .outcome = "drained", .kind = CHANGE_HOLD, .hold = HOLD_DRAIN};

    return order_run(&verb, options);
}

enum exit_status verb_maint(const struct options *options)
{
    static const struct order_verb verb = {
        .name = "maint", .outcome = "in maintenance", .kind = CHANGE_HOLD, .hold = HOLD_MAINT};

    return order_run(&verb, options);
}

enum exit_status verb_ready(const struct options *options)
{
    static const struct order_verb verb = {
        .name = "ready", .outcome = "ready", .kind = CHANGE_READY};

    return order_run(&verb, options);
}
