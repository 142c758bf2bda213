/* SPDX-License-Identifier: MIT */

/*
 * server/app.c - wiring of the main thread.
 *
 *     sources -> site -> publisher -> a snapshot into each worker's mailbox
 *
 * Start: configuration, sockets, rights given up; then whatever else is read from outside; first
 * snapshot (what the disk has, else empty), threads, sources; so that whatever can fail fails
 * before anything runs, and a query that comes early gets SERVFAIL, not silence.
 */

#include "server/app.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "discovery/json_write.h"
#include "discovery/log.h"
#include "server/control.h"
#include "server/explain_document.h"
#include "server/last_good.h"
#include "server/log_pulse.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/privileges.h"
#include "server/publisher.h"
#include "server/rate_limit_log.h"
#include "server/readiness.h"
#include "server/respond_rules.h"
#include "server/restart_keys.h"
#include "server/retirement.h"
#include "server/site.h"
#include "server/socket.h"
#include "server/status.h"
#include "server/term_timer.h"
#include "server/worker_pool.h"

enum { SIGNAL_COUNT = 3 };

struct app {
    const char *config_path;
    uv_loop_t loop;
    uv_signal_t signals[SIGNAL_COUNT];
    struct http *http;
    struct site *site;
    struct publisher *publisher;
    struct retirement *retirement; /* of the snapshot before */
    struct term_timer *term_timer;
    struct last_good *last_good; /* NULL before the start */
    struct worker_pool *workers;
    struct rate_limit_log *rate_limit_log;
    struct log_pulse *log_pulse;
    struct respond_rules rules;
    struct snapshot *snapshot;      /* the newest, borrowed from the publisher */
    struct control *control;        /* NULL: there is none */
    struct json_writer *complaints; /* of the reload that a client waits for, else NULL */
};

static void on_complaint(void *owner, const char *text)
{
    struct app *app = owner;

    log_event(LEVEL_ERROR, "bad configuration", log_text("error", text));
    if (app->complaints != NULL) {
        json_write_text(app->complaints, NULL, text);
    }
}

static struct snapshot *snapshot_replace(struct app *app, const struct fleet_moment *now)
{
    retirement_keep(app->retirement, app->snapshot);
    return publisher_build(app->publisher, app->site, now);
}

/* The one place where the wall clock gets into what is served: holds end by it, serials are made
 * of it. */
static struct snapshot *app_build(struct app *app)
{
    const struct fleet_moment now = {wall_clock_ms() / 1000, (int64_t)uv_now(&app->loop)};
    struct snapshot *snapshot = snapshot_replace(app, &now);
    const struct fleet *fleet = site_fleet(app->site);
    const struct term term = {now.now_s, fleet_next_change_s(fleet, now.now_s),
                              fleet_next_change_ms(fleet, now.now_ms)};

    term_timer_arm(app->term_timer, &term);
    app->snapshot = snapshot;
    return snapshot;
}

static void app_publish(struct app *app)
{
    worker_pool_publish(app->workers, app_build(app));
    last_good_keep(app->last_good, app->site);
}

static void on_change(void *owner)
{
    app_publish(owner);
}

/* Make a site of `config`, which is taken over; nothing of it runs yet. NULL was complained of. */
static bool site_load(struct app *app, struct site **site, struct config *config)
{
    const struct site_listener listener = {.owner = app, .on_change = on_change};
    struct error error;

    if (config == NULL) {
        return false;
    }
    if (!site_new(site, config, &app->loop, app->http, &listener, &error)) {
        on_complaint(app, error.text);
        config_free(config);
        return false;
    }
    if (!respond_rules_update(&app->rules, app->site == NULL ? NULL : site_config(app->site),
                              config, &error)) {
        on_complaint(app, error.text);
        site_free(*site);
        *site = NULL;
        return false;
    }
    for (size_t index = 0; index < config->warning_count; index++) {
        log_event(LEVEL_WARNING, "unwise configuration", log_text("file", app->config_path),
                  log_number("line", config->warnings[index].line),
                  log_text("warning", config->warnings[index].text));
    }
    if (config->unbuilt != NULL) {
        log_event(LEVEL_WARNING, "these keys are accepted but their feature is not built yet",
                  log_text("keys", config->unbuilt));
    }
    log_set_level(config->log_level);
    return true;
}

/* False when the configuration was refused. */
static bool app_reload(struct app *app)
{
    struct site *site = NULL;
    struct site *old = app->site;

    notify_reloading();
    if (!site_load(app, &site, config_load(app->config_path, on_complaint, app))) {
        log_event(LEVEL_ERROR, "reload refused, nothing changed",
                  log_text("file", app->config_path));
    } else {
        restart_keys_warn(site_config(old), site_config(site));
        site_adopt(site, old);
        app->site = site;
        site_free(old);
        worker_pool_set_rate_limit(app->workers, site_config(site));
        worker_pool_set_rules(app->workers, &app->rules);
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
                                 .seen = worker_pool_seen(app->workers),
                                 .seen_count = worker_pool_count(app->workers),
                                 .state = last_good_past(app->last_good),
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
    text = metrics_to_text(&served, worker_pool_counters(app->workers),
                           worker_pool_count(app->workers));
    arena_free(&arena);
    return text;
}

static char *on_explain(void *owner, const char *subject)
{
    const struct app *app = owner;
    const struct fleet_moment now = {wall_clock_ms() / 1000, (int64_t)uv_now(&app->loop)};

    return explain_to_json(site_fleet(app->site), subject, &now);
}

static size_t on_accept(void *owner, const char *cluster)
{
    const struct app *app = owner;

    return site_accept(app->site, cluster);
}

static char *on_ready(void *owner, bool *is_ready)
{
    const struct served_input input = app_served(owner);

    return readiness_to_json(&input, is_ready);
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
                                              .metrics = on_metrics,
                                              .explain = on_explain,
                                              .accept = on_accept,
                                              .ready = on_ready};
    const char *path = site_config(app->site)->control_path;
    struct error error;

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
    signal(SIGXFSZ, SIG_IGN); /* and so is a limit on the size of files */
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        uv_signal_init(&app->loop, &app->signals[index]);
        app->signals[index].data = app;
        uv_signal_start(&app->signals[index], on_signal, numbers[index]);
    }
}

/* What needs the rights that we were started with, and then their end. */
static bool app_bind(struct app *app, const struct config *config, struct error *error)
{
    const struct privileges_wish wish = {config->user, config->state_dir, config->control_path};

    if (!worker_pool_open(&app->workers, config, error) || !privileges_drop(&wish, error)) {
        return false;
    }
    if (access(app->config_path, R_OK) != 0) {
        log_event(LEVEL_WARNING, "the configuration cannot be read any more, so no reload will do",
                  log_text("file", app->config_path), log_text("error", strerrordesc_np(errno)));
    }
    return true;
}

static bool app_load(struct app *app, struct error *error)
{
    struct config *config = config_load(app->config_path, on_complaint, app);

    if (config == NULL) {
        return error_set(error, "%s has errors", app->config_path);
    }
    if (!app_bind(app, config, error)) {
        config_free(config);
        return false;
    }
    return site_load(app, &app->site, config) ||
           error_set(error, "%s names files with errors", app->config_path);
}

static bool app_start(struct app *app)
{
    struct error error;

    if (!app_load(app, &error) || !last_good_open(&app->last_good, &app->loop, app->site, &error)) {
        goto fail;
    }
    last_good_restore(app->last_good, app->site);
    worker_pool_publish(app->workers, app_build(app));
    worker_pool_set_rules(app->workers, &app->rules);
    if (!worker_pool_start(app->workers, site_config(app->site), &error)) {
        goto fail;
    }
    app->rate_limit_log = rate_limit_log_new(&app->loop, worker_pool_counters(app->workers),
                                             worker_pool_count(app->workers));
    app_control_open(app);
    site_start(app->site);
    notify_send("READY=1");
    return true;

fail:
    log_event(LEVEL_ERROR, "cannot start", log_text("error", error.text));
    return false;
}

/* The loop has ended, so nothing is published any more; the workers answer while the state goes to
 * disk. Handles close on the loop's last run. */
static void app_stop(struct app *app)
{
    control_close(app->control);
    rate_limit_log_close(app->rate_limit_log);
    log_pulse_close(app->log_pulse);
    last_good_close(app->last_good);
    site_free(app->site);
    http_free(app->http);
    term_timer_close(app->term_timer);
    retirement_close(app->retirement);
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        uv_close((uv_handle_t *)&app->signals[index], NULL);
    }
    worker_pool_close(app->workers);
    explicit_bzero(&app->rules, sizeof(app->rules));
    publisher_free(app->publisher);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    uv_loop_close(&app->loop);
}

bool app_run(const struct app_settings *settings)
{
    struct app app = {.config_path = settings->config_path};
    bool is_started = false;

    socket_limit_raise();
    uv_loop_init(&app.loop);
    signals_open(&app);
    app.http = http_new(&app.loop);
    app.log_pulse = log_pulse_new(&app.loop);
    app.publisher = publisher_new();
    app.retirement = retirement_new(&app.loop);
    app.term_timer = term_timer_new(&app.loop, on_change, &app);
    is_started = app_start(&app);
    if (is_started) {
        uv_run(&app.loop, UV_RUN_DEFAULT);
    }
    app_stop(&app);
    log_tell_left_out(true);
    return is_started;
}
