/* SPDX-License-Identifier: MIT */

/*
 * server/respond_rules.h - from the configuration to what the workers are told for their responses.
 */

#ifndef SERVER_RESPOND_RULES_H
#define SERVER_RESPOND_RULES_H

#include <stdbool.h>

#include "server/config.h"
#include "server/respond.h"

/*
 * Bring `rules` from `old` to `config`. `old` is NULL at the start, and `rules` zeroed. The secret
 * of cookies is read anew from its file; one of our own is made once, and kept. False with
 * "KEY: what" when the file is bad; `rules` stay as they are then. Main thread.
 */
bool respond_rules_update(struct respond_rules *rules, const struct config *old,
                          const struct config *config, struct error *error);

#endif
