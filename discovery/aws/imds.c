/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/imds.c - token, question, and what their failures mean.
 */

#include "discovery/aws/imds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "discovery/aws/endpoint.h"
#include "discovery/membership.h"
#include "zones/arena.h"

/* A token is not used in its last seconds: it may end on the way. */
enum { TOKEN_MARGIN_S = 60 };

struct imds {
    struct http *http;
    const struct aws_environment *environment;
    LIST_HEAD(, imds_query) queries;
    char token[IMDS_TOKEN_SIZE]; /* "": none */
    int64_t token_ends_s;
};

struct imds_query {
    struct imds *imds;
    struct arena arena;
    const char *base; /* the endpoint without a '/' at its end */
    const char *path;
    imds_done done;
    void *owner;
    struct http_exchange *exchange;
    uint16_t tries;
    uint16_t tries_max;
    uint16_t timeout_s; /* 0: as the constants have it */
    LIST_ENTRY(imds_query) in_imds;
};

static void query_free(struct imds_query *query)
{
    LIST_REMOVE(query, in_imds);
    if (query->exchange != NULL) {
        http_cancel(query->exchange);
    }
    arena_free(&query->arena);
    free(query);
}

/* `done` may free the service: nothing is touched after it. */
static void query_end(struct imds_query *query, const char *text, const struct error *error)
{
    imds_done done = query->done;
    void *owner = query->owner;

    query_free(query);
    done(owner, text, error);
}

static void query_send(struct imds_query *query);

static void query_retry(struct imds_query *query, const struct error *error)
{
    query->tries++;
    if (query->tries >= query->tries_max) {
        query_end(query, NULL, error);
    } else {
        query_send(query);
    }
}

/* Also the answer to a PUT that nobody wanted to route further than one hop: silence. */
static void transport_explain(const struct http_response *response, struct error *error)
{
    *error = response->error;
    if (response->timed_out) {
        (void)error_prefix(error, "instance metadata: no answer in time (in a container the "
                                  "instance needs HttpPutResponseHopLimit 2)");
    } else {
        (void)error_prefix(error, "instance metadata");
    }
}

static bool token_valid(const char *token)
{
    size_t length = strlen(token);

    if (length == 0 || length >= IMDS_TOKEN_SIZE) {
        return false;
    }
    for (; *token != '\0'; token++) {
        if (*token <= ' ' || *token > '~') {
            return false;
        }
    }
    return true;
}

static void on_token(void *owner, const struct http_response *response)
{
    struct imds_query *query = owner;
    struct imds *imds = query->imds;
    struct error error;

    query->exchange = NULL;
    if (response->status == 200 && token_valid(response->body)) {
        (void)snprintf(imds->token, sizeof(imds->token), "%s", response->body);
        imds->token_ends_s = imds->environment->now_s() + IMDS_TOKEN_TTL_S - TOKEN_MARGIN_S;
        query_send(query);
        return;
    }
    if (response->status == 0) {
        transport_explain(response, &error);
        query_retry(query, &error);
        return;
    }
    if (response->status >= 500 || response->status == 429) {
        (void)error_set(&error, "instance metadata: HTTP status %d for the token",
                        response->status);
        query_retry(query, &error);
        return;
    }
    if (response->status == 200) {
        (void)error_set(&error, "instance metadata: what came is no session token");
    } else if (response->status == 403 || response->status == 404 || response->status == 405) {
        (void)error_set(&error,
                        "instance metadata: HTTP status %d for the token: version 2 is off, and "
                        "version 1 is not used",
                        response->status);
    } else {
        (void)error_set(&error, "instance metadata: HTTP status %d for the token",
                        response->status);
    }
    query_end(query, NULL, &error);
}

static void on_text(void *owner, const struct http_response *response)
{
    struct imds_query *query = owner;
    struct error error;

    query->exchange = NULL;
    if (response->status == 200 && response->body_length <= IMDS_TEXT_LIMIT &&
        strlen(response->body) == response->body_length) {
        query_end(query, response->body, NULL);
        return;
    }
    if (response->status == 0) {
        transport_explain(response, &error);
        query_retry(query, &error);
        return;
    }
    if (response->status == 200) {
        (void)error_set(&error, "instance metadata: %s is not a text of at most %d octets",
                        query->path, IMDS_TEXT_LIMIT);
        query_end(query, NULL, &error);
        return;
    }
    (void)error_set(&error, "instance metadata: HTTP status %d for %s", response->status,
                    query->path);
    if (response->status == 401) {
        query->imds->token[0] = '\0';
    }
    if (response->status == 401 || response->status == 429 || response->status >= 500) {
        query_retry(query, &error);
    } else {
        query_end(query, NULL, &error);
    }
}

static void query_send(struct imds_query *query)
{
    struct imds *imds = query->imds;
    bool has_token = imds->token[0] != '\0' && imds->environment->now_s() < imds->token_ends_s;
    const char *path = has_token ? query->path : "/latest/api/token";
    char ttl[16];
    const struct http_header header = {has_token ? "X-aws-ec2-metadata-token"
                                                 : "X-aws-ec2-metadata-token-ttl-seconds",
                                       has_token ? imds->token : ttl};
    const struct http_request request = {
        .method = has_token ? "GET" : "PUT",
        .url = arena_format(&query->arena, "%s%s", query->base, path),
        .headers = &header,
        .header_count = 1,
        .connect_timeout_ms =
            query->timeout_s == 0 ? IMDS_CONNECT_TIMEOUT_MS : query->timeout_s * 1000,
        .timeout_ms = query->timeout_s == 0 ? IMDS_TIMEOUT_MS : query->timeout_s * 1000,
    };

    (void)snprintf(ttl, sizeof(ttl), "%d", IMDS_TOKEN_TTL_S);
    query->exchange = http_start(imds->http, &request, has_token ? on_text : on_token, query);
}

static bool endpoint_find(const struct aws_environment *environment, struct arena *arena,
                          const char **base, struct error *error)
{
    const char *disabled = aws_variable(environment, "AWS_EC2_METADATA_DISABLED");
    const char *url = aws_variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    struct aws_endpoint endpoint;
    size_t length;

    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        return error_set(error, "instance metadata: AWS_EC2_METADATA_DISABLED is set");
    }
    if (url == NULL) {
        url = mode != NULL && strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]"
                                                            : "http://169.254.169.254";
    }
    if (!aws_endpoint_parse(url, arena, &endpoint, error)) {
        return error_prefix(error, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    }
    length = strlen(endpoint.url);
    while (endpoint.url[length - 1] == '/') {
        length--;
    }
    *base = arena_string_of(arena, endpoint.url, length);
    return true;
}

static bool number_find(const struct aws_environment *environment, const char *variable,
                        uint16_t max, uint16_t *number, struct error *error)
{
    const char *text = aws_variable(environment, variable);

    if (text != NULL && (!number_parse_u16(text, max, number) || *number == 0)) {
        return error_set(error, "%s: \"%s\" is not in 1 to %u", variable, text, max);
    }
    return true;
}

/* What the environment says about asking. */
static bool query_configure(struct imds_query *query, const struct aws_environment *environment,
                            struct error *error)
{
    query->tries_max = IMDS_TRIES;
    return endpoint_find(environment, &query->arena, &query->base, error) &&
           number_find(environment, "AWS_METADATA_SERVICE_TIMEOUT", IMDS_TIMEOUT_MAX_S,
                       &query->timeout_s, error) &&
           number_find(environment, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", IMDS_TRIES_MAX,
                       &query->tries_max, error);
}

struct imds_query *imds_ask(struct imds *imds, const char *path, imds_done done, void *owner,
                            struct error *error)
{
    struct imds_query *query = memory_new(sizeof(*query));

    arena_init(&query->arena);
    if (!query_configure(query, imds->environment, error)) {
        arena_free(&query->arena);
        free(query);
        return NULL;
    }
    query->imds = imds;
    query->path = arena_string(&query->arena, path);
    query->done = done;
    query->owner = owner;
    LIST_INSERT_HEAD(&imds->queries, query, in_imds);
    query_send(query);
    return query;
}

void imds_cancel(struct imds_query *query)
{
    query_free(query);
}

struct imds *imds_new(struct http *http, const struct aws_environment *environment)
{
    struct imds *imds = memory_new(sizeof(*imds));

    imds->http = http;
    imds->environment = environment;
    return imds;
}

void imds_free(struct imds *imds)
{
    for (struct imds_query *query = LIST_FIRST(&imds->queries), *next; query != NULL;
         query = next) {
        next = LIST_NEXT(query, in_imds);
        query_free(query);
    }
    explicit_bzero(imds->token, sizeof(imds->token));
    free(imds);
}
