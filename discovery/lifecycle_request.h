/* SPDX-License-Identifier: MIT */

/*
 * discovery/lifecycle_request.h - the call that carries out one action, or several equal ones.
 * Pure.
 *
 * EC2 API reference, CreateTags and DeleteTags; Auto Scaling API reference,
 * CompleteLifecycleAction and RecordLifecycleActionHeartbeat.
 */

#ifndef DISCOVERY_LIFECYCLE_REQUEST_H
#define DISCOVERY_LIFECYCLE_REQUEST_H

#include "discovery/aws/call.h"
#include "discovery/lifecycle.h"

struct lifecycle_request {
    enum aws_service service;
    const struct aws_parameter *parameters;
    size_t count;
};

/* How many actions of a kind one call can carry: 1 when their parameters differ. */
size_t lifecycle_request_limit(enum lifecycle_action_kind kind);

/*
 * The call for `count` actions of one kind, from 1 to its limit. The second after `now_s`
 * is written as the start of a drain. Borrows the actions' and the rules' strings; the rest lies in
 * `arena`.
 */
void lifecycle_request_build(struct lifecycle_request *request,
                             const struct lifecycle_action *const *actions, size_t count,
                             const struct lifecycle_rules *rules, int64_t now_s,
                             struct arena *arena);

#endif
