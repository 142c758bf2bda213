/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credentials.h - whose keys a call is signed with, and for how long.
 *
 * The first provider of the chain that has something decides: environment, shared files, the
 * instance's role. What it gave is kept until CREDENTIALS_ADVISORY_S before it ends, then renewed
 * beside the calls, and from CREDENTIALS_MANDATORY_S on before them. When that fails the old ones
 * stay in use, past their end too: AWS decides whether they still count (static stability).
 * Main loop only.
 */

#ifndef DISCOVERY_AWS_CREDENTIALS_H
#define DISCOVERY_AWS_CREDENTIALS_H

#include <stdint.h>

#include "discovery/aws/environment.h"
#include "discovery/aws/imds.h"
#include "zones/error.h"

enum {
    CREDENTIALS_ADVISORY_S = 15 * 60,
    CREDENTIALS_MANDATORY_S = 10 * 60,
    CREDENTIALS_RETRY_S = 60,             /* after a failed renewal, while the old ones count */
    CREDENTIALS_STALE_RETRY_S = 10 * 60,  /* when they have ended: the service is in trouble */
    CREDENTIALS_STALE_JITTER_MIN_S = 120, /* and not all instances at once */
    CREDENTIALS_STALE_JITTER_MAX_S = 600,
};

/* Never logged: `access_key` may be shown, the others not. */
struct credentials {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
    int64_t ends_s;            /* Unix time; 0: never */
    const char *provider;      /* "environment" */
};

struct credential_cache;

/*
 * `credentials` is NULL when there is an error. Both live for the call. May be called from within
 * credentials_get().
 */
typedef void (*credentials_done)(void *owner, const struct credentials *credentials,
                                 const struct error *error);

/* Both are borrowed. Asks nobody yet. */
struct credential_cache *credential_cache_new(const struct aws_environment *environment,
                                              struct imds *imds);

/* Forgets everybody who waits, and the secrets. Free it before its `imds`. */
void credential_cache_free(struct credential_cache *cache);

/* Ask for credentials. */
void credentials_get(struct credential_cache *cache, credentials_done done, void *owner);

/* Whatever `owner` waits for, it waits no longer. */
void credentials_cancel(struct credential_cache *cache, const void *owner);

/* AWS refused them: the next credentials_get() asks the chain again, and keeps them if it has to.
 */
void credentials_invalidate(struct credential_cache *cache);

#endif
