/* SPDX-License-Identifier: MIT */

/*
 * server/look.c - the sources run on a loop of their own until each has delivered or is given up.
 */

#include "server/look.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "discovery/aws/http.h"
#include "discovery/ec2_client.h"
#include "discovery/ec2_source.h"
#include "discovery/file_source.h"
#include "discovery/source.h"
#include "zones/arena.h"

struct watch;

/* One source on its way. */
struct glance {
    struct watch *watch;
    size_t index;
    struct aws_client *client; /* NULL for a file */
    struct source *source;
    bool is_over;
    unsigned failures;
};

struct watch {
    const struct config *config;
    struct look *look;
    look_warning warning;
    uv_loop_t loop;
    uv_timer_t timer;
    struct glance *glances;
    size_t open; /* not over yet */
    bool has_failed;
    struct error *error;
};

static const char *glance_name(const struct glance *glance)
{
    return glance->watch->config->fleet.sources[glance->index].name;
}

static void glance_end(struct glance *glance)
{
    struct watch *watch = glance->watch;

    glance->is_over = true;
    if (--watch->open == 0) {
        uv_stop(&watch->loop);
    }
}

static void watch_fail(struct watch *watch, const struct error *error)
{
    if (!watch->has_failed) {
        *watch->error = *error;
    }
    watch->has_failed = true;
    uv_stop(&watch->loop);
}

static void on_view_event(void *owner, const struct view_event *event)
{
    (void)owner;
    (void)event;
}

static void on_inventory(void *owner, struct inventory *inventory, int64_t started_ms)
{
    struct glance *glance = owner;
    struct look *look = glance->watch->look;

    if (glance->is_over) {
        inventory_free(inventory);
        return;
    }
    fleet_apply(look->fleet, glance->index, inventory, started_ms, on_view_event, NULL);
    if (glance->watch->config->sources[glance->index].kind == SOURCE_EC2) {
        look->inventories[glance->index] = inventory;
    } else {
        inventory_free(inventory);
    }
    glance_end(glance);
}

static void on_failure(void *owner, const struct error *failure)
{
    struct glance *glance = owner;
    struct error error = *failure;

    if (glance->is_over) {
        return;
    }
    if (glance->watch->config->sources[glance->index].kind == SOURCE_FILE) {
        glance->watch->warning(glance_name(glance), failure);
        glance_end(glance);
        return;
    }
    glance->failures++;
    if (glance->failures < LOOK_FAILURES && strstr(error.text, "UnauthorizedOperation") == NULL) {
        return; /* the source tries again by itself */
    }
    (void)error_prefix(&error, "%s: looking at the instances (ec2:DescribeInstances)",
                       glance_name(glance));
    watch_fail(glance->watch, &error);
}

static void on_timeout(uv_timer_t *timer)
{
    struct error error;

    (void)error_set(&error, "no complete look at the sources within %d s", LOOK_TIMEOUT_MS / 1000);
    watch_fail(timer->data, &error);
}

static void glance_open(struct glance *glance, struct http *http)
{
    struct watch *watch = glance->watch;
    const struct config_source *source = &watch->config->sources[glance->index];
    const struct source_listener listener = {
        .owner = glance, .on_inventory = on_inventory, .on_failure = on_failure};

    switch (source->kind) {
    case SOURCE_EC2:
        glance->client = ec2_client_new(&watch->loop, http, &source->ec2);
        glance->source = ec2_source_new(&watch->loop, glance->client, &source->ec2, &listener);
        break;
    case SOURCE_FILE:
        glance->source = file_source_new(&watch->loop, &source->file, &listener);
        break;
    }
    source_start(glance->source, 0);
}

static void watch_run(struct watch *watch)
{
    struct http *http = NULL;
    size_t count = watch->config->fleet.source_count;

    uv_loop_init(&watch->loop);
    uv_timer_init(&watch->loop, &watch->timer);
    watch->timer.data = watch;
    uv_timer_start(&watch->timer, on_timeout, LOOK_TIMEOUT_MS, 0);
    http = http_new(&watch->loop);
    watch->glances = memory_new((count + 1) * sizeof(*watch->glances));
    watch->open = count;
    for (size_t i = 0; i < count; i++) {
        watch->glances[i] = (struct glance){.watch = watch, .index = i};
        glance_open(&watch->glances[i], http);
    }
    if (count > 0) {
        uv_run(&watch->loop, UV_RUN_DEFAULT);
    }
    for (size_t i = 0; i < count; i++) {
        source_stop(watch->glances[i].source);
        if (watch->glances[i].client != NULL) {
            aws_client_free(watch->glances[i].client);
        }
    }
    http_free(http);
    uv_close((uv_handle_t *)&watch->timer, NULL);
    uv_run(&watch->loop, UV_RUN_DEFAULT);
    uv_loop_close(&watch->loop);
    free(watch->glances);
}

bool look_take(struct look *look, const struct config *config, look_warning warning,
               struct error *error)
{
    struct watch watch = {.config = config, .look = look, .warning = warning, .error = error};

    *look = (struct look){0};
    if (!fleet_new(&look->fleet, &config->fleet, error)) {
        return false;
    }
    look->inventories = memory_new((config->fleet.source_count + 1) * sizeof(struct inventory *));
    watch_run(&watch);
    if (watch.has_failed) {
        look_free(look, config);
        return false;
    }
    return true;
}

void look_free(struct look *look, const struct config *config)
{
    for (size_t i = 0; look->inventories != NULL && i < config->fleet.source_count; i++) {
        inventory_free(look->inventories[i]);
    }
    free(look->inventories);
    fleet_free(look->fleet);
    *look = (struct look){0};
}
