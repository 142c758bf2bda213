/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/client.c - the client of a region, finding that region, and calls' beginning.
 *
 * Every call begins from a timer of the client, so that its `done` never comes from within
 * aws_call_start() although any of the steps may fail at once.
 */

#include "discovery/aws/client.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/aws/profile.h"

/* ---- region ---- */

static bool region_take(struct aws_client *client, const char *region, const char *where,
                        struct error *error)
{
    if (!aws_region_valid(region)) {
        return error_set(error, "%s: \"%s\" is not a region like eu-west-1", where, region);
    }
    free(client->region);
    client->region = memory_string(region);
    return true;
}

static void on_region(void *owner, const char *text, const struct error *error)
{
    struct aws_call *call = owner;
    struct error wrong;

    call->region_query = NULL;
    if (error != NULL) {
        wrong = *error;
        (void)error_prefix(&wrong, "no region in configuration, environment or profile");
        aws_call_fail_early(call, &wrong);
    } else if (!region_take(call->client, text, "instance metadata", &wrong)) {
        aws_call_fail_early(call, &wrong);
    } else {
        aws_call_go_on(call);
    }
}

/* True also when nothing but the instance's metadata can tell: `region` is NULL then. */
static bool region_look(const struct aws_client *client, struct arena *arena, const char **region,
                        const char **where, struct error *error)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    struct aws_profile profile;

    *where = "region";
    *region = strcmp(client->wanted_region, "self") == 0 ? NULL : client->wanted_region;
    for (size_t i = 0; i < 2 && *region == NULL; i++) {
        *where = variables[i];
        *region = aws_variable(client->environment, variables[i]);
    }
    if (*region != NULL) {
        return true;
    }
    if (!aws_profile_read(client->environment, arena, &profile, error)) {
        return false;
    }
    *where = "region of the profile";
    *region = profile.region;
    return true;
}

static void call_begin(struct aws_call *call)
{
    struct aws_client *client = call->client;
    const char *region = NULL;
    const char *where = NULL;
    struct error error;

    call->begun = true;
    if (client->region != NULL) {
        aws_call_go_on(call);
        return;
    }
    if (!region_look(client, &call->arena, &region, &where, &error) ||
        (region != NULL && !region_take(client, region, where, &error))) {
        aws_call_fail_early(call, &error);
    } else if (region != NULL) {
        aws_call_go_on(call);
    } else {
        call->region_query =
            imds_ask(client->imds, "/latest/meta-data/placement/region", on_region, call, &error);
        if (call->region_query == NULL) {
            on_region(call, NULL, &error);
        }
    }
}

/* ---- client ---- */

/* The oldest call that has not begun; those newer than `last_number` wait for another wake. */
static struct aws_call *call_waiting(const struct aws_client *client, uint64_t last_number)
{
    struct aws_call *oldest = NULL;
    struct aws_call *call;

    LIST_FOREACH(call, &client->calls, in_client)
    {
        if (!call->begun && call->number <= last_number) {
            oldest = call;
        }
    }
    return oldest;
}

static void on_wake(uv_timer_t *wake)
{
    struct aws_client *client = wake->data;
    uint64_t last_number = client->last_number;
    struct aws_call *call;

    while ((call = call_waiting(client, last_number)) != NULL) {
        call_begin(call);
    }
}

void aws_client_wake(struct aws_client *client)
{
    (void)uv_timer_start(&client->wake, on_wake, 0, 0);
}

struct aws_client *aws_client_new(uv_loop_t *loop, struct http *http,
                                  const struct aws_client_settings *settings)
{
    struct aws_client *client = memory_new(sizeof(*client));

    client->http = http;
    client->environment =
        settings->environment == NULL ? aws_environment_process() : settings->environment;
    client->wanted_region = memory_string(settings->region);
    client->imds = imds_new(http, client->environment);
    client->credentials = credential_cache_new(client->environment, client->imds);
    (void)uv_timer_init(loop, &client->wake);
    client->wake.data = client;
    return client;
}

/* The client itself stays until here: on_wake() may be below us. */
static void on_closed(uv_handle_t *handle)
{
    struct aws_client *client = handle->data;

    free(client->wanted_region);
    free(client->region);
    free(client);
}

void aws_client_free(struct aws_client *client)
{
    for (struct aws_call *call = LIST_FIRST(&client->calls), *next; call != NULL; call = next) {
        next = LIST_NEXT(call, in_client);
        aws_call_free(call);
    }
    credential_cache_free(client->credentials);
    imds_free(client->imds);
    uv_close((uv_handle_t *)&client->wake, on_closed);
}

const char *aws_client_region(const struct aws_client *client)
{
    return client->region;
}

int64_t aws_client_now_s(const struct aws_client *client)
{
    return client->environment->now_s() + client->date_offset_s;
}
