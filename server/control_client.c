/* SPDX-License-Identifier: MIT */

/*
 * server/control_client.c - one exchange over the control socket, on a loop of its own.
 */

#include "server/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "discovery/aws/http.h"
#include "zones/arena.h"

struct exchange {
    struct http *http;
    int status;
    char *body;
    size_t length;
    struct error error;
};

/* Whether anybody listens: HTTP's error would not tell an absent server from missing rights. */
static enum control_result socket_probe(const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum control_result result = CONTROL_ANSWERED;
    int probe = -1;

    if (strlen(path) >= sizeof(address.sun_path)) {
        error_set(error, "%s: longer than the path of a socket can be", path);
        return CONTROL_FAILED;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        error_set(error, "%s: %s", path, strerrordesc_np(errno));
        return CONTROL_FAILED;
    }
    /* EAGAIN: its queue is full, so there is somebody who will get to us. */
    if (connect(probe, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
        errno != EAGAIN) {
        bool is_absent = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;

        result = is_absent ? CONTROL_ABSENT : CONTROL_FAILED;
        error_set(error, is_absent ? "%s: nobody listens there (%s)" : "%s: %s%s", path,
                  strerrordesc_np(errno),
                  errno == EACCES ? " (needs root or the group of the socket)" : "");
    }
    (void)close(probe);
    return result;
}

/* An http_done. */
static void on_answer(void *owner, const struct http_response *response)
{
    struct exchange *exchange = owner;

    exchange->status = response->status;
    exchange->error = response->error;
    if (response->status != 0) {
        exchange->length = response->body_length;
        exchange->body = memory_new(response->body_length + 1);
        memcpy(exchange->body, response->body, response->body_length);
    }
    http_free(exchange->http);
}

/* NOLINTNEXTLINE(readability-function-size): three results and their error */
enum control_result control_ask(const char *socket_path, const char *method, const char *target,
                                int *status, char **body, size_t *length, struct error *error)
{
    enum control_result probed = socket_probe(socket_path, error);
    struct exchange exchange = {.status = 0};
    struct http_request request = {.method = method,
                                   .connect_timeout_ms = CONTROL_TIMEOUT_MS,
                                   .timeout_ms = CONTROL_TIMEOUT_MS,
                                   .unix_socket = socket_path};
    struct arena arena;
    uv_loop_t loop;

    if (probed != CONTROL_ANSWERED) {
        return probed;
    }
    arena_init(&arena);
    request.url = arena_format(&arena, "http://rollcall%s", target);
    (void)uv_loop_init(&loop);
    exchange.http = http_new(&loop);
    (void)http_start(exchange.http, &request, on_answer, &exchange);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    arena_free(&arena);

    if (exchange.status == 0) {
        *error = exchange.error;
        (void)error_prefix(error, "%s", socket_path);
        return CONTROL_FAILED;
    }
    *status = exchange.status;
    *body = exchange.body;
    *length = exchange.length;
    return CONTROL_ANSWERED;
}

void control_absent(struct error *error, const char *socket_path, const char *config_path)
{
    error_set(
        error,
        "nobody listens on %s (control in %s); is rollcall running, with another control path "
        "since its start?",
        socket_path, config_path);
}
