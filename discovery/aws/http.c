/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http.c - libcurl's multi interface on the loop.
 *
 * curl tells which sockets to watch and when to wake it; both call back into
 * curl_multi_socket_action(), after which finished exchanges are delivered.
 */

#include "discovery/aws/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "discovery/aws/http_header.h"
#include "discovery/aws/http_host.h"
#include "discovery/aws/watch.h"
#include "zones/arena.h"

enum {
    HTTP_HEADER_LIMIT = 64 * 1024, /* octets of headers in one answer; AWS sends about 500 */
    BODY_FIRST_CAPACITY = 16 * 1024,
};

struct http {
    CURLM *multi;
    struct watch_set watches;
    LIST_HEAD(, http_exchange) exchanges;
    bool delivering;
    bool freed; /* by http_free(), perhaps from within a `done` */
};

struct http_exchange {
    struct http *http;
    CURL *easy;
    struct curl_slist *headers;
    http_done done;
    void *owner;
    char *url; /* for messages */
    char *body;
    size_t body_length;
    size_t body_capacity;
    size_t header_octets;
    int64_t date_s;
    int64_t retry_after_ms;
    struct error refusal; /* what we did not accept, "" if nothing */
    char curl_text[CURL_ERROR_SIZE];
    LIST_ENTRY(http_exchange) in_http;
};

/* ---- taking an answer in ---- */

static void exchange_free(struct http_exchange *exchange)
{
    LIST_REMOVE(exchange, in_http);
    (void)curl_multi_remove_handle(exchange->http->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    free(exchange->url);
    free(exchange->body);
    free(exchange);
}

static size_t on_body(char *octets, size_t size, size_t count, void *owner)
{
    struct http_exchange *exchange = owner;
    size_t length = size * count;
    size_t needed = exchange->body_length + length + 1;

    if (length > HTTP_BODY_LIMIT - exchange->body_length) {
        (void)error_set(&exchange->refusal, "the answer is larger than %d octets", HTTP_BODY_LIMIT);
        return 0;
    }
    if (needed > exchange->body_capacity) {
        size_t capacity = exchange->body_capacity * 2;

        exchange->body_capacity = capacity < needed ? needed + BODY_FIRST_CAPACITY : capacity;
        exchange->body = memory_grow(exchange->body, exchange->body_capacity, 1);
    }
    memcpy(exchange->body + exchange->body_length, octets, length);
    exchange->body_length += length;
    exchange->body[exchange->body_length] = '\0';
    return length;
}

static size_t on_header(char *line, size_t size, size_t count, void *owner)
{
    struct http_exchange *exchange = owner;
    size_t length = size * count;
    int64_t wait_ms;
    char value[64];

    exchange->header_octets += length;
    if (exchange->header_octets > HTTP_HEADER_LIMIT) {
        (void)error_set(&exchange->refusal, "the answer's headers are larger than %d octets",
                        HTTP_HEADER_LIMIT);
        return 0;
    }
    if (http_header_value(line, length, "content-encoding", value, sizeof(value)) &&
        strcasecmp(value, "identity") != 0) {
        (void)error_set(&exchange->refusal,
                        "the answer is encoded as \"%s\", which nobody asked for", value);
        return 0;
    }
    if (http_header_value(line, length, "date", value, sizeof(value))) {
        time_t date = curl_getdate(value, NULL);

        exchange->date_s = date < 0 ? 0 : (int64_t)date;
    }
    if (http_header_wait_ms(line, length, &wait_ms) && wait_ms > exchange->retry_after_ms) {
        exchange->retry_after_ms = wait_ms;
    }
    return length;
}

static void exchange_deliver(struct http_exchange *exchange, CURLcode result)
{
    struct http_response response = {
        .body = "", .date_s = exchange->date_s, .retry_after_ms = exchange->retry_after_ms};
    http_done done = exchange->done;
    void *owner = exchange->owner;
    long status = 0;

    if (result == CURLE_OK && exchange->refusal.text[0] == '\0') {
        (void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
        response.status = (int)status;
        response.body = exchange->body == NULL ? "" : exchange->body;
        response.body_length = exchange->body_length;
    } else {
        const char *text =
            exchange->curl_text[0] == '\0' ? curl_easy_strerror(result) : exchange->curl_text;

        response.timed_out = result == CURLE_OPERATION_TIMEDOUT;
        (void)error_set(&response.error, "%s: %s", exchange->url,
                        exchange->refusal.text[0] == '\0' ? text : exchange->refusal.text);
    }
    /* The body outlives the call, the exchange may not: `done` may end all of `http`. */
    char *body = exchange->body;

    exchange->body = NULL;
    exchange_free(exchange);
    done(owner, &response);
    free(body);
}

static void http_close(struct http *http)
{
    for (struct http_exchange *exchange = LIST_FIRST(&http->exchanges), *next; exchange != NULL;
         exchange = next) {
        next = LIST_NEXT(exchange, in_http);
        exchange_free(exchange);
    }
    (void)curl_multi_cleanup(http->multi);
    watch_set_close(&http->watches);
}

static void finished_deliver(struct http *http)
{
    const CURLMsg *message;
    int waiting;

    http->delivering = true;
    while (!http->freed && (message = curl_multi_info_read(http->multi, &waiting)) != NULL) {
        struct http_exchange *exchange = NULL;

        if (message->msg == CURLMSG_DONE) {
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
            exchange_deliver(exchange, message->data.result);
        }
    }
    http->delivering = false;
    if (http->freed) {
        http_close(http);
    }
}

/* ---- starting ---- */

static void header_append(struct http_exchange *exchange, const char *line)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, line);

    if (longer == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    exchange->headers = longer;
}

static void headers_take(struct http_exchange *exchange, const struct http_request *request)
{
    bool has_type = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        struct arena arena;

        if (!http_header_valid(header->name) || !http_header_valid(header->value)) {
            (void)error_set(&exchange->refusal, "the header %s holds a control character",
                            http_header_valid(header->name) ? header->name : "to be sent");
            return;
        }
        has_type = has_type || strcasecmp(header->name, "content-type") == 0;
        arena_init(&arena);
        /* curl wants a semicolon for an empty value; a colon would remove the header. */
        header_append(exchange, header->value[0] == '\0'
                                    ? arena_format(&arena, "%s;", header->name)
                                    : arena_format(&arena, "%s: %s", header->name, header->value));
        arena_free(&arena);
    }
    header_append(exchange, "Expect:"); /* no round trip before a large body */
    if (!has_type) {
        header_append(exchange, "Content-Type:"); /* curl would invent one */
    }
}

static void method_set(CURL *easy, const struct http_request *request)
{
    if (request->body == NULL && strcmp(request->method, "GET") == 0) {
        (void)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    (void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                           request->body == NULL ? "" : request->body);
    (void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void proxy_set(CURL *easy, const struct http_request *request)
{
    bool proxied =
        request->proxy != NULL && request->unix_socket == NULL && !http_host_is_local(request->url);

    /* Both set: curl reads neither http_proxy nor no_proxy. */
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, proxied ? request->proxy : "");
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, proxied ? "" : "*");
    /* The Date of a proxy that opens a tunnel is not that of the answer. */
    (void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void transport_set(CURL *easy, const struct http_request *request)
{
    bool plain = strncmp(request->url, "http://", 7) == 0;

    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY_LIMIT);
    /* Ending an exchange must not wait for a resolver thread: the loop serves others. */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    if (request->ca_bundle != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_bundle);
    }
    if (request->unix_socket != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    }
}

struct http_exchange *http_start(struct http *http, const struct http_request *request,
                                 http_done done, void *owner)
{
    struct http_exchange *exchange = memory_new(sizeof(*exchange));
    CURL *easy = curl_easy_init();

    if (easy == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    exchange->http = http;
    exchange->easy = easy;
    exchange->done = done;
    exchange->owner = owner;
    exchange->url = memory_string(request->url);
    headers_take(exchange, request);
    method_set(easy, request);
    transport_set(easy, request);
    proxy_set(easy, request);
    /* Without a URL curl ends the exchange at once, but from the loop like any other. */
    (void)curl_easy_setopt(easy, CURLOPT_URL,
                           exchange->refusal.text[0] == '\0' ? request->url : "");
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "rollcall");
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->curl_text);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    LIST_INSERT_HEAD(&http->exchanges, exchange, in_http);
    (void)curl_multi_add_handle(http->multi, easy);
    return exchange;
}

void http_cancel(struct http_exchange *exchange)
{
    exchange_free(exchange);
}

/* ---- the loop ---- */

static void on_socket(void *owner, int socket, int events)
{
    struct http *http = owner;
    int flags = events < 0 ? CURL_CSELECT_ERR : 0;
    int running;

    if (events > 0) {
        flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
        flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    }
    (void)curl_multi_socket_action(http->multi, socket, flags, &running);
    finished_deliver(http);
}

static void on_time(void *owner)
{
    struct http *http = owner;
    int running;

    (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finished_deliver(http);
}

static void on_closed(void *owner)
{
    free(owner);
    curl_global_cleanup();
}

static int on_curl_socket(CURL *easy, curl_socket_t socket, int what, void *owner, void *assigned)
{
    struct http *http = owner;
    struct socket_watch *watch = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)curl_multi_assign(http->multi, socket, NULL);
        watch_end(watch);
        return 0;
    }
    events |= (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;
    events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
    /* Without a watch the exchange ends by its time-out. */
    watch = watch_socket(&http->watches, watch, socket, events);
    (void)curl_multi_assign(http->multi, socket, watch);
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct http *http = owner;

    (void)multi;
    watch_set_timer(&http->watches, timeout_ms);
    return 0;
}

struct http *http_new(uv_loop_t *loop)
{
    struct http *http = memory_new(sizeof(*http));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (http->multi = curl_multi_init()) == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    http->watches = (struct watch_set){
        .loop = loop,
        .owner = http,
        .on_socket = on_socket,
        .on_time = on_time,
        .on_closed = on_closed,
    };
    watch_set_open(&http->watches);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    return http;
}

void http_free(struct http *http)
{
    http->freed = true;
    /* From within a `done` the multi handle is still at work below us. */
    if (!http->delivering) {
        http_close(http);
    }
}
