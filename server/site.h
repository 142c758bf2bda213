/* SPDX-License-Identifier: MIT */

/*
 * server/site.h - one configuration at work: its fleet, its running sources, its static records.
 *
 * A reload makes a second site, lets it adopt what the first one knows, and ends the first. Main
 * thread only.
 */

#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include <uv.h>

#include "discovery/aws/http.h"
#include "server/config.h"
#include "zones/record.h"

struct site;

struct site_listener {
    void *owner;
    void (*on_change)(void *owner); /* what should be served may have changed */
};

/* How one source has done since the start of the process, also over reloads. */
struct site_source {
    int64_t look_count; /* complete looks that were applied */
    int64_t failure_count;
    int64_t looked_ms;       /* uv_now() when the newest of them was applied */
    struct error last_error; /* why the newest look failed; "" when it did not */
};

/*
 * Make a site from `config`, which it owns on success. Reads the zones' record files. Nothing
 * runs yet. False, with `config` left to the caller, when a record file or a rename rule is bad.
 */
bool site_new(struct site **site, struct config *config, uv_loop_t *loop, struct http *http,
              const struct site_listener *listener, struct error *error);

/* Take over what `old` knows of sources and zones that both have. Before site_start(). */
void site_adopt(struct site *site, struct site *old);

/* Start every source; each looks at once. */
void site_start(struct site *site);

/* Every source looks now, or again right after the look that is under way. */
void site_refresh(struct site *site);

/* Stop every source and free the site with its configuration. NULL does nothing. */
void site_free(struct site *site);

/* Borrowed for the life of the site. */
const struct config *site_config(const struct site *site);
struct fleet *site_fleet(const struct site *site);
const struct site_source *site_source(const struct site *site, size_t source);
const struct record_list *site_records(const struct site *site, size_t zone);

#endif
