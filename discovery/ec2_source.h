/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_source.h - instances of Auto Scaling groups, by polling DescribeInstances.
 *
 * Every poll asks for all pages and delivers all of them or nothing. Polls start `poll_ms` after
 * the last one started, plus or minus a tenth (jitter: many sites share one API bucket); after a
 * failure the wait grows with full jitter to at most EC2_BACKOFF_LIMIT polls. A refresh looks at
 * once, but not within EC2_REFRESH_GAP_MS of the start of the last look: pokes come in swarms, and
 * the last one of a swarm is still followed by a look, and by another one as long as looks fail.
 * After failures that gap grows as well, from one to EC2_REFRESH_BACKOFF_LIMIT of itself with full
 * jitter. The filter names the group tag only, so that terminated instances are seen as such.
 */

#ifndef DISCOVERY_EC2_SOURCE_H
#define DISCOVERY_EC2_SOURCE_H

#include <uv.h>

#include "discovery/source.h"

enum {
    EC2_BACKOFF_LIMIT = 5,
    /* Two looks a second are far below EC2's bucket for DescribeInstances, and soon enough. */
    EC2_REFRESH_GAP_MS = 500,
    EC2_REFRESH_BACKOFF_LIMIT = 16, /* 8 s: an operator who asks again still sees it happen */
};

struct ec2_filter {
    const char *name;
    const char *value;
};

struct ec2_settings {
    const char *name;     /* "main" */
    const char *region;   /* "self": from the environment, the profile or the instance's metadata */
    const char *role_arn; /* role to assume; NULL: none */
    const char *external_id; /* that the role asks for; NULL: none */
    const char *proxy;       /* URL of an HTTP proxy for AWS's endpoints; NULL: none */
    int64_t poll_ms;
    const struct ec2_filter *filters; /* further EC2 filters; equal names are ORed, others ANDed */
    size_t filter_count;
    const char *group_tag; /* "aws:autoscaling:groupName" */
    const char *weight_tag;
    const char *address_tag;
    const char *port_tag;
    const char *hold_tag;        /* NULL: not read */
    const char *drain_since_tag; /* NULL: not read */
};

/*
 * `client` (discovery/aws/call.h) and `settings` are borrowed; they are not used any more once the
 * source is stopped.
 */
struct aws_client;
struct source *ec2_source_new(uv_loop_t *loop, struct aws_client *client,
                              const struct ec2_settings *settings,
                              const struct source_listener *listener);

#endif
