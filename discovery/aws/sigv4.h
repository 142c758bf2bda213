/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sigv4.h - AWS Signature Version 4 in the Authorization header. Pure.
 *
 * "Create a signed AWS API request", IAM User Guide.
 */

#ifndef DISCOVERY_AWS_SIGV4_H
#define DISCOVERY_AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/aws/http.h"
#include "zones/arena.h"

struct sigv4_request {
    const char *method;
    const char *path;                  /* as sent, "/" at least */
    const char *query;                 /* without '?', "" when none */
    const struct http_header *headers; /* those to sign: host, content-type, x-amz-… */
    size_t header_count;
    const char *body;
    size_t body_length;
    bool normalize_path; /* every service but S3 */
    bool double_encode_path;
};

struct sigv4_scope {
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service; /* "ec2", "autoscaling", "sqs", "sts" */
    int64_t now_s;       /* Unix time */
};

enum { SIGV4_DATE_SIZE = 17 }; /* 20261122T135828Z and NUL */

/* Write `now_s` as the X-Amz-Date header has it. */
void sigv4_date(int64_t now_s, char date[SIGV4_DATE_SIZE]);

/* The three steps, each for the tests that hold them against the published vectors. */
char *sigv4_canonical_request(const struct sigv4_request *request, struct arena *arena);
char *sigv4_string_to_sign(const char *canonical_request, const struct sigv4_scope *scope,
                           struct arena *arena);

/* The Authorization header's value. `headers` must hold host and x-amz-date of `now_s`. */
char *sigv4_authorization(const struct sigv4_request *request, const struct sigv4_scope *scope,
                          struct arena *arena);

#endif
