/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/container_role.c - which URL may be asked, with which token.
 */

#include "discovery/aws/container_role.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "discovery/aws/endpoint.h"
#include "discovery/aws/http_header.h"
#include "discovery/aws/secret_file.h"

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

bool container_role_is_set(const struct aws_environment *environment)
{
    return aws_variable(environment, RELATIVE_URI) != NULL ||
           aws_variable(environment, FULL_URI) != NULL;
}

/* The agents of ECS and EKS, or an address of this machine itself. `host` may have a port. */
static bool host_is_local(const char *host, struct arena *arena)
{
    static const char *const agents[] = {"localhost", "169.254.170.2", "169.254.170.23"};
    bool bracketed = host[0] == '[';
    size_t length = bracketed ? strcspn(host + 1, "]") : strcspn(host, ":");
    const char *name = arena_string_of(arena, host + bracketed, length);
    struct in6_addr eks_agent;
    struct in6_addr v6;
    struct in_addr v4;

    if (bracketed) {
        return inet_pton(AF_INET6, name, &v6) == 1 &&
               inet_pton(AF_INET6, "fd00:ec2::23", &eks_agent) == 1 &&
               (IN6_IS_ADDR_LOOPBACK(&v6) || IN6_ARE_ADDR_EQUAL(&v6, &eks_agent));
    }
    for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
        if (strcasecmp(name, agents[i]) == 0) {
            return true;
        }
    }
    return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* What stands behind a '?': the endpoint's parser knows none. */
static bool query_valid(const char *query)
{
    for (; *query != '\0'; query++) {
        if (*query <= ' ' || *query > '~' || *query == '#') {
            return false;
        }
    }
    return true;
}

static bool full_url(const char *uri, struct arena *arena, const char **url, struct error *error)
{
    size_t length = strcspn(uri, "?");
    struct aws_endpoint endpoint;

    if (!aws_endpoint_parse(arena_string_of(arena, uri, length), arena, &endpoint, error)) {
        return false;
    }
    if (!query_valid(uri + length)) {
        return error_set(error, "the URL's query holds a character that must be encoded");
    }
    if (strncmp(endpoint.url, "https:", 6) != 0 && !host_is_local(endpoint.host, arena)) {
        return error_set(error,
                         "plain http to %s: only loopback, localhost, 169.254.170.2, "
                         "169.254.170.23 and [fd00:ec2::23] are asked without TLS",
                         endpoint.host);
    }
    *url = arena_format(arena, "%s%s", endpoint.url, uri + length);
    return true;
}

bool container_role_url(const struct aws_environment *environment, struct arena *arena,
                        const char **url, struct error *error)
{
    const char *relative = aws_variable(environment, RELATIVE_URI);
    const char *uri = aws_variable(environment, FULL_URI);

    if (relative != NULL) {
        if (relative[0] != '/') {
            return error_set(error, RELATIVE_URI ": does not begin with '/'");
        }
        uri = arena_format(arena, "http://169.254.170.2%s", relative);
    }
    return full_url(uri, arena, url, error)
               ? true
               : error_prefix(error, "%s", relative == NULL ? FULL_URI : RELATIVE_URI);
}

bool container_role_token(const struct aws_environment *environment, struct arena *arena,
                          const char **token, struct error *error)
{
    const char *path = aws_variable(environment, TOKEN_FILE);
    struct secret_file file;

    if (path == NULL) {
        *token = aws_variable(environment, TOKEN);
        return *token == NULL || http_header_valid(*token)
                   ? true
                   : error_set(error, TOKEN ": the token holds a line end or another control "
                                            "character");
    }
    if (!secret_file_read_token(path, CONTAINER_TOKEN_LIMIT, &file, error)) {
        return error_prefix(error, TOKEN_FILE ": %s", path);
    }
    *token = arena_string_of(arena, file.text, file.length);
    secret_file_free(&file);
    return true;
}
