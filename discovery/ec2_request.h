/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_request.h - the parameters of DescribeInstances. Pure.
 */

#ifndef DISCOVERY_EC2_REQUEST_H
#define DISCOVERY_EC2_REQUEST_H

#include <stddef.h>

#include "discovery/aws/call.h"
#include "discovery/ec2_source.h"
#include "zones/arena.h"

struct ec2_request {
    struct aws_parameter *parameters;
    size_t count; /* without NextToken */
};

/*
 * What asks for the first page of the instances that have the group tag and pass the further
 * filters. The arrays lie in `arena`; values are borrowed from `settings`.
 */
void ec2_request_build(struct ec2_request *request, const struct ec2_settings *settings,
                       struct arena *arena);

/*
 * The same for the page named `next_token` (borrowed; NULL: the first). Returns the number of
 * parameters to send.
 */
size_t ec2_request_page(struct ec2_request *request, const char *next_token);

#endif
