/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/endpoint.h - where a service of a region answers. Pure.
 *
 * AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, else the profile's services section, else
 * its endpoint_url ("Service-specific endpoints", AWS SDKs and Tools Reference Guide), unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the profile turn these off. Else the host that the
 * region's partition has for the service, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT.
 */

#ifndef DISCOVERY_AWS_ENDPOINT_H
#define DISCOVERY_AWS_ENDPOINT_H

#include <stdbool.h>

#include "discovery/aws/environment.h"
#include "discovery/aws/profile.h"
#include "discovery/aws/service.h"
#include "zones/arena.h"
#include "zones/error.h"

/* What decides where a service answers. Borrowed. */
struct aws_place {
    const struct aws_environment *environment;
    const char *region;                /* a valid one */
    const struct aws_profile *profile; /* NULL: none was read */
};

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
 * Find `service` at `place`. The strings lie in `arena`. Fails, naming the variable or the key of
 * the profile, when a configured URL is wrong or stands against FIPS.
 */
bool aws_endpoint_find(const struct aws_place *place, enum aws_service service, struct arena *arena,
                       struct aws_endpoint *endpoint, struct error *error);

#endif
