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

/* ---- place ---- */

/*
 * The files are read once: what decides where services answer must not change under a client. Of
 * the profile only that is kept, not the keys.
 */
static bool profile_take(struct aws_client *client, struct error *error)
{
    struct aws_profile profile;
    struct aws_profile *kept = &client->profile;
    struct arena arena;
    bool read;

    arena_init(&arena);
    read = aws_profile_read(client->environment, &arena, &profile, error);
    if (read) {
        *kept = (struct aws_profile){
            .name = arena_string(&client->arena, profile.name),
            .region = arena_string(&client->arena, profile.region),
            .endpoint_url = arena_string(&client->arena, profile.endpoint_url),
            .use_fips = profile.use_fips,
            .use_dualstack = profile.use_dualstack,
            .ignore_endpoints = profile.ignore_endpoints,
        };
        for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
            kept->service_urls[i] = arena_string(&client->arena, profile.service_urls[i]);
        }
        client->place.profile = kept;
    }
    arena_free(&arena);
    return read;
}

/* Of several calls that asked for it the first one's answer stays: others borrow it. */
static bool region_take(struct aws_client *client, const char *region, const char *where,
                        struct error *error)
{
    if (!aws_region_valid(region)) {
        return error_set(error, "%s: \"%s\" is not a region like eu-west-1", where, region);
    }
    if (client->place.region == NULL) {
        client->place.region = arena_string(&client->arena, region);
        credential_cache_set_place(client->credentials, &client->place);
        if (client->region_found != NULL) {
            client->region_found(client->region_owner);
        }
    }
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

/* NULL when nothing but the instance's metadata can tell. */
static const char *region_look(const struct aws_client *client, const char **where)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

    *where = "region";
    if (strcmp(client->wanted_region, "self") != 0) {
        return client->wanted_region;
    }
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *region = aws_variable(client->environment, variables[i]);

        *where = variables[i];
        if (region != NULL) {
            return region;
        }
    }
    *where = "region of the profile";
    return client->profile.region;
}

static void call_begin(struct aws_call *call)
{
    struct aws_client *client = call->client;
    const char *region;
    const char *where;
    struct error error;

    call->begun = true;
    if (client->place.region != NULL) {
        aws_call_go_on(call);
        return;
    }
    if (client->place.profile == NULL && !profile_take(client, &error)) {
        aws_call_fail_early(call, &error);
        return;
    }
    region = region_look(client, &where);
    if (region == NULL) {
        call->region_query =
            imds_ask(client->imds, "/latest/meta-data/placement/region", on_region, call, &error);
        if (call->region_query == NULL) {
            on_region(call, NULL, &error);
        }
    } else if (region_take(client, region, where, &error)) {
        aws_call_go_on(call);
    } else {
        aws_call_fail_early(call, &error);
    }
}

/* ---- usage ---- */

size_t aws_client_action(struct aws_client *client, const char *action)
{
    for (size_t i = 0; i < client->usage_count; i++) {
        if (strcmp(client->usage[i].action, action) == 0) {
            return i;
        }
    }
    client->usage = memory_grow(client->usage, client->usage_count + 1, sizeof(*client->usage));
    client->usage[client->usage_count] =
        (struct aws_usage){.action = arena_string(&client->arena, action)};
    return client->usage_count++;
}

size_t aws_client_usage(const struct aws_client *client, const struct aws_usage **usage)
{
    *usage = client->usage;
    return client->usage_count;
}

/* ---- client ---- */

static uint32_t kernel_random(void)
{
    return arc4random();
}

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
    client->proxy = settings->proxy;
    client->random = settings->random == NULL ? kernel_random : settings->random;
    arena_init(&client->arena);
    client->wanted_region = arena_string(&client->arena, settings->region);
    client->place.environment = client->environment;
    retry_quota_fill(&client->quota);
    client->imds = imds_new(http, client->environment);
    client->credentials = credential_cache_new(
        loop, &(struct credential_settings){.environment = client->environment,
                                            .http = http,
                                            .imds = client->imds,
                                            .role_arn = settings->role_arn,
                                            .external_id = settings->external_id,
                                            .proxy = settings->proxy,
                                            .clock_offset_s = &client->clock_offset_s});
    (void)uv_timer_init(loop, &client->wake);
    client->wake.data = client;
    return client;
}

/* The client itself stays until here: on_wake() may be below us. */
static void on_closed(uv_handle_t *handle)
{
    struct aws_client *client = handle->data;

    arena_free(&client->arena);
    free(client->usage);
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
    return client->place.region;
}

void aws_client_watch_region(struct aws_client *client, aws_region_found found, void *owner)
{
    client->region_found = found;
    client->region_owner = owner;
}

int64_t aws_client_now_s(const struct aws_client *client)
{
    return client->environment->now_s() + client->date_offset_s;
}
