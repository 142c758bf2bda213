/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/signed_post.h - a POST as AWS wants it, headers and signature. Pure.
 */

#ifndef DISCOVERY_AWS_SIGNED_POST_H
#define DISCOVERY_AWS_SIGNED_POST_H

#include <stdint.h>

#include "discovery/aws/credentials.h"
#include "discovery/aws/endpoint.h"
#include "discovery/aws/http.h"
#include "zones/arena.h"

#define SIGNED_POST_FORM "application/x-www-form-urlencoded; charset=utf-8"
#define SIGNED_POST_JSON "application/x-amz-json-1.0"

/* Borrowed for signed_post_make(). */
struct signed_post {
    const struct aws_endpoint *endpoint;
    const char *region;
    int64_t now_s;                         /* Unix time by AWS's clock */
    const struct credentials *credentials; /* NULL: unsigned, as AssumeRoleWithWebIdentity is */
    const char *content_type;              /* SIGNED_POST_FORM, SIGNED_POST_JSON */
    const char *target;                    /* X-Amz-Target, "AmazonSQS.ReceiveMessage"; or NULL */
    const char *body;
};

/*
 * Fill in method, URL, headers and body of `request`; time-outs, CA bundle and proxy are the
 * caller's to set. What `post` points to must last until http_start(), and so must `arena`, which
 * holds the headers.
 */
void signed_post_make(const struct signed_post *post, struct arena *arena,
                      struct http_request *request);

#endif
