/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http.h - HTTP requests on the main loop. The only room that knows libcurl.
 *
 * One `struct http` holds a curl multi handle with its connection cache. Redirects, cookies,
 * netrc, proxies from the environment and compressed answers are off; only the scheme of the
 * request's own URL is allowed.
 */

#ifndef DISCOVERY_AWS_HTTP_H
#define DISCOVERY_AWS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "zones/error.h"

/* One EC2 page of 1000 instances with 50 tags each stays below this. */
enum { HTTP_BODY_LIMIT = 16 * 1024 * 1024 };

struct http;
struct http_exchange;

struct http_header {
    const char *name;
    const char *value;
};

/* Everything is copied by http_start(). */
struct http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_length;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;      /* for all of it */
    const char *ca_bundle;   /* NULL: the system's */
    const char *unix_socket; /* path to connect to instead of the URL's host, NULL: none */
    const char *proxy;       /* URL of an HTTP proxy, NULL: none; never one of the environment.
                              * Not used for this machine and its link: http_host_is_local() */
};

struct http_response {
    int status;       /* 0: no answer came, see `error` */
    const char *body; /* a NUL follows it */
    size_t body_length;
    bool timed_out; /* why there is no answer */
    int64_t date_s; /* the Date header as Unix time, 0 when absent or unreadable */
    struct error error;
    int64_t retry_after_ms; /* how long the answer asks to wait, 0 when it does not */
};

/* Called once, from the loop; `response` lives for the call. */
typedef void (*http_done)(void *owner, const struct http_response *response);

struct http *http_new(uv_loop_t *loop);

/* Ends every exchange without a call of its `done`; frees itself once its handles are closed. */
void http_free(struct http *http);

/* Start a request. Never NULL; `done` is never called from within http_start(). */
struct http_exchange *http_start(struct http *http, const struct http_request *request,
                                 http_done done, void *owner);

/* End an exchange early; its `done` will not be called. */
void http_cancel(struct http_exchange *exchange);

#endif
