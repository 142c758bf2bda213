/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/autoscaling_reply.h - answers of Auto Scaling, from XML to values. Pure.
 *
 * Auto Scaling API reference, version 2011-01-01: DescribeAutoScalingGroups and
 * DescribeLifecycleHooks. Warm-pool instances are not part of the groups' answer; they come by
 * DescribeWarmPool.
 */

#ifndef DISCOVERY_AWS_AUTOSCALING_REPLY_H
#define DISCOVERY_AWS_AUTOSCALING_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/aws/autoscaling_view.h"
#include "zones/error.h"

/*
 * Each adds one page to `view`; `*next_token` lies in its arena, NULL after the last page. False:
 * not a whole and right answer, and `view` is to be thrown away.
 */
bool autoscaling_groups_parse(const char *body, size_t length, struct autoscaling_view *view,
                              const char **next_token, struct error *error);
bool autoscaling_warm_pool_parse(const char *body, size_t length, const char *group,
                                 struct autoscaling_view *view, const char **next_token,
                                 struct error *error);
bool autoscaling_hooks_parse(const char *body, size_t length, struct autoscaling_view *view,
                             struct error *error);

#endif
