/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/signed_post.c - every header but the signature itself is signed.
 */

#include "discovery/aws/signed_post.h"

#include <string.h>

#include "discovery/aws/sigv4.h"

/* Host, Content-Type, X-Amz-Target, X-Amz-Date, X-Amz-Security-Token, Authorization. */
enum { POST_HEADERS_MAX = 6 };

static const char *post_authorization(const struct signed_post *post,
                                      const struct http_request *request, struct arena *arena)
{
    const struct sigv4_request to_sign = {
        .method = request->method,
        .path = post->endpoint->path,
        .query = "",
        .headers = request->headers,
        .header_count = request->header_count,
        .body = request->body,
        .body_length = request->body_length,
        .normalize_path = true,
        .double_encode_path = true,
    };
    const struct sigv4_scope scope = {
        .access_key = post->credentials->access_key,
        .secret_key = post->credentials->secret_key,
        .region = post->region,
        .service = post->endpoint->signing_name,
        .now_s = post->now_s,
    };

    return sigv4_authorization(&to_sign, &scope, arena);
}

static void header_add(struct http_request *request, struct http_header *headers, const char *name,
                       const char *value)
{
    headers[request->header_count++] = (struct http_header){name, value};
}

void signed_post_make(const struct signed_post *post, struct arena *arena,
                      struct http_request *request)
{
    struct http_header *headers = arena_array(arena, POST_HEADERS_MAX, sizeof(*headers));
    char date[SIGV4_DATE_SIZE];

    request->method = "POST";
    request->url = post->endpoint->url;
    request->headers = headers;
    request->header_count = 0;
    request->body = post->body;
    request->body_length = strlen(post->body);
    header_add(request, headers, "Host", post->endpoint->host);
    header_add(request, headers, "Content-Type", post->content_type);
    if (post->target != NULL) {
        header_add(request, headers, "X-Amz-Target", post->target);
    }
    if (post->credentials == NULL) {
        return;
    }
    sigv4_date(post->now_s, date);
    header_add(request, headers, "X-Amz-Date", arena_string(arena, date));
    if (post->credentials->session_token != NULL) {
        header_add(request, headers, "X-Amz-Security-Token", post->credentials->session_token);
    }
    header_add(request, headers, "Authorization", post_authorization(post, request, arena));
}
