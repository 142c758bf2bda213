/* SPDX-License-Identifier: MIT */

/*
 * discovery/source.h - the interface of everything that can tell who exists.
 *
 * A source runs on the main loop and tells its listener of every complete look, or why there
 * was none. It never delivers part of a look: a failure delivers nothing, so that what was known
 * stays.
 */

#ifndef DISCOVERY_SOURCE_H
#define DISCOVERY_SOURCE_H

#include <stdint.h>

#include "discovery/inventory.h"
#include "zones/error.h"

struct source_listener {
    void *owner;
    /* A complete look that began at `started_ms` (uv_now clock). `inventory` is owned by the
     * callee. */
    void (*on_inventory)(void *owner, struct inventory *inventory, int64_t started_ms);
    /* The look failed; the source tries again by itself. */
    void (*on_failure)(void *owner, const struct error *error);
};

struct source;

struct source_operations {
    void (*start)(struct source *source);   /* begin; the first look is taken at once */
    void (*refresh)(struct source *source); /* look now, or again right after the one under way */
    /*
     * No callback comes after this, and what was borrowed at the start is not read again. The
     * source frees itself once its handles are closed.
     */
    void (*stop)(struct source *source);
};

/* First member of every kind of source. */
struct source {
    const struct source_operations *operations;
    struct source_listener listener;
};

static inline void source_start(struct source *source)
{
    source->operations->start(source);
}

static inline void source_refresh(struct source *source)
{
    source->operations->refresh(source);
}

static inline void source_stop(struct source *source)
{
    source->operations->stop(source);
}

#endif
