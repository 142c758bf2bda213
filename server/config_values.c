/* SPDX-License-Identifier: MIT */

/*
 * server/config_values.c - the parsers of single values.
 */

#include "server/config_values.h"

#include <arpa/inet.h>
#include <string.h>

#include "discovery/aws/endpoint.h"
#include "zones/address.h"
#include "zones/name.h"

enum { SECOND_IN_MS = 1000 };

static const char group_mark[] = "{group}";

/* Digits at the start of `text`; how many, 0 also when the number is past int64_t. */
static size_t digits_read(int64_t *number, const char *text)
{
    size_t length = 0;

    *number = 0;
    while (text[length] >= '0' && text[length] <= '9') {
        int digit = text[length] - '0';

        if (*number > (INT64_MAX - digit) / 10) {
            return 0;
        }
        *number = *number * 10 + digit;
        length++;
    }
    return length;
}

bool number_parse(int64_t *number, const char *text, int64_t min, int64_t max, struct error *error)
{
    size_t length = digits_read(number, text);

    if (length == 0 || text[length] != '\0' || *number < min || *number > max) {
        return error_set(error, "not a number from %lld to %lld", (long long)min, (long long)max);
    }
    return true;
}

static const struct {
    const char *name;
    int64_t ms;
} duration_units[] = {
    {"d",  24 * INT64_C(3600) * SECOND_IN_MS},
    {"h",  INT64_C(3600) * SECOND_IN_MS     },
    {"m",  INT64_C(60) * SECOND_IN_MS       },
    {"s",  SECOND_IN_MS                     },
    {"ms", 1                                }
};

enum {
    DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]),
    DURATION_SECONDS = 3, /* the unit of "0s" */
};

char *duration_to_text(int64_t duration_ms, char *text)
{
    size_t unit = 0;

    if (duration_ms == 0) {
        unit = DURATION_SECONDS;
    }
    while (duration_ms % duration_units[unit].ms != 0) {
        unit++;
    }
    snprintf(text, DURATION_MAX_TEXT, "%lld%s", (long long)(duration_ms / duration_units[unit].ms),
             duration_units[unit].name);
    return text;
}

bool duration_parse(int64_t *duration_ms, const char *text, int64_t min_ms, int64_t max_ms,
                    struct error *error)
{
    int64_t number = 0;
    size_t length = digits_read(&number, text);

    for (size_t i = 0; i < DURATION_UNITS && length > 0; i++) {
        if (strcmp(text + length, duration_units[i].name) != 0) {
            continue;
        }
        if (number > max_ms / duration_units[i].ms || number * duration_units[i].ms < min_ms) {
            char min[DURATION_MAX_TEXT];
            char max[DURATION_MAX_TEXT];

            return error_set(error, "not from %s to %s", duration_to_text(min_ms, min),
                             duration_to_text(max_ms, max));
        }
        *duration_ms = number * duration_units[i].ms;
        return true;
    }
    return error_set(error, "not a duration such as 500ms, 10s, 2m, 1h or 1d");
}

bool choice_parse(int64_t *number, const char *text, const struct config_choice *choices,
                  struct error *error)
{
    char names[ERROR_TEXT_SIZE / 2] = "";
    size_t used = 0;

    for (const struct config_choice *choice = choices; choice->name != NULL; choice++) {
        if (strcmp(choice->name, text) == 0) {
            *number = choice->number;
            return true;
        }
    }
    for (size_t i = 0; choices[i].name != NULL && used < sizeof(names); i++) {
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i == 0 ? "" : ", ",
                                 choices[i].name);
    }
    return error_set(error, "not one of %s", names);
}

static void socket_fill(struct config_listen *listen, const struct address *address, uint16_t port)
{
    if (address->length == ADDRESS_V4_LENGTH) {
        struct sockaddr_in *in = (struct sockaddr_in *)&listen->address;

        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, address->octets, ADDRESS_V4_LENGTH);
        listen->length = sizeof(*in);
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&listen->address;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        memcpy(&in6->sin6_addr, address->octets, ADDRESS_V6_LENGTH);
        listen->length = sizeof(*in6);
    }
}

bool socket_parse(struct config_listen *listen, const char *text, struct error *error)
{
    static const char wanted[] = "not ADDRESS:PORT such as 127.0.0.1:53 or [::1]:53";
    const char *colon = strrchr(text, ':');
    bool has_brackets = text[0] == '[';
    char host[ADDRESS_MAX_TEXT];
    struct address address;
    int64_t port = 0;
    size_t host_length = 0;

    *listen = (struct config_listen){.text = text};
    if (colon == NULL || (has_brackets && (colon == text + 1 || colon[-1] != ']'))) {
        return error_set(error, "%s", wanted);
    }
    host_length = (size_t)(colon - text) - (has_brackets ? 2 : 0);
    if (host_length >= sizeof(host)) {
        return error_set(error, "%s", wanted);
    }
    memcpy(host, text + (has_brackets ? 1 : 0), host_length);
    host[host_length] = '\0';
    /* "::1:53" could be read in two ways, so IPv6 must stand in brackets, and IPv4 must not. */
    if (!address_parse(&address, host) || (address.length == ADDRESS_V6_LENGTH) != has_brackets) {
        return error_set(error, "%s", wanted);
    }
    if (!number_parse(&port, colon + 1, 1, UINT16_MAX, error)) {
        return error_prefix(error, "port");
    }
    socket_fill(listen, &address, (uint16_t)port);
    return true;
}

bool socket_is_wildcard(const struct config_listen *listen)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&listen->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&listen->address;

    if (listen->address.ss_family == AF_INET) {
        return in->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    return listen->address.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

bool socket_is_public(const struct config_listen *listen)
{
    static const struct prefix inside[] = {
        {{ADDRESS_V4_LENGTH, {127}},        8  },
        {{ADDRESS_V4_LENGTH, {10}},         8  },
        {{ADDRESS_V4_LENGTH, {172, 16}},    12 },
        {{ADDRESS_V4_LENGTH, {192, 168}},   16 },
        {{ADDRESS_V4_LENGTH, {100, 64}},    10 },
        {{ADDRESS_V4_LENGTH, {169, 254}},   16 },
        {{ADDRESS_V6_LENGTH, {[15] = 1}},   128},
        {{ADDRESS_V6_LENGTH, {0xfc}},       7  },
        {{ADDRESS_V6_LENGTH, {0xfe, 0x80}}, 10 },
    };
    const struct sockaddr_in *in = (const struct sockaddr_in *)&listen->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&listen->address;
    struct address address = {.length = 0};

    if (listen->address.ss_family == AF_INET) {
        address.length = ADDRESS_V4_LENGTH;
        memcpy(address.octets, &in->sin_addr, ADDRESS_V4_LENGTH);
    } else if (listen->address.ss_family == AF_INET6) {
        address.length = ADDRESS_V6_LENGTH;
        memcpy(address.octets, &in6->sin6_addr, ADDRESS_V6_LENGTH);
    }
    return address.length != 0 &&
           !prefix_list_contains(inside, sizeof(inside) / sizeof(inside[0]), &address);
}

bool labels_check(const char *text, struct error *error)
{
    const char *mark = strstr(text, group_mark);
    char sample[NAME_MAX_LENGTH + 1];
    int length = 0;

    if (mark == NULL || strstr(mark + 1, group_mark) != NULL) {
        return error_set(error, "%s must stand in it once", group_mark);
    }
    length = snprintf(sample, sizeof(sample), "%.*sx%s", (int)(mark - text), text,
                      mark + strlen(group_mark));
    if (length < 0 || (size_t)length >= sizeof(sample)) {
        return error_set(error, "too long for a domain name");
    }
    for (char *label = sample; label != NULL;) {
        char *dot = strchr(label, '.');

        if (dot != NULL) {
            *dot = '\0';
        }
        if (!label_is_valid(label)) {
            return error_set(error, "not labels of [a-z0-9_-] with dots between");
        }
        label = dot == NULL ? NULL : dot + 1;
    }
    return true;
}

bool region_check(const char *text, struct error *error)
{
    return strcmp(text, "self") == 0 || aws_region_valid(text) ||
           error_set(error, "not \"self\" or a region such as eu-west-1");
}

bool queue_url_check(const char *text, struct arena *arena, struct error *error)
{
    struct aws_endpoint endpoint;
    const char *rest = NULL;

    if (!aws_endpoint_parse(text, arena, &endpoint, error)) {
        return false;
    }
    if (strspn(endpoint.path, "/") == strlen(endpoint.path)) {
        return error_set(error, "names no queue: https://HOST/ACCOUNT/QUEUE");
    }
    rest = strrchr(endpoint.host, ']') == NULL ? endpoint.host : strrchr(endpoint.host, ']');
    if (strncmp(text, "http://", strlen("http://")) == 0 && strchr(rest, ':') == NULL) {
        return error_set(error, "http:// is for a stand-in with a port, SQS has https://");
    }
    return true;
}

bool proxy_check(const char *text, struct arena *arena, struct error *error)
{
    struct aws_endpoint endpoint;

    if (strncmp(text, "http://", strlen("http://")) != 0 ||
        !aws_endpoint_parse(text, arena, &endpoint, NULL) || strcmp(endpoint.path, "/") != 0) {
        return error_set(error, "not a proxy such as http://proxy.example.com:3128");
    }
    return true;
}

bool filter_parse(struct ec2_filter *filter, const char *text, struct arena *arena,
                  struct error *error)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || equals[1] == '\0') {
        return error_set(error, "not NAME=VALUE such as vpc-id=vpc-0a1b2c3d");
    }
    filter->name = arena_string_of(arena, text, (size_t)(equals - text));
    filter->value = arena_string(arena, equals + 1);
    return true;
}
