/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_client.c - which settings of a source are those of its client.
 */

#include "discovery/ec2_client.h"

struct aws_client *ec2_client_new(uv_loop_t *loop, struct http *http,
                                  const struct ec2_settings *settings)
{
    const struct aws_client_settings client = {.region = settings->region,
                                               .role_arn = settings->role_arn,
                                               .external_id = settings->external_id,
                                               .proxy = settings->proxy};

    return aws_client_new(loop, http, &client);
}
