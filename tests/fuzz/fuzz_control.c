/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_control.c - any octets as what somebody sends to the control socket. Whatever it
 * is, it is answered as HTTP or closed, and the next one who asks is answered.
 */

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "discovery/log.h"
#include "server/control.h"
#include "tests/fuzz/expect.h"
#include "zones/arena.h"

enum {
    ANSWER_SIZE = 64 * 1024,
    QUIET_ROUNDS = 20,
    PROBE_EVERY = 64,
    REQUEST_MAX = 32 * 1024,
    SUBJECT_MAX = 64 * 1024,
};

static uv_loop_t loop;
static struct control *control;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static char *on_status(void *owner, const char *cluster)
{
    (void)owner;
    if (cluster == NULL) {
        return memory_string("{\"clusters\":[]}");
    }
    expect(strlen(cluster) < SUBJECT_MAX, "a cluster's name has a bound");
    return strcmp(cluster, "web") == 0 ? memory_string("{\"cluster\":\"web\"}") : NULL;
}

static void on_refresh(void *owner)
{
    (void)owner;
}

static bool on_reload(void *owner, char **text)
{
    (void)owner;
    *text = memory_string("{\"errors\":[]}");
    return false;
}

static char *on_metrics(void *owner)
{
    (void)owner;
    return memory_string("rollcall_up 1\n");
}

static char *on_explain(void *owner, const char *subject)
{
    (void)owner;
    expect(strlen(subject) < SUBJECT_MAX, "a subject has a bound");
    return NULL;
}

static size_t on_accept(void *owner, const char *cluster)
{
    (void)owner;
    return strcmp(cluster, "frozen") == 0 ? 2 : 0;
}

static char *on_ready(void *owner, bool *is_ready)
{
    (void)owner;
    *is_ready = true;
    return memory_string("{}");
}

static void server_make(void)
{
    static const struct control_handlers handlers = {.status = on_status,
                                                     .refresh = on_refresh,
                                                     .reload = on_reload,
                                                     .metrics = on_metrics,
                                                     .explain = on_explain,
                                                     .accept = on_accept,
                                                     .ready = on_ready};
    char folder[] = "/tmp/rollcall-fuzz-XXXXXX";
    struct error error = {""};

    expect(mkdtemp(folder) != NULL && uv_loop_init(&loop) == 0, "there is a loop");
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/c.sock", folder);
    if (!control_open(&control, &loop, address.sun_path, &handlers, &error)) {
        expect(false, error.text);
    }
}

static void server_end(void)
{
    control_close(control);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    *strrchr(address.sun_path, '/') = '\0';
    (void)rmdir(address.sun_path);
}

/* Send a request and take what comes back, NUL-terminated. */
static size_t request_send(const void *octets, size_t length, char answer[ANSWER_SIZE])
{
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t have = 0;
    ssize_t count = 1;

    expect(peer >= 0 && connect(peer, (const struct sockaddr *)&address, sizeof(address)) == 0,
           "the control socket is there");
    (void)send(peer, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(peer, SHUT_WR);
    for (int quiet = 0; quiet < QUIET_ROUNDS && count != 0 && have < ANSWER_SIZE - 1; quiet++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        count = recv(peer, answer + have, ANSWER_SIZE - 1 - have, MSG_DONTWAIT);
        if (count > 0) {
            have += (size_t)count;
            quiet = 0;
        }
    }
    answer[have] = '\0';
    (void)close(peer);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    return have;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const char probe[] = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static char answer[ANSWER_SIZE];
    static unsigned runs = 0;

    if (length > REQUEST_MAX) {
        return 0;
    }
    if (control == NULL) {
        log_set_level(LEVEL_ERROR);
        server_make();
        (void)atexit(server_end);
    }
    if (request_send(octets, length, answer) > 0) {
        expect(strncmp(answer, "HTTP/1.", 7) == 0, "an answer is HTTP");
    }
    if (runs++ % PROBE_EVERY == 0) {
        (void)request_send(probe, sizeof(probe) - 1, answer);
        expect(strncmp(answer, "HTTP/1.1 200", 12) == 0, "the next one who asks is answered");
    }
    return 0;
}
