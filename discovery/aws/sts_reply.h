/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sts_reply.h - what STS answers to AssumeRole and AssumeRoleWithWebIdentity. Pure.
 */

#ifndef DISCOVERY_AWS_STS_REPLY_H
#define DISCOVERY_AWS_STS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/aws/credentials.h"
#include "zones/arena.h"
#include "zones/error.h"

/*
 * Read the Credentials of a reply into `found`, whose strings then lie in `arena`; `provider`
 * stays. Fails, naming the element, when one of the four is missing or wrong.
 */
bool sts_reply_parse(const char *body, size_t length, struct arena *arena,
                     struct credentials *found, struct error *error);

#endif
