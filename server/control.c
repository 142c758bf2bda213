/* SPDX-License-Identifier: MIT */

/*
 * server/control.c - libmicrohttpd on the main loop. The only room that knows it.
 *
 * The daemon has no thread: its epoll descriptor is watched by the loop, and a timer wakes it when
 * a connection times out or when it could not do everything at once.
 */

#include "server/control.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discovery/json_write.h"
#include "discovery/log.h"
#include "server/control_socket.h"
#include "server/explain_document.h"
#include "server/metrics.h"
#include "zones/arena.h"

enum {
    CONTROL_CONNECTIONS = 32, /* operators and their scripts, never load balancers */
    CONTROL_IDLE_S = 10,      /* a client that says nothing for so long is cut off */
    CONTROL_MEMORY = 16 * 1024,
    CONTROL_HANDLES = 2,
};

struct control {
    struct control_handlers handlers;
    struct control_socket socket;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
};

/* ---- answers ---- */

/* Answer with `text`, which is freed. */
static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *type, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result = MHD_NO;

    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, char *text)
{
    return answer_text(connection, status, "application/json", text);
}

/* {"KEY": "TEXT"} */
static char *json_of_pair(const char *key, const char *text)
{
    struct json_writer writer;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, key, text);
    return json_writer_close(&writer);
}

static enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                                    const char *text)
{
    return answer_json(connection, status, json_of_pair("error", text));
}

/* `path` is what follows "/v1/status": nothing, or "/CLUSTER". */
static enum MHD_Result answer_status(const struct control *control,
                                     struct MHD_Connection *connection, const char *path)
{
    const struct control_handlers *handlers = &control->handlers;
    const char *cluster = path[0] == '/' ? path + 1 : NULL;
    char *text = handlers->status(handlers->owner, cluster);
    struct error error;

    if (text != NULL) {
        return answer_json(connection, MHD_HTTP_OK, text);
    }
    error_set(&error, "no such cluster: %s", cluster == NULL ? "" : cluster);
    return answer_error(connection, MHD_HTTP_NOT_FOUND, error.text);
}

static enum MHD_Result answer_refresh(const struct control *control,
                                      struct MHD_Connection *connection, const char *path)
{
    (void)path;
    control->handlers.refresh(control->handlers.owner);
    return answer_json(connection, MHD_HTTP_ACCEPTED, json_of_pair("refresh", "begun"));
}

static enum MHD_Result answer_reload(const struct control *control,
                                     struct MHD_Connection *connection, const char *path)
{
    char *text = NULL;

    (void)path;
    if (control->handlers.reload(control->handlers.owner, &text)) {
        free(text);
        return answer_json(connection, MHD_HTTP_OK, json_of_pair("reload", "done"));
    }
    return answer_json(connection, MHD_HTTP_UNPROCESSABLE_CONTENT, text);
}

static enum MHD_Result answer_metrics(const struct control *control,
                                      struct MHD_Connection *connection, const char *path)
{
    (void)path;
    return answer_text(connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE,
                       control->handlers.metrics(control->handlers.owner));
}

/* `path` is "/SUBJECT". */
static enum MHD_Result answer_explain(const struct control *control,
                                      struct MHD_Connection *connection, const char *path)
{
    const struct control_handlers *handlers = &control->handlers;
    const char *subject = path[0] == '/' ? path + 1 : "";
    char *text = NULL;
    struct error error;

    if (strlen(subject) <= EXPLAIN_SUBJECT_MAX) {
        text = handlers->explain(handlers->owner, subject);
    }
    if (text != NULL) {
        return answer_json(connection, MHD_HTTP_OK, text);
    }
    error_set(&error,
              "no source has told of \"%s\": it is no instance, address, target or cluster here",
              subject);
    return answer_error(connection, MHD_HTTP_NOT_FOUND, error.text);
}

/* {"cluster": TEXT, "accepted": NUMBER} */
static char *json_of_acceptance(const char *cluster, size_t accepted)
{
    struct json_writer writer;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "cluster", cluster);
    json_write_integer(&writer, "accepted", (int64_t)accepted);
    return json_writer_close(&writer);
}

/* `path` is "/CLUSTER". */
static enum MHD_Result answer_accept(const struct control *control,
                                     struct MHD_Connection *connection, const char *path)
{
    const struct control_handlers *handlers = &control->handlers;
    const char *cluster = path[0] == '/' ? path + 1 : "";
    size_t accepted = handlers->accept(handlers->owner, cluster);
    char *known = NULL;
    struct error error;

    if (accepted > 0) {
        return answer_json(connection, MHD_HTTP_OK, json_of_acceptance(cluster, accepted));
    }
    known = handlers->status(handlers->owner, cluster);
    if (known == NULL) {
        error_set(&error, "no such cluster: %s", cluster);
        return answer_error(connection, MHD_HTTP_NOT_FOUND, error.text);
    }
    free(known);
    error_set(&error, "no removal of cluster %s is held back", cluster);
    return answer_error(connection, MHD_HTTP_CONFLICT, error.text);
}

static enum MHD_Result answer_ready(const struct control *control,
                                    struct MHD_Connection *connection, const char *path)
{
    bool is_ready = false;
    char *text = control->handlers.ready(control->handlers.owner, &is_ready);

    (void)path;
    return answer_json(connection, is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result answer_health(const struct control *control,
                                     struct MHD_Connection *connection, const char *path)
{
    (void)control;
    (void)path;
    return answer_json(connection, MHD_HTTP_OK, json_of_pair("health", "alive"));
}

static const struct route {
    const char *path;
    bool has_tail; /* "/SOMETHING" may follow */
    const char *method;
    enum MHD_Result (*answer)(const struct control *control, struct MHD_Connection *connection,
                              const char *path);
} routes[] = {
    {"/v1/status",  true,  MHD_HTTP_METHOD_GET,  answer_status },
    {"/v1/refresh", false, MHD_HTTP_METHOD_POST, answer_refresh},
    {"/v1/reload",  false, MHD_HTTP_METHOD_POST, answer_reload },
    {"/v1/explain", true,  MHD_HTTP_METHOD_GET,  answer_explain},
    {"/v1/accept",  true,  MHD_HTTP_METHOD_POST, answer_accept },
    {"/metrics",    false, MHD_HTTP_METHOD_GET,  answer_metrics},
    {"/ready",      false, MHD_HTTP_METHOD_GET,  answer_ready  },
    {"/health",     false, MHD_HTTP_METHOD_GET,  answer_health },
};

static const struct route *route_find(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t length = strlen(routes[i].path);

        if (strncmp(path, routes[i].path, length) == 0 &&
            (path[length] == '\0' || (path[length] == '/' && routes[i].has_tail))) {
            return &routes[i];
        }
    }
    return NULL;
}

/* An MHD_AccessHandlerCallback: once with the headers, for each piece of a body, and at its end. */
/* NOLINTNEXTLINE(readability-function-size): the library gives so many parameters */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_length, void **place)
{
    static char begun;
    const struct route *route = route_find(path);

    (void)version;
    (void)body;
    if (*place == NULL) {
        *place = &begun;
        return MHD_YES;
    }
    if (*body_length != 0) { /* no request of ours has one */
        *body_length = 0;
        return MHD_YES;
    }
    if (route == NULL) {
        return answer_error(connection, MHD_HTTP_NOT_FOUND, "no such path");
    }
    if (strcmp(method, route->method) != 0) {
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "wrong method for this path");
    }
    return route->answer(owner, connection, path + strlen(route->path));
}

/* What the library complains about: a client that went away, a request that is no HTTP. */
__attribute__((format(printf, 2, 0))) static void on_library_log(void *owner, const char *format,
                                                                 va_list arguments)
{
    char text[ERROR_TEXT_SIZE];

    (void)owner;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(LEVEL_DEBUG, "control socket", log_text("error", text));
}

/* ---- the loop ---- */

static void on_timer(uv_timer_t *timer);

static void daemon_run(struct control *control)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    (void)MHD_run(control->daemon);
    if (MHD_get_timeout(control->daemon, &timeout_ms) == MHD_YES) {
        (void)uv_timer_start(&control->timer, on_timer, timeout_ms, 0);
    } else {
        (void)uv_timer_stop(&control->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    daemon_run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* whatever it is, the library looks at its sockets itself */
    (void)events;
    daemon_run(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;

    if (--control->open_handles == 0) {
        free(control);
    }
}

/* False: the listening socket is still the caller's. */
static bool daemon_start(struct control *control, uv_loop_t *loop, struct error *error)
{
    const union MHD_DaemonInfo *epoll = NULL;

    /* The logger comes first, so that it hears of the other options too. */
    control->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, control,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        control->socket.listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONTROL_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONTROL_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONTROL_MEMORY, MHD_OPTION_END);
    if (control->daemon == NULL) {
        return error_set(error, "the HTTP library does not start");
    }
    epoll = MHD_get_daemon_info(control->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (epoll == NULL || uv_poll_init(loop, &control->poll, epoll->epoll_fd) != 0) {
        (void)MHD_quiesce_daemon(control->daemon); /* leaves the listening socket open */
        MHD_stop_daemon(control->daemon);
        return error_set(error, "the HTTP library cannot be watched by the loop");
    }
    (void)uv_timer_init(loop, &control->timer);
    control->poll.data = control;
    control->timer.data = control;
    control->open_handles = CONTROL_HANDLES;
    (void)uv_poll_start(&control->poll, UV_READABLE, on_poll);
    return true;
}

bool control_open(struct control **result, uv_loop_t *loop, const char *path,
                  const struct control_handlers *handlers, struct error *error)
{
    struct control *control = memory_new(sizeof(*control));

    *result = NULL;
    control->handlers = *handlers;
    if (!control_socket_open(&control->socket, path, error)) {
        free(control);
        return false;
    }
    if (!daemon_start(control, loop, error)) {
        control_socket_remove(&control->socket);
        (void)close(control->socket.listener);
        free(control);
        return error_prefix(error, "%s", path);
    }
    *result = control;
    return true;
}

void control_close(struct control *control)
{
    if (control == NULL) {
        return;
    }
    uv_close((uv_handle_t *)&control->poll, on_closed);
    uv_close((uv_handle_t *)&control->timer, on_closed);
    control_socket_remove(&control->socket);
    MHD_stop_daemon(control->daemon); /* closes the listening socket as well */
}
