/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_request.c - the API's lists count from 1.
 */

#include "discovery/tag_request.h"

/* Action and Version. */
enum { FIXED_PARAMETERS = 2 };

const char *tag_request_action(const struct tag_order *order)
{
    return order->tags[0].value == NULL ? "DeleteTags" : "CreateTags";
}

static bool order_check(const struct tag_order *order, size_t count, struct error *error)
{
    if (count == 0 || count > TAG_WRITE_MAX) {
        return error_set(error, "%zu instances in one tag request, 1 to %d are allowed", count,
                         TAG_WRITE_MAX);
    }
    if (order->tag_count == 0) {
        return error_set(error, "a tag request that names no key");
    }
    for (size_t i = 0; i < order->tag_count; i++) {
        const struct tag *tag = &order->tags[i];

        if (tag->key == NULL || tag->key[0] == '\0') {
            return error_set(error, "a tag without a key");
        }
        if ((tag->value == NULL) != (order->tags[0].value == NULL)) {
            return error_set(error, "tags to set and tags to take off in one request");
        }
    }
    return true;
}

bool tag_request_build(struct tag_request *request, const struct tag_order *order, size_t first,
                       size_t count, struct arena *arena, struct error *error)
{
    struct aws_parameter *next = NULL;

    *request = (struct tag_request){0};
    if (!order_check(order, count, error)) {
        return false;
    }
    next = arena_array(arena, FIXED_PARAMETERS + count + 2 * order->tag_count, sizeof(*next));
    request->parameters = next;
    *next++ = (struct aws_parameter){"Action", tag_request_action(order)};
    *next++ = (struct aws_parameter){"Version", "2016-11-15"};
    for (size_t i = 0; i < count; i++) {
        *next++ = (struct aws_parameter){arena_format(arena, "ResourceId.%zu", i + 1),
                                         order->ids[first + i]};
    }
    for (size_t i = 0; i < order->tag_count; i++) {
        const struct tag *tag = &order->tags[i];

        *next++ = (struct aws_parameter){arena_format(arena, "Tag.%zu.Key", i + 1), tag->key};
        if (tag->value != NULL) {
            *next++ =
                (struct aws_parameter){arena_format(arena, "Tag.%zu.Value", i + 1), tag->value};
        }
    }
    request->count = (size_t)(next - request->parameters);
    return true;
}
