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
struct aws_client;

struct site_listener {
    void *owner;
    void (*on_change)(void *owner); /* what should be served may have changed */
};

/* How one source and its queue have done since the start of the process, also over reloads. */
struct site_source {
    int64_t look_count; /* complete looks that were applied */
    int64_t failure_count;
    int64_t looked_ms;        /* uv_now() when the newest of them was applied */
    int64_t failing_since_ms; /* uv_now() of the first failure since then; 0: there was none */
    struct error last_error;  /* why the newest look failed; "" when it did not */
    bool has_queue;
    uint64_t queue_message_count;
    uint64_t queue_failure_count; /* receives and deletes */
    struct error queue_error;     /* why the newest receive failed; "" when it did not */
};

/*
 * Make a site from `config`, which it owns on success. Reads the zones' record files. Nothing
 * runs yet. False, with `config` left to the caller, when a record file or a rename rule is bad.
 */
bool site_new(struct site **site, struct config *config, uv_loop_t *loop, struct http *http,
              const struct site_listener *listener, struct error *error);

/*
 * Take over what `old` knows of sources and zones that both have. Before site_start(). A source
 * that looks elsewhere now is served as it was until the first look there that has a member; then
 * members that are not there are dropped.
 */
void site_adopt(struct site *site, struct site *old);

/* Start every source. Each looks at once; an ec2 source whose view comes from disk within a second,
 * at a random moment. */
void site_start(struct site *site);

/* Every source looks as soon as its pace allows, see source_refresh(). */
void site_refresh(struct site *site);

/*
 * An operator accepts what is held back of `cluster`. The number of members that were let go; the
 * listener hears of the change.
 */
size_t site_accept(struct site *site, const char *cluster);

/* Stop every source and free the site with its configuration. Not from within on_change. NULL does
 * nothing. */
void site_free(struct site *site);

/* Borrowed for the life of the site. */
const struct config *site_config(const struct site *site);
struct fleet *site_fleet(const struct site *site);
const struct site_source *site_source(const struct site *site, size_t source);
/* Whether what is known of one of the zone's sources may be out of date, see server/staleness.h. */
bool site_zone_is_stale(const struct site *site, size_t zone, int64_t now_ms);
/* The AWS client of an ec2 source; NULL for a file, and before site_start(). */
const struct aws_client *site_client(const struct site *site, size_t source);
const struct record_list *site_records(const struct site *site, size_t zone);

/*
 * Where what is known of a source was found, see server/place.h; until something is known, where it
 * looks. Of its region NULL: not known, or it is in none.
 */
const char *site_place(const struct site *site, size_t source);
const char *site_region(const struct site *site, size_t source);

/*
 * What is known of a source comes from disk and was found in `region` (NULL: not known). When its
 * client turns out to ask another one, as on a moved image or a copied disk, it is dropped.
 */
void site_set_region(struct site *site, size_t source, const char *region);

#endif
