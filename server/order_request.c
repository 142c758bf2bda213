/* SPDX-License-Identifier: MIT */

/*
 * server/order_request.c - the options' texts become values, or a message.
 */

#include "server/order_request.h"

#include <string.h>

#include "server/config_values.h"

static const int64_t HOLD_MIN_MS = 1000;
static const int64_t HOLD_MAX_MS = (int64_t)366 * 24 * 3600 * 1000; /* whoever says more mistypes */
static const int64_t WAIT_MAX_MS = (int64_t)24 * 3600 * 1000;
static const int64_t WAIT_DEFAULT_MS = (int64_t)120 * 1000;
static const int64_t RESOLVE_MAX_MS = (int64_t)3600 * 1000;
static const int64_t RESOLVE_DEFAULT_MS = 1000; /* HAProxy's timeout resolve */

bool weight_parse(uint16_t *weight, const char *text, struct error *error)
{
    size_t length = strlen(text);
    int64_t number = 0;
    char digits[4] = {0}; /* of 100 */

    if (length == 0 || text[length - 1] != '%') {
        if (!number_parse(&number, text, 0, UINT16_MAX, error)) {
            return error_prefix(error, "weight %s", text);
        }
        *weight = (uint16_t)number;
        return true;
    }
    if (length > sizeof(digits)) {
        return error_set(error, "weight %s: not 0%% to 100%%", text);
    }
    memcpy(digits, text, length - 1);
    if (!number_parse(&number, digits, 0, 100, error)) {
        return error_prefix(error, "weight %s", text);
    }
    *weight = (uint16_t)((number * UINT16_MAX + 50) / 100);
    return true;
}

static bool percent_read(unsigned *percent, const char *text, struct error *error)
{
    int64_t number = 100;

    if (text != NULL && !number_parse(&number, text, 1, 100, error)) {
        return error_prefix(error, "--percent");
    }
    *percent = (unsigned)number;
    return true;
}

/* A duration that may be absent. */
static bool time_read(int64_t *time_ms, const char *name, const char *text, int64_t min_ms,
                      int64_t max_ms, struct error *error)
{
    return text == NULL || duration_parse(time_ms, text, min_ms, max_ms, error) ||
           error_prefix(error, "%s", name);
}

/* The hold goes through its text and back: what others will read is what counts. */
static bool hold_write(struct tag_change *change, struct arena *arena, struct error *error)
{
    char text[HOLD_TEXT_MAX * 4 + 1];

    if (!hold_to_text(&change->hold, text, error) ||
        !hold_parse(&change->hold, text, arena, error)) {
        return error_prefix(error, "--reason");
    }
    change->value = arena_string(arena, text);
    return true;
}

static bool change_read(struct order_request *request, int64_t now_s, struct arena *arena,
                        struct error *error)
{
    const struct order_options *options = &request->options->order;
    struct tag_change *change = &request->change;
    int64_t duration_ms = 0;

    change->kind = request->verb->kind;
    switch (change->kind) {
    case CHANGE_READY:
        return true;
    case CHANGE_WEIGHT:
        if (!weight_parse(&change->weight, request->options->arguments[0], error)) {
            return false;
        }
        change->value = arena_format(arena, "%u", (unsigned)change->weight);
        return true;
    case CHANGE_HOLD:
        break;
    }
    if (!time_read(&duration_ms, "--for", options->duration, HOLD_MIN_MS, HOLD_MAX_MS, error)) {
        return false;
    }
    change->hold = (struct hold){
        .kind = request->verb->hold,
        .until_s = duration_ms == 0 ? 0 : now_s + (duration_ms + 999) / 1000,
        .by = request->by,
        .reason = options->reason == NULL ? "" : options->reason,
    };
    return hold_write(change, arena, error);
}

static bool selection_check(const struct selection_request *selection,
                            const struct order_options *options, struct error *error)
{
    if (selection->cluster == NULL && selection->id_count == 0) {
        return error_set(error, "nobody is named: instance ids, or --cluster");
    }
    if (selection->cluster != NULL && selection->id_count > 0) {
        return error_set(error, "instance ids and --cluster exclude each other");
    }
    if (selection->cluster == NULL && (options->az != NULL || options->percent != NULL)) {
        return error_set(error, "%s goes with --cluster only",
                         options->az != NULL ? "--az" : "--percent");
    }
    return true;
}

bool order_request_read(struct order_request *request, const struct order_verb *verb,
                        const struct options *options, const struct order_author *author,
                        struct arena *arena, struct error *error)
{
    const struct order_options *order = &options->order;
    size_t skipped = verb->kind == CHANGE_WEIGHT ? 1 : 0;
    const char **ids = NULL;

    *request = (struct order_request){
        .verb = verb,
        .options = options,
        .wait_timeout_ms = WAIT_DEFAULT_MS,
        .resolve_ms = RESOLVE_DEFAULT_MS,
        .by = author->name,
    };
    if (options->argument_count < skipped) {
        return error_set(error, "the weight is missing");
    }
    request->selection = (struct selection_request){
        .id_count = options->argument_count - skipped, .cluster = order->cluster, .az = order->az};
    ids = arena_array(arena, request->selection.id_count, sizeof(const char *));
    for (size_t i = 0; i < request->selection.id_count; i++) {
        ids[i] = options->arguments[skipped + i];
    }
    request->selection.ids = ids;
    return change_read(request, author->now_s, arena, error) &&
           selection_check(&request->selection, order, error) &&
           percent_read(&request->percent, order->percent, error) &&
           time_read(&request->wait_timeout_ms, "--wait-timeout", order->wait_timeout, 1,
                     WAIT_MAX_MS, error) &&
           time_read(&request->resolve_ms, "--resolve", order->resolve, 1, RESOLVE_MAX_MS, error);
}
