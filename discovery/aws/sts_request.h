/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sts_request.h - the role that somebody wants to be, and how STS is asked for it.
 * Pure ("AssumeRole" and "AssumeRoleWithWebIdentity", AWS Security Token Service API Reference).
 */

#ifndef DISCOVERY_AWS_STS_REQUEST_H
#define DISCOVERY_AWS_STS_REQUEST_H

#include <stdbool.h>

#include "zones/arena.h"
#include "zones/error.h"

enum {
    STS_SESSION_NAME_SIZE = 64 + 1, /* 2 to 64 characters */
    STS_DURATION_MIN_S = 900,
    STS_DURATION_MAX_S = 43200,
    STS_TOKEN_LIMIT = 20000, /* characters of a web identity token */
};

struct sts_role {
    const char *where; /* who wants it, for messages: "profile web" */
    const char *arn;
    const char *external_id;      /* NULL: none */
    const char *session_name;     /* NULL: sts_session_name() of this machine */
    const char *duration_seconds; /* a number that was checked; NULL: what STS takes itself */
    const char *token_file;       /* of a web identity; NULL: assumed with other credentials */
};

/* Whether all that somebody wrote about `role` can be sent. Fails, naming the key. */
bool sts_role_check(const struct sts_role *role, struct error *error);

/* "rollcall-HOST", where characters that a session name must not have become '-'. */
void sts_session_name(const char *host, char name[STS_SESSION_NAME_SIZE]);

/* The form to POST; `token` is the web identity's, NULL for AssumeRole. In `arena`. */
const char *sts_request_body(const struct sts_role *role, const char *host, const char *token,
                             struct arena *arena);

#endif
