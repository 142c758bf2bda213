/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/ec2_reply.h - one page of DescribeInstances, from XML to instances. Pure.
 *
 * EC2 API reference, DescribeInstances and Instance. Unknown elements are skipped; values are
 * kept as written and judged by discovery/membership.h.
 */

#ifndef DISCOVERY_AWS_EC2_REPLY_H
#define DISCOVERY_AWS_EC2_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/inventory.h"
#include "zones/error.h"

/* A bound for an answer that goes mad: two hundred clusters of a hundred members. Counted over all
 * pages of a poll. */
enum { EC2_INSTANCE_LIMIT = 20 * 1000 };

/* The tags that are read; every other tag is skipped. */
struct ec2_tag_names {
    const char *group;
    const char *weight;
    const char *address;
    const char *port;
    const char *hold;        /* NULL: not read */
    const char *drain_since; /* NULL: not read */
};

struct ec2_page {
    size_t instances;       /* added to the inventory */
    size_t skipped;         /* without an instanceId */
    const char *next_token; /* in the inventory's arena; NULL: this was the last page */
};

/*
 * Add the page's instances to `inventory`. False: the page is not a whole and right answer, and
 * `inventory` is to be thrown away.
 */
bool ec2_reply_parse(const char *body, size_t length, const struct ec2_tag_names *tags,
                     struct inventory *inventory, struct ec2_page *page, struct error *error);

#endif
