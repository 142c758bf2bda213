/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/client.h - what client.c and call.c share. Private to the two.
 */

#ifndef DISCOVERY_AWS_CLIENT_H
#define DISCOVERY_AWS_CLIENT_H

#include <sys/queue.h>

#include "discovery/aws/call.h"
#include "discovery/aws/credentials.h"
#include "discovery/aws/imds.h"
#include "zones/arena.h"

struct aws_client {
    struct http *http;
    const struct aws_environment *environment;
    struct imds *imds;
    struct credential_cache *credentials;
    char *wanted_region;    /* "self" or a region */
    char *region;           /* NULL until found */
    int64_t clock_offset_s; /* what AWS's clock has more than ours, once a signature needed it */
    int64_t date_offset_s;  /* the same, from the Date of its answers; 0: they agree */
    uv_timer_t wake;
    LIST_HEAD(, aws_call) calls; /* newest first */
    uint64_t last_number;
};

struct aws_call {
    struct aws_client *client;
    enum aws_service service;
    uint64_t number;
    bool begun;
    struct arena arena;
    const char *body;
    struct aws_endpoint endpoint;
    const char *access_key; /* those last signed with; token NULL: none */
    const char *session_token;
    int64_t sent_s; /* by our clock, the last time */
    bool clock_corrected;
    bool credentials_renewed;
    struct aws_failure failure; /* the last one */
    struct imds_query *region_query;
    struct http_exchange *exchange;
    aws_done done;
    void *owner;
    LIST_ENTRY(aws_call) in_client;
};

/* Begin every call that has not begun, from the loop. */
void aws_client_wake(struct aws_client *client);

/* The region is known: find the endpoint, get credentials, sign, send. */
void aws_call_go_on(struct aws_call *call);

/* End with a failure before anything was sent: there is nobody to ask, or nothing to ask with. */
void aws_call_fail_early(struct aws_call *call, const struct error *error);

/* Forget a call, whatever it waits for, without a call of its `done`. */
void aws_call_free(struct aws_call *call);

#endif
