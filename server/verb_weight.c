/* SPDX-License-Identifier: MIT */

/*
 * server/verb_weight.c - rollcall weight: the weight tag, and what HAProxy makes of it.
 */

#include <stdio.h>

#include "server/order.h"
#include "server/verbs.h"

enum { HAPROXY_WEIGHT_MAX = 256 };

enum exit_status verb_weight(const struct options *options)
{
    static const struct order_verb verb = {
        .name = "weight", .outcome = "weighted", .kind = CHANGE_WEIGHT};
    uint16_t weight = 0;

    if (!options->is_json && options->argument_count > 0 &&
        weight_parse(&weight, options->arguments[0], NULL)) {
        printf("weight %u: HAProxy makes %u of %d of it\n", (unsigned)weight,
               weight_haproxy(weight), HAPROXY_WEIGHT_MAX);
        (void)fflush(stdout);
    }
    return order_run(&verb, options);
}
