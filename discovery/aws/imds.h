/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/imds.h - the instance metadata service, version 2 only.
 *
 * A session token by PUT, then GETs with it ("Use the Instance Metadata Service", EC2 User
 * Guide). The token is kept and replaced when it ends or is refused. A question is tried
 * IMDS_TRIES times. AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE,
 * AWS_EC2_METADATA_DISABLED, AWS_METADATA_SERVICE_TIMEOUT (seconds) and
 * AWS_METADATA_SERVICE_NUM_ATTEMPTS are honoured. Never through a proxy. Main loop only.
 */

#ifndef DISCOVERY_AWS_IMDS_H
#define DISCOVERY_AWS_IMDS_H

#include "discovery/aws/environment.h"
#include "discovery/aws/http.h"
#include "zones/error.h"

enum {
    IMDS_TRIES = 3,
    IMDS_CONNECT_TIMEOUT_MS = 1000, /* link-local: it answers within milliseconds or never */
    IMDS_TIMEOUT_MS = 2000,
    IMDS_TIMEOUT_MAX_S = 60, /* what the variables may ask for: calls wait for it */
    IMDS_TRIES_MAX = 10,
    IMDS_TOKEN_TTL_S = 21600,    /* the longest that it gives */
    IMDS_TEXT_LIMIT = 64 * 1024, /* a credentials document has 2 KiB */
    IMDS_TOKEN_SIZE = 512,       /* a token has 56 characters */
};

struct imds;
struct imds_query;

/* `text` is NULL when there is an error. Both live for the call. */
typedef void (*imds_done)(void *owner, const char *text, const struct error *error);

/* Both are borrowed. */
struct imds *imds_new(struct http *http, const struct aws_environment *environment);

/* Ends every query without a call of its `done`. */
void imds_free(struct imds *imds);

/*
 * Ask for `path` ("/latest/meta-data/placement/region"). `done` comes once and from the loop.
 * NULL, and no call of `done`, when the service is switched off or one of the variables is wrong.
 */
struct imds_query *imds_ask(struct imds *imds, const char *path, imds_done done, void *owner,
                            struct error *error);

/* End a query early; its `done` will not be called. */
void imds_cancel(struct imds_query *query);

#endif
