/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_request.h - the parameters of CreateTags and DeleteTags. Pure.
 *
 * EC2 API reference, CreateTags and DeleteTags. A key without a value takes the key off whatever
 * its value is; a DeleteTags that names no key at all would take every tag off, so an order
 * without keys makes no request.
 */

#ifndef DISCOVERY_TAG_REQUEST_H
#define DISCOVERY_TAG_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/aws/form.h"
#include "discovery/tag_writer.h"
#include "zones/arena.h"
#include "zones/error.h"

struct tag_request {
    const struct aws_parameter *parameters;
    size_t count;
};

/*
 * The request for `count` ids of `order` from `first` on, at most TAG_WRITE_MAX. Values are
 * borrowed from the order, names lie in `arena`. False when there is no such request: no ids, no
 * tags, a tag without a key, or tags that are partly set and partly taken off.
 */
bool tag_request_build(struct tag_request *request, const struct tag_order *order, size_t first,
                       size_t count, struct arena *arena, struct error *error);

/* "CreateTags" or "DeleteTags"; the order has at least one tag. */
const char *tag_request_action(const struct tag_order *order);

#endif
