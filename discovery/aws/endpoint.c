/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/endpoint.c - regions, partitions and URLs.
 */

#include "discovery/aws/endpoint.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { PORT_LIMIT = 65535 };

/* clang-format off */
static const struct service_row {
    const char *signing_name; /* and the first label of the host */
    const char *variable;
    const char *section_key;  /* of the profile's services section */
} services[AWS_SERVICE_COUNT] = {
    [AWS_EC2] =          {"ec2",         "AWS_ENDPOINT_URL_EC2",          "ec2"         },
    [AWS_AUTO_SCALING] = {"autoscaling", "AWS_ENDPOINT_URL_AUTO_SCALING", "auto_scaling"},
    [AWS_SQS] =          {"sqs",         "AWS_ENDPOINT_URL_SQS",          "sqs"         },
    [AWS_STS] =          {"sts",         "AWS_ENDPOINT_URL_STS",          "sts"         },
};
/* clang-format on */

/*
 * The first prefix that fits; the last row fits every region. By the published partition data and
 * endpoint rules (botocore 1.43: partitions.json and endpoint-rule-set-1.json of the four
 * services) every partition has FIPS and dual-stack hosts, so no combination is an error.
 */
static const struct partition_row {
    const char *region_prefix;
    const char *suffix;
    const char *dualstack_suffix;
    bool plain_is_fips; /* without dual-stack the plain host is the one that is validated */
} partitions[] = {
    {"cn-",      "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
    {"us-gov-",  "amazonaws.com",    "api.aws",                      true },
    {"us-iso-",  "c2s.ic.gov",       "api.aws.ic.gov",               false},
    {"us-isob-", "sc2s.sgov.gov",    "api.aws.scloud",               false},
    {"us-isof-", "csp.hci.ic.gov",   "api.aws.hci.ic.gov",           false},
    {"eu-isoe-", "cloud.adc-e.uk",   "api.cloud-aws.adc-e.uk",       false},
    {"eusc-",    "amazonaws.eu",     "api.amazonwebservices.eu",     false},
    {"",         "amazonaws.com",    "api.aws",                      false},
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

/* ---- partitions ---- */

static const struct partition_row *partition_find(const char *region)
{
    const struct partition_row *row = partitions;

    while (strncmp(region, row->region_prefix, strlen(row->region_prefix)) != 0) {
        row++;
    }
    return row;
}

/* ---- what is configured ---- */

/* A value and who said it, for messages. */
struct told {
    const char *text; /* NULL: nobody */
    const char *where;
};

/* A variable wins over the profile, also where it says false. */
static bool flag_read(const struct aws_place *place, const char *variable, bool of_profile,
                      bool *flag, struct error *error)
{
    const char *text = aws_variable(place->environment, variable);

    *flag = text == NULL ? of_profile : strcasecmp(text, "true") == 0;
    if (text != NULL && !*flag && strcasecmp(text, "false") != 0) {
        return error_set(error, "%s: \"%s\" is neither true nor false", variable, text);
    }
    return true;
}

static struct told url_told(const struct aws_place *place, enum aws_service service,
                            struct arena *arena)
{
    const struct aws_profile *profile = place->profile;
    const struct service_row *row = &services[service];
    const char *const variables[] = {row->variable, "AWS_ENDPOINT_URL"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *url = aws_variable(place->environment, variables[i]);

        if (url != NULL) {
            return (struct told){url, variables[i]};
        }
    }
    if (profile != NULL && profile->service_urls[service] != NULL) {
        return (struct told){profile->service_urls[service],
                             arena_format(arena, "profile %s: services: %s: endpoint_url",
                                          profile->name, row->section_key)};
    }
    if (profile != NULL && profile->endpoint_url != NULL) {
        return (struct told){profile->endpoint_url,
                             arena_format(arena, "profile %s: endpoint_url", profile->name)};
    }
    return (struct told){NULL, NULL};
}

bool aws_endpoint_find(const struct aws_place *place, enum aws_service service, struct arena *arena,
                       struct aws_endpoint *endpoint, struct error *error)
{
    static const struct aws_profile nothing;
    const struct aws_profile *profile = place->profile == NULL ? &nothing : place->profile;
    const struct partition_row *partition = partition_find(place->region);
    const char *name = services[service].signing_name;
    struct told url = {NULL, NULL};
    bool ignore;
    bool fips;
    bool dualstack;

    if (!flag_read(place, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile->ignore_endpoints, &ignore,
                   error) ||
        !flag_read(place, "AWS_USE_FIPS_ENDPOINT", profile->use_fips, &fips, error) ||
        !flag_read(place, "AWS_USE_DUALSTACK_ENDPOINT", profile->use_dualstack, &dualstack,
                   error)) {
        return false;
    }
    if (!ignore) {
        url = url_told(place, service, arena);
    }
    if (url.text != NULL && fips) {
        return error_set(error,
                         "%s: a configured endpoint cannot be held to FIPS: set this one or "
                         "AWS_USE_FIPS_ENDPOINT (use_fips_endpoint), not both",
                         url.where);
    }
    if (url.text == NULL) {
        url.text = arena_format(arena, "https://%s%s.%s.%s/", name,
                                fips && (dualstack || !partition->plain_is_fips) ? "-fips" : "",
                                place->region,
                                dualstack ? partition->dualstack_suffix : partition->suffix);
        url.where = "region";
    }
    endpoint->signing_name = name;
    return aws_endpoint_parse(url.text, arena, endpoint, error) ||
           error_prefix(error, "%s", url.where);
}
