/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/call.h - one signed AWS call: parameters in, a body or a failure out.
 *
 * A client finds its region, keeps credentials fresh, signs, POSTs and sorts failures by what the
 * caller can do about them. Within a call it tries again where another signature may help, once
 * with a corrected clock and once with fresh credentials; and calls that only read, by
 * discovery/aws/retry.h, where the service or the network may have recovered. What changes
 * something is tried once: its caller knows how far it came. Polling and longer waits are the
 * caller's business, too. Main loop only.
 */

#ifndef DISCOVERY_AWS_CALL_H
#define DISCOVERY_AWS_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "discovery/aws/endpoint.h"
#include "discovery/aws/environment.h"
#include "discovery/aws/form.h"
#include "discovery/aws/http.h"
#include "zones/error.h"

struct aws_client;
struct aws_call;

struct aws_client_settings {
    const char *region;      /* "self": AWS_REGION, AWS_DEFAULT_REGION, the profile, the instance */
    const char *role_arn;    /* role to assume for every call; NULL: none */
    const char *external_id; /* that the role asks for; NULL: none */
    const char *proxy;       /* URL of an HTTP proxy for the endpoints; NULL: none */
    const struct aws_environment *environment; /* NULL: the process's own */
    uint32_t (*random)(void);                  /* uniform over all 32 bits; NULL: the kernel's */
};

enum aws_failure_kind {
    AWS_TRANSPORT, /* no answer: no network, time-out, no credentials or region to ask with */
    AWS_THROTTLED, /* too many calls: back off */
    AWS_DENIED,    /* the identity may not do this: waiting does not help, an operator does */
    AWS_EXPIRED,   /* the identity or the clock was refused, also with fresh credentials */
    AWS_SERVER,    /* 5xx, or an answer that is not AWS's own: try later */
    AWS_OTHER,     /* the request itself is wrong, see `code` */
};

enum { AWS_CODE_SIZE = 64 }; /* the longest published code is half as long; longer is cut */

struct aws_failure {
    enum aws_failure_kind kind;
    int status;               /* HTTP's, 0 without an answer */
    char code[AWS_CODE_SIZE]; /* "RequestLimitExceeded"; "" when the answer told none */
    struct error error;       /* for a person: service, status, code, AWS's message */
};

/* What a call came to. Lives for the `done` call. */
struct aws_result {
    const struct aws_failure *failure; /* NULL: status 200 and `body` is the answer, unread */
    const char *body;
    size_t body_length;
};

/* Called once, from the loop. */
typedef void (*aws_done)(void *owner, const struct aws_result *result);

/*
 * A client for one region. `loop`, `http` and settings->environment are borrowed and outlive it;
 * so do the strings of `settings` but the region. Reads no file and asks nobody before the first
 * call; the shared files' profile then decides about region and endpoints once and for all.
 */
struct aws_client *aws_client_new(uv_loop_t *loop, struct http *http,
                                  const struct aws_client_settings *settings);

/* Cancels every call under way; frees itself once its handles are closed. */
void aws_client_free(struct aws_client *client);

/*
 * AWS's time, as Unix time: ours, corrected by the Date of its answers when they are more than two
 * seconds from it. What several hosts write down and compare is told by this clock.
 */
int64_t aws_client_now_s(const struct aws_client *client);

/* The region in use; NULL before a call has found it. */
const char *aws_client_region(const struct aws_client *client);

typedef void (*aws_region_found)(void *owner);

/* Before the first call: `found` is called once, from the loop, as soon as the region is known and
 * before anything is asked there. It may not free the client, nor start or cancel calls. */
void aws_client_watch_region(struct aws_client *client, aws_region_found found, void *owner);

/*
 * POST the parameters, in their order, to `service`. They are copied. Never NULL; `done` is never
 * called from within aws_call_start(). The caller names Action and Version like any parameter; an
 * action that begins with Describe or Get is one that only reads.
 */
struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner);

/* A call by the JSON protocol (SQS). Borrowed for aws_call_start_json(). */
struct aws_json_request {
    enum aws_service service;
    const char *target; /* X-Amz-Target: "AmazonSQS.ReceiveMessage" */
    const char *body;   /* a JSON object */
    int64_t timeout_ms; /* 0: as any call; more for a long poll */
};

/* The same for a JSON request, which is tried once: its caller has its own way to try again. */
struct aws_call *aws_call_start_json(struct aws_client *client,
                                     const struct aws_json_request *request, aws_done done,
                                     void *owner);

/* What was asked of AWS so far, of one action. */
struct aws_usage {
    const char *action; /* "DescribeInstances"; lives as long as the client */
    uint64_t calls;     /* requests sent, those that were tried again included */
    uint64_t throttles; /* of those: answered by "too many" */
    uint64_t failures;  /* of those: failed otherwise */
};

/* One row an action, in the order of their first call; borrowed until the next call starts. */
size_t aws_client_usage(const struct aws_client *client, const struct aws_usage **usage);

/* End a call early; its `done` will not be called. Not after, nor from within, `done`. */
void aws_call_cancel(struct aws_call *call);

#endif
