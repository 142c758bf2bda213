/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http_host.h - which hosts a proxy must never be asked for. Pure.
 */

#ifndef DISCOVERY_AWS_HTTP_HOST_H
#define DISCOVERY_AWS_HTTP_HOST_H

#include <stdbool.h>

/*
 * Whether the host of `url` is this machine or its link: loopback, unspecified and link-local
 * addresses, also mapped into IPv6 and in the short spellings that resolvers take ("127.1"),
 * localhost and names below it (RFC 6761 section 6.3), and fd00:ec2::/32, where EC2 and EKS serve
 * credentials over IPv6. From a proxy these would be the proxy's own.
 */
bool http_host_is_local(const char *url);

#endif
