/* SPDX-License-Identifier: MIT */

/*
 * server/order_write.c - one tag writer a source, one after the other: each source may be another
 * region with other names of tags.
 */

#include "server/order_write.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "discovery/aws/call.h"
#include "discovery/aws/http.h"
#include "discovery/ec2_client.h"
#include "zones/arena.h"

/* One source's part of the plan. */
struct batch {
    const char **ids;
    size_t *places; /* in the plan */
    size_t count;
    enum tag_outcome *outcomes; /* of the whole plan */
    struct error *error;
};

static void on_written(void *owner, const enum tag_outcome *outcomes, const struct error *error)
{
    struct batch *batch = owner;

    for (size_t i = 0; i < batch->count; i++) {
        batch->outcomes[batch->places[i]] = outcomes[i];
    }
    if (batch->error->text[0] == '\0') {
        *batch->error = *error;
    }
}

static void batch_write(struct batch *batch, const struct ec2_settings *settings,
                        const struct tag_change *change)
{
    const struct tag tag = {
        change->kind == CHANGE_WEIGHT ? settings->weight_tag : settings->hold_tag, change->value};
    const struct tag_order order = {
        .ids = batch->ids, .id_count = batch->count, .tags = &tag, .tag_count = 1};
    uv_loop_t loop;
    struct http *http = NULL;
    struct aws_client *client = NULL;

    uv_loop_init(&loop);
    http = http_new(&loop);
    client = ec2_client_new(&loop, http, settings);
    (void)tag_writer_start(&loop, client, &order, on_written, batch);
    uv_run(&loop, UV_RUN_DEFAULT);
    aws_client_free(client);
    http_free(http);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

void order_write(const struct config *config, const struct tag_plan *plan,
                 const struct tag_change *change, enum tag_outcome *outcomes, struct error *error)
{
    struct arena arena;

    error->text[0] = '\0';
    arena_init(&arena);
    for (size_t source = 0; source < config->fleet.source_count; source++) {
        struct batch batch = {.ids = arena_array(&arena, plan->count, sizeof(const char *)),
                              .places = arena_array(&arena, plan->count, sizeof(size_t)),
                              .outcomes = outcomes,
                              .error = error};

        for (size_t i = 0; i < plan->count; i++) {
            if (plan->entries[i].is_chosen && plan->entries[i].candidate->source == source) {
                batch.ids[batch.count] = plan->entries[i].candidate->id;
                batch.places[batch.count++] = i;
            }
        }
        if (batch.count > 0) {
            batch_write(&batch, &config->sources[source].ec2, change);
        }
    }
    arena_free(&arena);
}
