/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/container_role.h - credentials of the role that a container has.
 *
 * ECS and EKS Pod Identity name a URL in AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, and
 * what to send as Authorization in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN ("Container
 * credential provider", AWS SDKs and Tools Reference Guide). The parts that ask nobody.
 */

#ifndef DISCOVERY_AWS_CONTAINER_ROLE_H
#define DISCOVERY_AWS_CONTAINER_ROLE_H

#include <stdbool.h>

#include "discovery/aws/environment.h"
#include "zones/arena.h"
#include "zones/error.h"

enum {
    CONTAINER_TIMEOUT_MS = 2000, /* it answers on the same host */
    CONTAINER_TOKEN_LIMIT = 16 * 1024,
};

/* Whether one of the two URIs is set. */
bool container_role_is_set(const struct aws_environment *environment);

/*
 * The URL to ask, in `arena`. Fails, naming the variable, when it is no URL or is one of plain
 * HTTP whose host is neither this machine nor one of the agents' fixed addresses: whoever is on
 * the way would read the keys.
 */
bool container_role_url(const struct aws_environment *environment, struct arena *arena,
                        const char **url, struct error *error);

/*
 * What to send as Authorization, in `arena`; NULL: nothing. The file is read from disk each time:
 * its token changes. Fails, naming variable and file, when there is no usable token in it.
 */
bool container_role_token(const struct aws_environment *environment, struct arena *arena,
                          const char **token, struct error *error);

#endif
