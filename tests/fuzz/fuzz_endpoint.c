/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_endpoint.c - any text as the URL of an endpoint, as a region that the instance's
 * metadata tells, and as a host that no proxy may be asked for.
 */

#include "discovery/aws/endpoint.h"
#include "discovery/aws/http_host.h"
#include "tests/fuzz/reply.h"

static void endpoint_read(struct outcome *outcome, const char *body, size_t length)
{
    char *url = text_of((const uint8_t *)body, length);
    struct aws_endpoint endpoint = {.url = NULL};
    struct arena arena;

    arena_init(&arena);
    outcome->is_taken = aws_endpoint_parse(url, &arena, &endpoint, &outcome->error);
    if (outcome->is_taken) {
        expect(endpoint.host[0] != '\0', "an endpoint has a host");
        expect(endpoint.path[0] == '/', "a path begins with a slash");
        expect(strpbrk(endpoint.host, "/@?# \r\n") == NULL, "a host is nothing but a host");
        expect(strpbrk(endpoint.path, "?# \r\n") == NULL, "a path is nothing but a path");
        expect(strstr(endpoint.url, endpoint.host) != NULL || strchr(url, ':') != NULL,
               "the host is that of the URL");
        outcome_add(outcome, endpoint.url);
        outcome_add(outcome, endpoint.host);
        outcome_add(outcome, endpoint.path);
    }
    (void)http_host_is_local(url);
    arena_free(&arena);
    free(url);
}

static void region_read(const uint8_t *octets, size_t length)
{
    char *region = text_of(octets, length);

    if (aws_region_valid(region)) {
        expect(strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region),
               "a region may stand in a host's name");
    }
    free(region);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(endpoint_read, octets, length);
    region_read(octets, length);
    return 0;
}
