/* SPDX-License-Identifier: MIT */

/*
 * server/control_client.h - the verbs' side of the control socket.
 */

#ifndef SERVER_CONTROL_CLIENT_H
#define SERVER_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

/* How asking the control socket ended. */
enum control_result {
    CONTROL_ANSWERED, /* `*status` and `*body` are set */
    CONTROL_ABSENT,   /* nobody listens there: rollcall does not run on this host */
    CONTROL_FAILED,   /* no rights, no answer within the time: see `error` */
};

/*
 * Ask once and wait for the answer, at most CONTROL_TIMEOUT_MS. `method` is GET or POST; `*body`
 * is heap memory of the caller, NUL-terminated. For command-line verbs: blocks.
 */
enum { CONTROL_TIMEOUT_MS = 10000 };
enum control_result control_ask(const char *socket_path, const char *method, const char *target,
                                int *status, char **body, size_t *length, struct error *error);

/* What a verb says of CONTROL_ABSENT. Names both files: either may be the wrong one. */
void control_absent(struct error *error, const char *socket_path, const char *config_path);

#endif
