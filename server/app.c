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
#include <uv.h>

#include "discovery/json_write.h"
#include "discovery/log.h"
#include "server/control.h"
#include "server/hold_timer.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/publisher.h"
#include "server/site.h"
#include "server/socket.h"
#include "server/status.h"
#include "server/worker.h"

enum { SIGNAL_COUNT = 3 };

struct app {
    const char *config_path;
    uv_loop_t loop;
    uv_signal_t signals[SIGNAL_COUNT];
    struct http *http;
    struct site *site;
    struct publisher *publisher;
    struct hold_timer *hold_timer;
    struct worker **workers;
    size_t worker_count;
    const struct seen_table **seen;   /* each worker's */
    const struct counters **counters; /* each worker's */
    const struct snapshot *snapshot;  /* the newest, borrowed from the publisher */
    struct control *control;          /* NULL: there is none */
    struct json_writer *complaints;   /* of the reload that a client waits for, else NULL */
};

static void on_complaint(void *owner, const char *text)
{
    struct app *app = owner;

    log_event(LEVEL_ERROR, "bad configuration", log_text("error", text));
    if (app->complaints != NULL) {
        json_write_text(app->complaints, NULL, text);
    }
}

/* The one place where the wall clock gets into what is served: holds end by it, serials are made
 * of it. */
static struct snapshot *app_build(struct app *app)
{
    int64_t now_s = wall_clock_ms() / 1000;
    struct snapshot *snapshot = publisher_build(app->publisher, app->site, now_s);
    const struct hold_term term = {now_s, fleet_next_change_s(site_fleet(app->site), now_s)};

    hold_timer_arm(app->hold_timer, &term);
    app->snapshot = snapshot;
    return snapshot;
}

static void app_publish(struct app *app)
{
    struct snapshot *snapshot = app_build(app);

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

static void unchanged_warn(const struct config *old, const struct config *config)
{
    if (!listens_are_same(old, config)) {
        log_event(LEVEL_WARNING, "listen and workers change at the next restart only",
                  log_text("file", config->path));
    }
    if (strcmp(old->control_path, config->control_path) != 0) {
        log_event(LEVEL_WARNING, "control changes at the next restart only",
                  log_text("file", config->path));
    }
}

/* False when the configuration was refused. */
static bool app_reload(struct app *app)
{
    struct site *site = NULL;
    struct site *old = app->site;

    notify_reloading();
    if (!site_load(app, &site)) {
        log_event(LEVEL_ERROR, "reload refused, nothing changed",
                  log_text("file", app->config_path));
    } else {
        unchanged_warn(site_config(old), site_config(site));
        site_adopt(site, old);
        app->site = site;
        site_free(old);
        app_publish(app);
        site_start(site);
        log_event(LEVEL_NOTICE, "reloaded", log_text("file", app->config_path));
    }
    notify_send("READY=1");
    return site != NULL;
}

/* ---- what the control socket asks for ---- */

static struct served_input app_served(const struct app *app)
{
    return (struct served_input){.site = app->site,
                                 .snapshot = app->snapshot,
                                 .seen = app->seen,
                                 .seen_count = app->worker_count,
                                 .now_s = wall_clock_ms() / 1000,
                                 .now_ms = (int64_t)uv_now(&app->loop)};
}

static char *on_status(void *owner, const char *cluster)
{
    const struct served_input input = app_served(owner);

    return status_to_json(&input, cluster);
}

static char *on_metrics(void *owner)
{
    const struct app *app = owner;
    const struct served_input input = app_served(app);
    struct served served;
    struct arena arena;
    char *text = NULL;

    arena_init(&arena);
    served = served_gather(&input, NULL, &arena);
    text = metrics_to_text(&served, app->counters, app->worker_count);
    arena_free(&arena);
    return text;
}

static void on_refresh(void *owner)
{
    const struct app *app = owner;

    site_refresh(app->site);
}

static bool on_reload(void *owner, char **text)
{
    struct app *app = owner;
    struct json_writer writer;
    bool is_reloaded = false;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_array(&writer, "errors");
    app->complaints = &writer;
    is_reloaded = app_reload(app);
    app->complaints = NULL;
    *text = json_writer_close(&writer);
    return is_reloaded;
}

/* Without it everything is served all the same; the folder of the default may not be ours. */
static void app_control_open(struct app *app)
{
    const struct control_handlers handlers = {.owner = app,
                                              .status = on_status,
                                              .refresh = on_refresh,
                                              .reload = on_reload,
                                              .metrics = on_metrics};
    const char *path = site_config(app->site)->control_path;
    struct error error;

    app->seen = memory_new(app->worker_count * sizeof(const struct seen_table *));
    app->counters = memory_new(app->worker_count * sizeof(const struct counters *));
    for (size_t index = 0; index < app->worker_count; index++) {
        app->seen[index] = worker_seen(app->workers[index]);
        app->counters[index] = worker_counters(app->workers[index]);
    }
    if (control_open(&app->control, &app->loop, path, &handlers, &error)) {
        log_event(LEVEL_INFO, "control socket", log_text("path", path));
    } else {
        log_event(LEVEL_WARNING, "no control socket, the verbs cannot reach this server",
                  log_text("error", error.text));
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;

    if (number == SIGHUP) {
        (void)app_reload(app);
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
    if (!workers_open(app, app_build(app), &error)) {
        log_event(LEVEL_ERROR, "cannot start", log_text("error", error.text));
        return false;
    }
    listeners_log(app);
    app_control_open(app);
    site_start(app->site);
    notify_send("READY=1");
    return true;
}

/* Sources first, so that nothing is published any more; handles close on the loop's last run. */
static void app_stop(struct app *app)
{
    control_close(app->control);
    site_free(app->site);
    http_free(app->http);
    hold_timer_close(app->hold_timer);
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        uv_close((uv_handle_t *)&app->signals[index], NULL);
    }
    workers_close(app);
    free(app->seen);
    free(app->counters);
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
    app.hold_timer = hold_timer_new(&app.loop, on_change, &app);
    is_started = app_start(&app);
    if (is_started) {
        uv_run(&app.loop, UV_RUN_DEFAULT);
    }
    app_stop(&app);
    return is_started;
}
