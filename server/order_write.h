/* SPDX-License-Identifier: MIT */

/*
 * server/order_write.h - carries a plan out: the tags of every source's chosen instances.
 *
 * Blocks; command-line verbs only.
 */

#ifndef SERVER_ORDER_WRITE_H
#define SERVER_ORDER_WRITE_H

#include "discovery/tag_plan.h"
#include "discovery/tag_writer.h"
#include "server/config.h"

/*
 * Write `change` to every chosen entry of `plan`. `outcomes` has one entry an entry of the plan;
 * those that are not chosen are left alone. `error` is the first failure, "" when all went well.
 */
void order_write(const struct config *config, const struct tag_plan *plan,
                 const struct tag_change *change, enum tag_outcome *outcomes, struct error *error);

#endif
