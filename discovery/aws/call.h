/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/call.h - one signed AWS call: parameters in, a body or a failure out.
 *
 * A client finds its region, keeps credentials fresh, signs, POSTs a form and sorts failures by
 * what the caller can do about them. Within a call it tries again only where another signature
 * may help: once with a corrected clock and once with fresh credentials. Everything else, polling
 * and backing off, is the caller's business. Main loop only.
 */

#ifndef DISCOVERY_AWS_CALL_H
#define DISCOVERY_AWS_CALL_H

#include <stddef.h>
#include <uv.h>

#include "discovery/aws/endpoint.h"
#include "discovery/aws/environment.h"
#include "discovery/aws/form.h"
#include "discovery/aws/http.h"
#include "zones/error.h"

struct aws_client;
struct aws_call;

struct aws_client_settings {
    const char *region; /* "self": AWS_REGION, AWS_DEFAULT_REGION, the profile, the instance */
    const struct aws_environment *environment; /* NULL: the process's own */
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
 * settings->region is copied. Reads no file and asks nobody before the first call.
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

/*
 * POST the parameters, in their order, to `service`. They are copied. Never NULL; `done` is never
 * called from within aws_call_start(). The caller names Action and Version like any parameter.
 */
struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner);

/* End a call early; its `done` will not be called. Not after, nor from within, `done`. */
void aws_call_cancel(struct aws_call *call);

#endif
