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
    /*
     * Begin. The first look is taken within `spread_ms` from now, at a random moment: many servers
     * that start together after an outage share one API. 0: at once.
     */
    void (*start)(struct source *source, int64_t spread_ms);
    /* Look as soon as the source's own pace allows; one that is under way does not count. */
    void (*refresh)(struct source *source);
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

static inline void source_start(struct source *source, int64_t spread_ms)
{
    source->operations->start(source, spread_ms);
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
