/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credentials.h - whose keys a call is signed with, and for how long.
 *
 * Who gives them is decided in discovery/aws/credential_plan.h. What was given is kept until
 * CREDENTIALS_ADVISORY_S before it ends, then renewed beside the calls, and from
 * CREDENTIALS_MANDATORY_S on before them; credentials of a short life have shorter such times.
 * When renewing fails the old ones stay in use until their end, and past it while nobody who could
 * give new ones can be reached: AWS decides whether they still count (static stability). Main loop
 * only.
 */

#ifndef DISCOVERY_AWS_CREDENTIALS_H
#define DISCOVERY_AWS_CREDENTIALS_H

#include <stdint.h>

#include "discovery/aws/endpoint.h"
#include "discovery/aws/environment.h"
#include "discovery/aws/http.h"
#include "discovery/aws/imds.h"
#include "zones/error.h"

enum {
    CREDENTIALS_ADVISORY_S = 15 * 60,
    CREDENTIALS_MANDATORY_S = 10 * 60,
    CREDENTIALS_ADVISORY_SHARE = 4, /* but no more than this part of their life */
    CREDENTIALS_MANDATORY_SHARE = 6,
    CREDENTIALS_TRY_WAIT_MS = 1000,       /* between the tries of one renewal */
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

/* Whose credentials, and who can be asked for them. Borrowed, the strings too. */
struct credential_settings {
    const struct aws_environment *environment;
    struct http *http;
    struct imds *imds;
    const char *role_arn;    /* the role to assume with what the chain gave; NULL: none */
    const char *external_id; /* of role_arn; NULL: none */
    const char *proxy;       /* for STS, see discovery/aws/http.h; NULL: none */
    int64_t *clock_offset_s; /* what AWS's clock has more than ours, which STS's answers correct
                              * too; NULL: the cache has its own */
    int64_t retry_wait_ms;   /* 0: CREDENTIALS_TRY_WAIT_MS */
};

/* `settings` is copied. Asks nobody yet. */
struct credential_cache *credential_cache_new(uv_loop_t *loop,
                                              const struct credential_settings *settings);

/* Where STS is asked. Before the first credentials_get(); copied, but for what it borrows. */
void credential_cache_set_place(struct credential_cache *cache, const struct aws_place *place);

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
