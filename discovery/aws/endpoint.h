/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/endpoint.h - where a service of a region answers. Pure.
 *
 * AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, else https://<service>.<region>.<suffix of
 * the region's partition>/ ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
 */

#ifndef DISCOVERY_AWS_ENDPOINT_H
#define DISCOVERY_AWS_ENDPOINT_H

#include <stdbool.h>

#include "discovery/aws/environment.h"
#include "zones/arena.h"
#include "zones/error.h"

enum aws_service { AWS_EC2, AWS_AUTO_SCALING, AWS_SQS, AWS_STS };

struct aws_endpoint {
    const char *signing_name; /* the service in the signature's scope: "ec2" */
    const char *url;          /* what to POST to: "https://ec2.eu-west-1.amazonaws.com/" */
    const char *host;         /* the Host header: a port only where it is not the scheme's own */
    const char *path;         /* "/" or the path of a configured URL */
};

/* Whether `region` has the form of one: "eu-west-1", "us-gov-east-1", "eusc-de-east-1". */
bool aws_region_valid(const char *region);

/*
 * Take a URL that somebody configured apart into url, host and path. Fails when it is not
 * http(s)://HOST[:PORT][/PATH]; user names, queries and fragments are refused.
 */
bool aws_endpoint_parse(const char *url, struct arena *arena, struct aws_endpoint *endpoint,
                        struct error *error);

/*
 * Find `service` in `region`, which is valid. The strings lie in `arena`. Fails, naming the
 * variable, when a configured URL is wrong.
 */
bool aws_endpoint_find(const struct aws_environment *environment, enum aws_service service,
                       const char *region, struct arena *arena, struct aws_endpoint *endpoint,
                       struct error *error);

#endif
