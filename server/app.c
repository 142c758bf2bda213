/* SPDX-License-Identifier: MIT */

/*
 * server/app.c - wiring of the main thread.
 *
 *     sources -> site -> publisher -> a snapshot into each worker's mailbox
 *
 * Start: configuration, first (empty) snapshot, sockets, threads, sources; so that whatever can
 * fail fails before anything runs, and a query that comes early gets SERVFAIL, not silence.
 */

#include "server/app.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <uv.h>

#include "discovery/log.h"
#include "server/notify.h"
#include "server/publisher.h"
#include "server/site.h"
#include "server/socket.h"
#include "server/worker.h"

enum { SIGNAL_COUNT = 3 };

struct app {
    const char *config_path;
    uv_loop_t loop;
    uv_signal_t signals[SIGNAL_COUNT];
    struct http *http;
    struct site *site;
    struct publisher *publisher;
    struct worker **workers;
    size_t worker_count;
};

/* The one place that reads the wall clock for serials. */
static uint32_t now_seconds(void)
{
    return (uint32_t)time(NULL);
}

static void on_complaint(void *owner, const char *text)
{
    (void)owner;
    log_event(LEVEL_ERROR, "bad configuration", log_text("error", text));
}

static void app_publish(struct app *app)
{
    struct snapshot *snapshot = publisher_build(app->publisher, app->site, now_seconds());

    for (size_t index = 0; index < app->worker_count; index++) {
        worker_publish(app->workers[index], snapshot);
    }
}

static void on_change(void *owner)
{
    app_publish(owner);
}

/* Read the configuration and make a site of it; nothing of it runs yet. */
static bool site_load(struct app *app, struct site **site)
{
    const struct site_listener listener = {.owner = app, .on_change = on_change};
    struct config *config = config_load(app->config_path, on_complaint, app);
    struct error error;

    if (config == NULL) {
        return false;
    }
    if (!site_new(site, config, &app->loop, app->http, &listener, &error)) {
        on_complaint(app, error.text);
        config_free(config);
        return false;
    }
    if (config->unbuilt != NULL) {
        log_event(LEVEL_WARNING, "these keys are accepted but their feature is not built yet",
                  log_text("keys", config->unbuilt));
    }
    log_set_level(config->log_level);
    return true;
}

static bool listens_are_same(const struct config *left, const struct config *right)
{
    if (left->listen_count != right->listen_count || left->workers != right->workers) {
        return false;
    }
    for (size_t index = 0; index < left->listen_count; index++) {
        if (strcmp(left->listens[index].text, right->listens[index].text) != 0) {
            return false;
        }
    }
    return true;
}

static void app_reload(struct app *app)
{
    struct site *site = NULL;
    struct site *old = app->site;

    notify_reloading();
    if (!site_load(app, &site)) {
        log_event(LEVEL_ERROR, "reload refused, nothing changed",
                  log_text("file", app->config_path));
    } else {
        if (!listens_are_same(site_config(old), site_config(site))) {
            log_event(LEVEL_WARNING, "listen and workers change at the next restart only",
                      log_text("file", app->config_path));
        }
        site_adopt(site, old);
        app->site = site;
        site_free(old);
        app_publish(app);
        site_start(site);
        log_event(LEVEL_NOTICE, "reloaded", log_text("file", app->config_path));
    }
    notify_send("READY=1");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;

    if (number == SIGHUP) {
        app_reload(app);
        return;
    }
    log_event(LEVEL_NOTICE, "ending", log_text("signal", sigabbrev_np(number)));
    notify_send("STOPPING=1");
    uv_stop(&app->loop);
}

static void signals_open(struct app *app)
{
    static const int numbers[SIGNAL_COUNT] = {SIGHUP, SIGINT, SIGTERM};

    signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error of write(2), not our end */
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        uv_signal_init(&app->loop, &app->signals[index]);
        app->signals[index].data = app;
        uv_signal_start(&app->signals[index], on_signal, numbers[index]);
    }
}

/* Bind every worker's sockets; then start the threads. */
static bool workers_open(struct app *app, struct snapshot *snapshot, struct error *error)
{
    const struct config *config = site_config(app->site);
    struct sockaddr_storage *addresses = memory_new(config->listen_count * sizeof(*addresses));
    bool is_open = false;

    for (size_t index = 0; index < config->listen_count; index++) {
        addresses[index] = config->listens[index].address;
    }
    app->workers = memory_new(config->workers * sizeof(struct worker *));
    for (size_t index = 0; index < config->workers; index++) {
        const struct worker *sibling = index == 0 ? NULL : app->workers[0];

        app->workers[index] = worker_new(addresses, config->listen_count, sibling, snapshot, error);
        if (app->workers[index] == NULL) {
            goto out;
        }
        app->worker_count++;
    }
    for (size_t index = 0; index < app->worker_count; index++) {
        if (!worker_start(app->workers[index], error)) {
            goto out;
        }
    }
    is_open = true;

out:
    free(addresses);
    return is_open;
}

static void workers_close(struct app *app)
{
    for (size_t index = 0; index < app->worker_count; index++) {
        worker_stop(app->workers[index]);
    }
    for (size_t index = 0; index < app->worker_count; index++) {
        worker_free(app->workers[index]);
    }
    free(app->workers);
}

static void listeners_log(const struct app *app)
{
    const struct config *config = site_config(app->site);

    for (size_t index = 0; index < config->listen_count; index++) {
        char text[SOCKET_ADDRESS_TEXT];

        log_event(LEVEL_NOTICE, "listening",
                  log_text("address",
                           socket_address_to_text(worker_address(app->workers[0], index), text)),
                  log_number("workers", (int64_t)app->worker_count));
    }
}

static bool app_start(struct app *app)
{
    struct error error;

    if (!site_load(app, &app->site)) {
        return false;
    }
    if (!workers_open(app, publisher_build(app->publisher, app->site, now_seconds()), &error)) {
        log_event(LEVEL_ERROR, "cannot start", log_text("error", error.text));
        return false;
    }
    listeners_log(app);
    site_start(app->site);
    notify_send("READY=1");
    return true;
}

/* Sources first, so that nothing is published any more; handles close on the loop's last run. */
static void app_stop(struct app *app)
{
    site_free(app->site);
    http_free(app->http);
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        uv_close((uv_handle_t *)&app->signals[index], NULL);
    }
    workers_close(app);
    publisher_free(app->publisher);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    uv_loop_close(&app->loop);
}

/* Each TCP client takes a descriptor; the soft limit of 1024 is select(2)'s, not ours. */
static void descriptors_allow(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool app_run(const struct app_settings *settings)
{
    struct app app = {.config_path = settings->config_path};
    bool is_started = false;

    descriptors_allow();
    uv_loop_init(&app.loop);
    signals_open(&app);
    app.http = http_new(&app.loop);
    app.publisher = publisher_new();
    is_started = app_start(&app);
    if (is_started) {
        uv_run(&app.loop, UV_RUN_DEFAULT);
    }
    app_stop(&app);
    return is_started;
}
