/* SPDX-License-Identifier: MIT */

/*
 * server/readiness.h - whether there is a table for every zone, and why not.
 *
 * Ready is whoever can answer for all that it is configured for, be it from disk: losing AWS later
 * changes nothing of it. Pure; main thread.
 */

#ifndef SERVER_READINESS_H
#define SERVER_READINESS_H

#include "server/served.h"

/* One reason for each source that has not delivered, and for each zone whose sources have, but
 * have never shown a member; in `arena`. 0: ready. */
size_t readiness_reasons(const struct served *served, struct arena *arena,
                         const char *const **reasons);

/* {"ready": true}, or {"ready": false, "reasons": [...]}; owned by the caller. */
char *readiness_to_json(const struct served_input *input, bool *is_ready);

#endif
