/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/canned_server.h - an HTTP server on 127.0.0.1 that says what a test
 * wants, on the test's own loop; and an environment that is the test's own.
 */

#ifndef TESTS_UNIT_DISCOVERY_AWS_CANNED_SERVER_H
#define TESTS_UNIT_DISCOVERY_AWS_CANNED_SERVER_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "discovery/aws/environment.h"
#include "tests/unit/patient_clock.h"
#include "zones/arena.h"

enum { CANNED_REQUEST_SIZE = 64 * 1024, CANNED_LOG_CAPACITY = 64 };

struct canned_reply {
    char *text; /* freed by the server; NULL: silence */
    size_t length;
    bool close; /* after the text */
};

typedef struct canned_reply (*canned_answer)(void *owner, const char *request);

struct canned_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    int port;
    char url[64]; /* http://127.0.0.1:PORT */
    canned_answer answer;
    void *owner;
    size_t connections;
    size_t requests;
    char *log[CANNED_LOG_CAPACITY]; /* each request, whole */
    struct canned_peer *peers;
};

struct canned_peer {
    uv_tcp_t stream;
    struct canned_server *server;
    char request[CANNED_REQUEST_SIZE];
    size_t length;
    struct canned_peer *next;
};

struct canned_write {
    uv_write_t write;
    char *text;
    bool close;
};

static inline void canned_peer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static inline void canned_peer_close(struct canned_peer *peer)
{
    struct canned_peer **link = &peer->server->peers;

    while (*link != NULL && *link != peer) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = peer->next;
        uv_close((uv_handle_t *)&peer->stream, canned_peer_closed);
    }
}

static inline void canned_written(uv_write_t *write, int status)
{
    struct canned_write *canned = write->data;
    struct canned_peer *peer = write->handle->data;

    if (status == 0 && canned->close) {
        canned_peer_close(peer);
    }
    free(canned->text);
    free(canned);
}

/* The length of the first whole request, 0 when it has not come yet. */
static inline size_t canned_request_length(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strcasestr(request, "\r\nContent-Length:");
    size_t body = 0;

    if (end == NULL) {
        return 0;
    }
    if (length != NULL && length < end) {
        body = strtoul(length + 17, NULL, 10);
    }
    body += (size_t)(end - request) + 4;
    return strlen(request) < body ? 0 : body;
}

static inline void canned_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct canned_peer *peer = stream->data;
    struct canned_server *server = peer->server;
    size_t length;

    (void)buffer;
    if (got < 0) {
        canned_peer_close(peer);
        return;
    }
    peer->length += (size_t)got;
    peer->request[peer->length] = '\0';
    length = canned_request_length(peer->request);
    if (length != 0) {
        struct canned_reply reply = server->answer(server->owner, peer->request);
        struct canned_write *canned = memory_new(sizeof(*canned));
        uv_buf_t octets = uv_buf_init(reply.text, (unsigned int)reply.length);

        if (server->requests < CANNED_LOG_CAPACITY) {
            server->log[server->requests] = memory_string(peer->request);
        }
        server->requests++;
        peer->length = 0;
        *canned = (struct canned_write){.text = reply.text, .close = reply.close};
        canned->write.data = canned;
        if (reply.text == NULL) {
            free(canned);
        } else {
            (void)uv_write(&canned->write, stream, &octets, 1, canned_written);
        }
    }
}

static inline void canned_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct canned_peer *peer = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(peer->request + peer->length,
                          (unsigned int)(sizeof(peer->request) - peer->length - 1));
}

static inline void canned_accept(uv_stream_t *listener, int status)
{
    struct canned_server *server = listener->data;
    struct canned_peer *peer = memory_new(sizeof(*peer));

    (void)status;
    peer->server = server;
    peer->next = server->peers;
    server->peers = peer;
    server->connections++;
    (void)uv_tcp_init(server->loop, &peer->stream);
    peer->stream.data = peer;
    (void)uv_accept(listener, (uv_stream_t *)&peer->stream);
    (void)uv_read_start((uv_stream_t *)&peer->stream, canned_room, canned_read);
}

static inline void canned_server_start(struct canned_server *server, uv_loop_t *loop,
                                       canned_answer answer, void *owner)
{
    struct sockaddr_in address;
    int length = sizeof(address);

    *server = (struct canned_server){.loop = loop, .answer = answer, .owner = owner};
    (void)uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    if (uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&server->listener, 8, canned_accept) != 0 ||
        uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &length) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
    (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", server->port);
}

static inline void canned_server_stop(struct canned_server *server)
{
    while (server->peers != NULL) {
        canned_peer_close(server->peers);
    }
    for (size_t i = 0; i < CANNED_LOG_CAPACITY; i++) {
        free(server->log[i]);
    }
    uv_close((uv_handle_t *)&server->listener, NULL);
}

/* "HTTP/1.1 STATUS", the headers (each with its line end) and a body with its length. */
static inline struct canned_reply canned_text(const char *status, const char *headers,
                                              const char *body)
{
    struct canned_reply reply = {0};
    int length = asprintf(&reply.text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
                          headers, strlen(body), body);

    reply.length = (size_t)length;
    return reply;
}

/* Octets as they are, then the end of the connection. */
static inline struct canned_reply canned_raw(const char *text)
{
    return (struct canned_reply){memory_string(text), strlen(text), true};
}

/* The value of a request's header; "" when it is not there. In a static buffer. */
static inline const char *canned_header(const char *request, const char *name)
{
    static char value[4096];
    char wanted[128];
    const char *found;

    (void)snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    found = strcasestr(request, wanted);
    value[0] = '\0';
    if (found != NULL) {
        found += strlen(wanted);
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, "\r"), found);
    }
    return value;
}

/* Only wakes the loop. */
static inline void canned_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turn the loop until `*done`; false when nothing came within 30 seconds. */
static inline bool loop_until(uv_loop_t *loop, const bool *done)
{
    uint64_t end = uv_hrtime() + 30000000000U;
    uv_timer_t tick;
    bool came;

    (void)uv_timer_init(loop, &tick);
    (void)uv_timer_start(&tick, canned_tick, PATIENT_STEP_MS, PATIENT_STEP_MS);
    while (!*done && uv_hrtime() < end) {
        (void)uv_run(loop, UV_RUN_ONCE);
    }
    came = *done;
    uv_close((uv_handle_t *)&tick, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    return came;
}

/* ---- the environment ---- */

enum { CANNED_VARIABLES = 16 };

static struct canned_variable {
    const char *name;
    const char *value;
} canned_variables[CANNED_VARIABLES];

static int64_t canned_now_s = 1763820000; /* 2025-11-22T14:00:00Z */

static inline const char *canned_variable(const char *name)
{
    for (size_t i = 0; i < CANNED_VARIABLES; i++) {
        if (canned_variables[i].name != NULL && strcmp(canned_variables[i].name, name) == 0) {
            return canned_variables[i].value;
        }
    }
    return NULL;
}

static inline int64_t canned_clock(void)
{
    return canned_now_s;
}

static const struct aws_environment canned_environment = {canned_variable, canned_clock};

static inline void canned_environment_clear(void)
{
    memset(canned_variables, 0, sizeof(canned_variables));
    canned_now_s = 1763820000;
}

static inline void canned_environment_set(const char *name, const char *value)
{
    for (size_t i = 0; i < CANNED_VARIABLES; i++) {
        if (canned_variables[i].name == NULL || strcmp(canned_variables[i].name, name) == 0) {
            canned_variables[i] = (struct canned_variable){name, value};
            return;
        }
    }
    abort();
}

#endif
