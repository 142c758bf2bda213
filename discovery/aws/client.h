/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/client.h - what client.c, call.c and call_answer.c share. Private to them.
 */

#ifndef DISCOVERY_AWS_CLIENT_H
#define DISCOVERY_AWS_CLIENT_H

#include <sys/queue.h>

#include "discovery/aws/call.h"
#include "discovery/aws/credentials.h"
#include "discovery/aws/imds.h"
#include "discovery/aws/retry.h"
#include "zones/arena.h"

struct aws_client {
    struct http *http;
    const struct aws_environment *environment;
    const char *proxy; /* NULL: none */
    uint32_t (*random)(void);
    struct imds *imds;
    struct credential_cache *credentials;
    struct arena arena;            /* of what lives as long as the client */
    const char *wanted_region;     /* "self" or a region */
    struct aws_profile profile;    /* what it says about places, without the secrets */
    struct aws_place place;        /* its profile and region are NULL until read and found */
    aws_region_found region_found; /* NULL: nobody wants to hear of it */
    void *region_owner;
    int64_t clock_offset_s; /* what AWS's clock has more than ours, once a signature needed it */
    int64_t date_offset_s;  /* the same, from the Date of its answers; 0: they agree */
    struct retry_quota quota;
    struct aws_usage *usage;
    size_t usage_count;
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
    const char *content_type;
    const char *target; /* X-Amz-Target; NULL: a form */
    const char *body;
    int64_t timeout_ms;
    size_t action; /* in the client's `usage` */
    struct aws_endpoint endpoint;
    const char *access_key; /* those last signed with; token NULL: none */
    const char *session_token;
    int64_t sent_s;          /* by our clock, the last time */
    int64_t signed_offset_s; /* the client's clock_offset_s at that time */
    bool clock_corrected;
    bool credentials_renewed;
    bool repeatable;            /* it changes nothing: asking again does no harm */
    unsigned failures;          /* that a retry followed */
    unsigned retry_tokens;      /* taken from the quota for the last retry */
    uv_timer_t retry;           /* until then; memory stays until it is closed */
    struct aws_failure failure; /* the last one */
    struct imds_query *region_query;
    struct http_exchange *exchange;
    aws_done done;
    void *owner;
    LIST_ENTRY(aws_call) in_client;
};

/* Begin every call that has not begun, from the loop. */
void aws_client_wake(struct aws_client *client);

/* Where `action` is counted, in the client's `usage`. */
size_t aws_client_action(struct aws_client *client, const char *action);

/* The region is known: find the endpoint, get credentials, sign, send. */
void aws_call_go_on(struct aws_call *call);

/* End with a failure before anything was sent: there is nobody to ask, or nothing to ask with. */
void aws_call_fail_early(struct aws_call *call, const struct error *error);

/* Sign and send once more, with what credentials there are by now. */
void aws_call_send_again(struct aws_call *call);

/* The same with others than the last time; else end with the failure that it has. */
void aws_call_send_renewed(struct aws_call *call);

/* End with the failure that it has. */
void aws_call_fail(struct aws_call *call);

/* End with `result`. Nothing of the call or its client may be touched afterwards. */
void aws_call_end(struct aws_call *call, const struct aws_result *result);

/* An http_done; the owner is the call: succeed, try again, or fail. */
void aws_call_take_answer(void *owner, const struct http_response *response);

/* Forget a call, whatever it waits for, without a call of its `done`. */
void aws_call_free(struct aws_call *call);

#endif
