/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_source.h - instances of Auto Scaling groups, by polling DescribeInstances.
 *
 * Every poll asks for all pages and delivers all of them or nothing. Polls start `poll_ms` after
 * the last one started, plus or minus a tenth (jitter: many sites share one API bucket); after a
 * failure the wait grows with full jitter to at most EC2_BACKOFF_LIMIT polls. The filter names
 * the group tag only, so that terminated instances are seen as such.
 */

#ifndef DISCOVERY_EC2_SOURCE_H
#define DISCOVERY_EC2_SOURCE_H

#include <uv.h>

#include "discovery/source.h"

enum { EC2_BACKOFF_LIMIT = 5 };

struct ec2_filter {
    const char *name;
    const char *value;
};

struct ec2_settings {
    const char *name;   /* "main" */
    const char *region; /* "self": from the environment, the profile or the instance's metadata */
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

/* `http` (discovery/aws/http.h) and `settings` are borrowed and outlive the source. */
struct http;
struct source *ec2_source_new(uv_loop_t *loop, struct http *http,
                              const struct ec2_settings *settings,
                              const struct source_listener *listener);

#endif
