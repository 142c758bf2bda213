/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/control_fixture.h - a control socket whose loop runs in a thread of its own,
 * so that the test can ask it as a verb does.
 */

#ifndef TESTS_UNIT_SERVER_CONTROL_FIXTURE_H
#define TESTS_UNIT_SERVER_CONTROL_FIXTURE_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/control.h"
#include "server/control_client.h"
#include "zones/arena.h"

struct control_bench {
    char folder[64];
    char path[96];
    uv_loop_t loop;
    uv_async_t stopper;
    uv_thread_t thread;
    struct control *control;
    /* What the handlers do and have heard. */
    size_t status_octets; /* length of the answer to a status of everything */
    bool refuses_reload;
    bool is_loading;
    atomic_int refreshes;
    atomic_int reloads;
};

static inline char *bench_status(void *owner, const char *cluster)
{
    const struct control_bench *bench = owner;
    char *text = NULL;

    if (cluster != NULL && strcmp(cluster, "web") != 0) {
        return NULL;
    }
    if (cluster != NULL) {
        return memory_string("{\"cluster\":\"web\"}");
    }
    text = memory_new(bench->status_octets + 1);
    memset(text, 'x', bench->status_octets);
    return text;
}

static inline void bench_refresh(void *owner)
{
    struct control_bench *bench = owner;

    atomic_fetch_add(&bench->refreshes, 1);
}

static inline bool bench_reload(void *owner, char **text)
{
    struct control_bench *bench = owner;

    atomic_fetch_add(&bench->reloads, 1);
    *text = memory_string("{\"errors\":[\"a.conf:1: no\"]}");
    return !bench->refuses_reload;
}

static inline char *bench_metrics(void *owner)
{
    (void)owner;
    return memory_string("rollcall_up 1\n");
}

/* Knows i-1 alone, and says back what it was asked for. */
static inline char *bench_explain(void *owner, const char *subject)
{
    (void)owner;
    return strcmp(subject, "i-1") == 0 ? memory_string("{\"subject\":\"i-1\"}") : NULL;
}

/* Two members of "frozen" are held back. */
static inline size_t bench_accept(void *owner, const char *cluster)
{
    (void)owner;
    return strcmp(cluster, "frozen") == 0 ? 2 : 0;
}

static inline char *bench_ready(void *owner, bool *is_ready)
{
    const struct control_bench *bench = owner;

    *is_ready = !bench->is_loading;
    return memory_string("{\"ready\":\"said\"}");
}

static inline void bench_on_stop(uv_async_t *stopper)
{
    struct control_bench *bench = stopper->data;

    control_close(bench->control);
    uv_close((uv_handle_t *)stopper, NULL);
}

static inline void bench_run(void *argument)
{
    struct control_bench *bench = argument;

    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
}

static inline int control_bench_open(void **state)
{
    struct control_bench *bench = calloc(1, sizeof(*bench));
    const struct control_handlers handlers = {.owner = bench,
                                              .status = bench_status,
                                              .refresh = bench_refresh,
                                              .reload = bench_reload,
                                              .metrics = bench_metrics,
                                              .explain = bench_explain,
                                              .accept = bench_accept,
                                              .ready = bench_ready};
    struct error error;

    (void)snprintf(bench->folder, sizeof(bench->folder), "/tmp/rollcall-control-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->path, sizeof(bench->path), "%s/c.sock", bench->folder);
    bench->status_octets = 10;
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(uv_async_init(&bench->loop, &bench->stopper, bench_on_stop), 0);
    bench->stopper.data = bench;
    if (!control_open(&bench->control, &bench->loop, bench->path, &handlers, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(uv_thread_create(&bench->thread, bench_run, bench), 0);
    *state = bench;
    return 0;
}

static inline int control_bench_close(void **state)
{
    struct control_bench *bench = *state;

    assert_int_equal(uv_async_send(&bench->stopper), 0);
    assert_int_equal(uv_thread_join(&bench->thread), 0);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    assert_int_equal(access(bench->path, F_OK), -1); /* the socket goes with its server */
    assert_int_equal(rmdir(bench->folder), 0);
    free(bench);
    return 0;
}

#endif
