/* SPDX-License-Identifier: MIT */

/*
 * server/verb_weight.c - rollcall weight: the weight tag.
 */

#include "server/order.h"
#include "server/verbs.h"

enum exit_status verb_weight(const struct options *options)
{
    static const struct order_verb verb = {
        .name = "weight", .outcome = "weighted", .kind = CHANGE_WEIGHT};

    return order_run(&verb, options);
}
