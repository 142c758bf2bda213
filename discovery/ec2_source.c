/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_source.c - the polling loop around DescribeInstances.
 *
 * One timer starts polls; a poll is one call after the other, each asking for the page that the
 * one before named. Either the timer runs or a call is under way.
 */

#include "discovery/ec2_source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "discovery/aws/call.h"
#include "discovery/aws/ec2_reply.h"
#include "discovery/backoff.h"
#include "discovery/ec2_request.h"
#include "discovery/log.h"

/* Ten times the full pages that EC2_INSTANCE_LIMIT fills: pages may be short, or empty. */
enum { EC2_MAX_PAGES = 10 * EC2_INSTANCE_LIMIT / 1000 };

/* One complete look in the making. */
struct poll {
    int64_t started_ms;
    bool is_refresh;             /* somebody asked for it */
    struct inventory *inventory; /* NULL: none under way */
    const char *tokens[EC2_MAX_PAGES];
    size_t page_count;
    size_t skipped;
};

struct ec2_source {
    struct source source;
    const struct ec2_settings *settings;
    uv_loop_t *loop;
    uv_timer_t timer;
    struct aws_client *client;
    struct aws_call *call; /* NULL: none under way */
    bool refresh_wanted;   /* and not begun */

    struct arena arena;
    struct ec2_request request;

    struct poll poll;
    int64_t no_refresh_before_ms;
    unsigned failures;
    size_t skipped_last; /* to complain only when it changes */
    uint64_t random_state;
};

/* SplitMix64 (Steele, Lea, Flood 2014): spreading polls needs no more. */
static uint32_t random_next(struct ec2_source *self)
{
    self->random_state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = self->random_state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return (uint32_t)(mixed >> 32);
}

static void random_seed(struct ec2_source *self)
{
    if (getrandom(&self->random_state, sizeof(self->random_state), GRND_NONBLOCK) !=
        sizeof(self->random_state)) {
        self->random_state = uv_hrtime();
    }
}

static void on_timer(uv_timer_t *timer);
static void on_page(void *owner, const struct aws_result *result);

/* The earliest moment for a look that somebody asks for. */
static int64_t refresh_due_ms(const struct ec2_source *self)
{
    int64_t now_ms = (int64_t)uv_now(self->loop);
    return self->no_refresh_before_ms > now_ms ? self->no_refresh_before_ms : now_ms;
}

static void poll_schedule(struct ec2_source *self)
{
    const struct backoff backoff = {self->settings->poll_ms, EC2_BACKOFF_LIMIT};
    int64_t now_ms = (int64_t)uv_now(self->loop);
    int64_t next_ms =
        backoff_next_ms(&backoff, self->poll.started_ms, now_ms, self->failures, random_next(self));
    if (self->refresh_wanted && refresh_due_ms(self) < next_ms) {
        next_ms = refresh_due_ms(self);
    }
    uv_timer_start(&self->timer, on_timer, (uint64_t)(next_ms - now_ms), 0);
}

/* The state is that of a source at rest before the listener is called: it may stop us. */
static void poll_fail(struct ec2_source *self, const struct error *error)
{
    const struct backoff backoff = {EC2_REFRESH_GAP_MS, EC2_REFRESH_BACKOFF_LIMIT};
    inventory_free(self->poll.inventory);
    self->poll.inventory = NULL;
    self->failures++;
    int64_t backed_off_ms =
        backoff_next_ms(&backoff, self->poll.started_ms, (int64_t)uv_now(self->loop),
                        self->failures, random_next(self));
    if (backed_off_ms > self->no_refresh_before_ms) {
        self->no_refresh_before_ms = backed_off_ms;
    }
    /* Who asked for this look has seen nothing yet. */
    self->refresh_wanted = self->refresh_wanted || self->poll.is_refresh;
    poll_schedule(self);
    self->source.listener.on_failure(self->source.listener.owner, error);
}

static void poll_succeed(struct ec2_source *self)
{
    struct inventory *inventory = self->poll.inventory;
    self->poll.inventory = NULL;
    self->failures = 0;
    inventory_finish(inventory);
    if (self->poll.skipped != self->skipped_last) {
        self->skipped_last = self->poll.skipped;
        log_event(LEVEL_WARNING, "instances without an id skipped",
                  log_text("source", self->settings->name),
                  log_number("instances", (int64_t)self->poll.skipped));
    }
    poll_schedule(self);
    self->source.listener.on_inventory(self->source.listener.owner, inventory,
                                       self->poll.started_ms);
}

static void page_request(struct ec2_source *self)
{
    const struct poll *poll = &self->poll;
    const char *token = poll->page_count == 0 ? NULL : poll->tokens[poll->page_count - 1];
    size_t count = ec2_request_page(&self->request, token);
    self->call =
        aws_call_start(self->client, AWS_EC2, self->request.parameters, count, on_page, self);
}

/* A token that comes again would have us go round for ever. */
static bool token_add(struct poll *poll, const char *token, struct error *error)
{
    for (size_t i = 0; i < poll->page_count; i++) {
        if (strcmp(poll->tokens[i], token) == 0) {
            return error_set(error, "its nextToken is that of page %zu", i + 1);
        }
    }
    if (poll->page_count == EC2_MAX_PAGES - 1) {
        return error_set(error, "more than %d pages", EC2_MAX_PAGES);
    }
    poll->tokens[poll->page_count++] = token;
    return true;
}

/* True: the poll goes on, or `*complete`. */
static bool page_take(struct ec2_source *self, const struct aws_result *result, bool *complete,
                      struct error *error)
{
    struct poll *poll = &self->poll;
    const struct ec2_settings *settings = self->settings;
    const struct ec2_tag_names tags = {
        .group = settings->group_tag,
        .weight = settings->weight_tag,
        .address = settings->address_tag,
        .port = settings->port_tag,
        .hold = settings->hold_tag,
        .drain_since = settings->drain_since_tag,
    };
    struct ec2_page page;
    if (result->failure != NULL) {
        *error = result->failure->error;
        return false;
    }
    if (!ec2_reply_parse(result->body, result->body_length, &tags, poll->inventory, &page, error)) {
        return false;
    }
    poll->skipped += page.skipped;
    *complete = page.next_token == NULL;
    return *complete || token_add(poll, page.next_token, error);
}

static void on_page(void *owner, const struct aws_result *result)
{
    struct ec2_source *self = owner;
    struct error error;
    bool complete = false;
    self->call = NULL;
    if (!page_take(self, result, &complete, &error)) {
        error_prefix(&error, "page %zu", self->poll.page_count + 1);
        poll_fail(self, &error);
    } else if (complete) {
        poll_succeed(self);
    } else {
        page_request(self);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct ec2_source *self = timer->data;
    self->poll.is_refresh = self->refresh_wanted;
    self->refresh_wanted = false;
    self->poll.started_ms = (int64_t)uv_now(self->loop);
    self->no_refresh_before_ms = self->poll.started_ms + EC2_REFRESH_GAP_MS;
    self->poll.inventory = inventory_new();
    self->poll.page_count = 0;
    self->poll.skipped = 0;
    page_request(self);
}

static void ec2_start(struct source *source, int64_t spread_ms)
{
    struct ec2_source *self = (struct ec2_source *)source;
    uint64_t wait_ms = ((uint64_t)spread_ms * random_next(self)) >> 32;
    uv_timer_start(&self->timer, on_timer, wait_ms, 0);
}

static void ec2_refresh(struct source *source)
{
    struct ec2_source *self = (struct ec2_source *)source;
    self->refresh_wanted = true;
    if (self->call != NULL) {
        return;
    }
    /* The look that the timer stands for may be due before. */
    uint64_t wait_ms = (uint64_t)(refresh_due_ms(self) - (int64_t)uv_now(self->loop));
    if (!uv_is_active((uv_handle_t *)&self->timer) || wait_ms < uv_timer_get_due_in(&self->timer)) {
        uv_timer_start(&self->timer, on_timer, wait_ms, 0);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct ec2_source *self = handle->data;
    arena_free(&self->arena);
    free(self);
}

/* Also from within a callback of the listener: then no call is under way, and the timer's memory
 * stays until the loop has closed it. */
static void ec2_stop(struct source *source)
{
    struct ec2_source *self = (struct ec2_source *)source;
    if (self->call != NULL) {
        aws_call_cancel(self->call);
        self->call = NULL;
    }
    inventory_free(self->poll.inventory);
    self->poll.inventory = NULL;
    uv_close((uv_handle_t *)&self->timer, on_timer_closed);
}

static const struct source_operations EC2_OPERATIONS = {
    .start = ec2_start,
    .refresh = ec2_refresh,
    .stop = ec2_stop,
};

struct source *ec2_source_new(uv_loop_t *loop, struct aws_client *client,
                              const struct ec2_settings *settings,
                              const struct source_listener *listener)
{
    struct ec2_source *self = memory_new(sizeof(*self));
    self->source.operations = &EC2_OPERATIONS;
    self->source.listener = *listener;
    self->settings = settings;
    self->loop = loop;
    self->client = client;
    arena_init(&self->arena);
    ec2_request_build(&self->request, settings, &self->arena);
    random_seed(self);
    uv_timer_init(loop, &self->timer);
    self->timer.data = self;
    return &self->source;
}
