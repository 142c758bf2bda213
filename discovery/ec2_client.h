/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_client.h - the AWS client of an ec2 source, as its settings want it.
 *
 * One for all that works for the source: looks, lifecycle, queue and orders share its region, its
 * identity (credentials are fetched once) and its counts. Main loop only.
 */

#ifndef DISCOVERY_EC2_CLIENT_H
#define DISCOVERY_EC2_CLIENT_H

#include "discovery/aws/call.h"
#include "discovery/ec2_source.h"

/* Owned by the caller, see aws_client_new(); everything is borrowed and outlives the client. */
struct aws_client *ec2_client_new(uv_loop_t *loop, struct http *http,
                                  const struct ec2_settings *settings);

#endif
