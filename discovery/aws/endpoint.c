/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/endpoint.c - regions, partitions and URLs.
 */

#include "discovery/aws/endpoint.h"

#include <stdint.h>
#include <string.h>

enum { PORT_LIMIT = 65535 };

static const struct service_row {
    const char *signing_name; /* and the first label of the host */
    const char *variable;
} services[] = {
    [AWS_EC2] = {"ec2",         "AWS_ENDPOINT_URL_EC2"         },
    [AWS_AUTO_SCALING] = {"autoscaling", "AWS_ENDPOINT_URL_AUTO_SCALING"},
    [AWS_SQS] = {"sqs",         "AWS_ENDPOINT_URL_SQS"         },
    [AWS_STS] = {"sts",         "AWS_ENDPOINT_URL_STS"         },
};

/* The first prefix that fits; the last row fits every region. */
static const struct partition_row {
    const char *region_prefix;
    const char *suffix;
} partitions[] = {
    {"cn-",      "amazonaws.com.cn"},
    {"us-gov-",  "amazonaws.com"   },
    {"us-iso-",  "c2s.ic.gov"      },
    {"us-isob-", "sc2s.sgov.gov"   },
    {"us-isof-", "csp.hci.ic.gov"  },
    {"eu-isoe-", "cloud.adc-e.uk"  },
    {"eusc-",    "amazonaws.eu"    },
    {"",         "amazonaws.com"   },
};

static const char lower_letters[] = "abcdefghijklmnopqrstuvwxyz";
static const char decimal_digits[] = "0123456789";

/* [a-z]{2,4}(-[a-z]+)+-[0-9]+ : the text becomes part of a host name. */
bool aws_region_valid(const char *region)
{
    size_t length = strspn(region, lower_letters);
    size_t words = 0;

    if (length < 2 || length > 4 || strlen(region) > 32) {
        return false;
    }
    region += length;
    for (; region[0] == '-'; region += length + 1, words++) {
        length = strspn(region + 1, lower_letters);
        if (length == 0) {
            break;
        }
    }
    if (words == 0 || region[0] != '-') {
        return false;
    }
    length = strspn(region + 1, decimal_digits);
    return length > 0 && region[1 + length] == '\0';
}

/* "", or ":443" with a number from 1 to 65535. */
static bool port_read(const char *text, size_t length, uint32_t *port)
{
    if (length == 0) {
        return true;
    }
    if (text[0] != ':' || length == 1 || length > 6) {
        return false;
    }
    *port = 0;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *port = *port * 10 + (uint32_t)(text[i] - '0');
    }
    return *port > 0 && *port <= PORT_LIMIT;
}

/* How many octets of `text` are a host name, an IPv4 address or an IPv6 address in brackets. */
static size_t host_span(const char *text)
{
    size_t length;

    if (text[0] == '[') {
        length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        return text[length] == ']' ? length + 1 : 0;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
}

/* Only what may stand in a request line as it is. */
static bool path_valid(const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path <= ' ' || *path > '~' || strchr("?#\"<>\\^`{|}", *path) != NULL) {
            return false;
        }
    }
    return true;
}

bool aws_endpoint_parse(const char *url, struct arena *arena, struct aws_endpoint *endpoint,
                        struct error *error)
{
    bool secure = strncmp(url, "https://", 8) == 0;
    uint32_t own_port = secure ? 443 : 80;
    uint32_t port = own_port;
    const char *host = url + (secure ? 8 : 7);
    const char *path;
    size_t host_length;

    if (!secure && strncmp(url, "http://", 7) != 0) {
        return error_set(error, "the URL does not begin with http:// or https://");
    }
    host_length = host_span(host);
    path = host + strcspn(host, "/");
    if (host_length == 0 ||
        !port_read(host + host_length, (size_t)(path - host) - host_length, &port) ||
        !path_valid(path)) {
        return error_set(error, "the URL is not http(s)://HOST[:PORT][/PATH]");
    }
    if (port == own_port) {
        endpoint->host = arena_string_of(arena, host, host_length);
    } else {
        endpoint->host = arena_format(arena, "%.*s:%u", (int)host_length, host, port);
    }
    endpoint->path = *path == '\0' ? "/" : arena_string(arena, path);
    endpoint->url =
        arena_format(arena, "%s://%s%s", secure ? "https" : "http", endpoint->host, endpoint->path);
    return true;
}

static const char *partition_suffix(const char *region)
{
    const struct partition_row *row = partitions;

    while (strncmp(region, row->region_prefix, strlen(row->region_prefix)) != 0) {
        row++;
    }
    return row->suffix;
}

bool aws_endpoint_find(const struct aws_environment *environment, enum aws_service service,
                       const char *region, struct arena *arena, struct aws_endpoint *endpoint,
                       struct error *error)
{
    const struct service_row *row = &services[service];
    const char *variable = row->variable;
    const char *url = aws_variable(environment, variable);

    endpoint->signing_name = row->signing_name;
    if (url == NULL) {
        variable = "AWS_ENDPOINT_URL";
        url = aws_variable(environment, variable);
    }
    if (url == NULL) {
        url = arena_format(arena, "https://%s.%s.%s/", row->signing_name, region,
                           partition_suffix(region));
    }
    if (!aws_endpoint_parse(url, arena, endpoint, error)) {
        return error_prefix(error, "%s", variable);
    }
    return true;
}
