/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/failure.h - what an answer that is no answer means. Pure.
 */

#ifndef DISCOVERY_AWS_FAILURE_H
#define DISCOVERY_AWS_FAILURE_H

#include <stdbool.h>

#include "discovery/aws/call.h"

/*
 * Read the error out of `response`, which is not a status 200: both XML shapes of the Query
 * services, the JSON of the others, or just the status when the body is something else. AWS_OTHER,
 * which is final, is only what AWS itself said with a code. `service` begins the text. AWS's
 * message is shown up to its first line end: some messages repeat the signed headers.
 */
void aws_failure_read(const char *service, const struct http_response *response,
                      struct aws_failure *failure);

/* Whether AWS may have meant that our clock is wrong. */
bool aws_failure_may_be_clock(const struct aws_failure *failure);

#endif
