/* SPDX-License-Identifier: MIT */

/*
 * discovery/tag_writer.h - CreateTags and DeleteTags for many instances, and the truth about which
 * were changed.
 *
 * Calls are bulk calls of at most TAG_WRITE_MAX ids (EC2 API reference, CreateTags). A call that
 * fails because of one id (InvalidInstanceID.NotFound, InvalidID, InvalidInstanceID.Malformed) is
 * split in halves until the bad ids stand alone; throttles and server errors are tried again with
 * growing waits; anything else ends the writing. A DeleteTags without keys, which would take every
 * tag off, cannot be built. Main loop only.
 */

#ifndef DISCOVERY_TAG_WRITER_H
#define DISCOVERY_TAG_WRITER_H

#include <stddef.h>

#include "discovery/aws/call.h"

enum {
    TAG_WRITE_MAX = 1000,
    TAG_WRITE_ATTEMPTS = 6, /* of one call that is throttled or meets a server error */
};

struct tag {
    const char *key;
    const char *value; /* NULL: take the key off, whatever its value */
};

/* One order: the same tags for every id. All set or all taken off, never mixed. */
struct tag_order {
    const char *const *ids;
    size_t id_count;
    const struct tag *tags; /* at least one */
    size_t tag_count;
};

enum tag_outcome {
    TAG_WRITTEN,
    TAG_NOT_FOUND, /* EC2 does not know the id */
    TAG_REFUSED,   /* no rights, or a bad request: nothing was changed */
    TAG_UNKNOWN,   /* no answer: it may or may not have been written */
    TAG_NOT_TRIED, /* the writing ended before */
};

/* `outcomes` has one entry an id, in order; `error` is the first failure, "" when all is well.
 * Lives for the call. */
typedef void (*tag_writer_done)(void *owner, const enum tag_outcome *outcomes,
                                const struct error *error);

struct tag_writer;

/* Start writing. Everything is copied; `client` is borrowed. Never calls `done` from within. */
struct tag_writer *tag_writer_start(uv_loop_t *loop, struct aws_client *client,
                                    const struct tag_order *order, tag_writer_done done,
                                    void *owner);

/* End early; `done` will not be called. Calls under way may still take effect. */
void tag_writer_cancel(struct tag_writer *writer);

/* "written", "not found", ... */
const char *tag_outcome_name(enum tag_outcome outcome);

#endif
