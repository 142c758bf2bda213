/* SPDX-License-Identifier: MIT */

/*
 * server/restart_keys.h - keys that a reload cannot change.
 */

#ifndef SERVER_RESTART_KEYS_H
#define SERVER_RESTART_KEYS_H

#include "server/config.h"

/* Log a warning for each such key that differs. */
void restart_keys_warn(const struct config *old, const struct config *config);

#endif
