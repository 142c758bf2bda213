/* SPDX-License-Identifier: MIT */

/*
 * server/last_good.c - between the site and the keeper.
 */

#include "server/last_good.h"

#include <stdlib.h>

#include "discovery/log.h"
#include "discovery/state_file.h"
#include "server/term_timer.h"

struct last_good {
    struct state_keeper *keeper; /* NULL: nothing is kept */
    const struct site *site;     /* of the newest last_good_keep() */
};

bool last_good_open(struct last_good **last_good, uv_loop_t *loop, const struct site *site,
                    struct error *error)
{
    struct last_good *made = memory_new(sizeof(*made));
    enum state_keeper_result opened =
        state_keeper_open(&made->keeper, loop, site_config(site)->state_dir, error);

    *last_good = NULL;
    if (opened == STATE_KEEPER_TAKEN) {
        free(made);
        return false;
    }
    if (opened == STATE_KEEPER_ABSENT) {
        log_event(LEVEL_WARNING,
                  "nothing is kept on disk: a restart while AWS is away will know nothing",
                  log_text("error", error->text));
    }
    *last_good = made;
    return true;
}

static struct state_place *places_collect(const struct site *site, struct arena *arena)
{
    size_t count = site_config(site)->fleet.source_count;
    struct state_place *places = arena_array(arena, count, sizeof(*places));

    for (size_t i = 0; i < count; i++) {
        places[i] = (struct state_place){
            .settings = site_place(site, i),
            .region = site_region(site, i),
        };
    }
    return places;
}

static void on_skipped(void *owner, const char *source, const char *why)
{
    (void)owner;
    log_event(LEVEL_WARNING, "not taken from disk", log_text("source", source),
              log_text("reason", why));
}

static void state_give(const struct state *state, struct site *site)
{
    const struct fleet_settings *settings = &site_config(site)->fleet;
    size_t source_count = 0;
    size_t member_count = 0;
    struct arena arena;

    arena_init(&arena);
    member_count =
        state_restore(state, site_fleet(site), places_collect(site, &arena), on_skipped, NULL);
    for (size_t i = 0; i < settings->source_count; i++) {
        if (!site_config(site)->sources[i].has_lifecycle) {
            /* Nobody will tell when they come out of it. */
            (void)fleet_set_standby(site_fleet(site), i, NULL, 0);
        }
        if (fleet_view(site_fleet(site), i) != NULL) {
            site_set_region(site, i, state_region(state, settings->sources[i].name));
            source_count++;
        }
    }
    arena_free(&arena);
    if (source_count == 0) {
        return; /* what was left out has been told */
    }
    log_event(LEVEL_NOTICE, "served from disk until the sources answer",
              log_text("state-dir", site_config(site)->state_dir),
              log_number("age-s", wall_clock_ms() / 1000 - state_written_s(state)),
              log_number("sources", (int64_t)source_count),
              log_number("members", (int64_t)member_count));
}

void last_good_restore(struct last_good *last_good, struct site *site)
{
    struct state *state = last_good->keeper == NULL ? NULL : state_keeper_load(last_good->keeper);

    if (state != NULL) {
        state_give(state, site);
        state_free(state);
    }
}

static bool site_knows_something(const struct site *site)
{
    for (size_t i = 0; i < site_config(site)->fleet.source_count; i++) {
        if (fleet_view(site_fleet(site), i) != NULL) {
            return true;
        }
    }
    return false;
}

/* A state_maker. */
static char *on_make(void *owner, size_t *length)
{
    const struct last_good *last_good = owner;
    const struct site *site = last_good->site;
    struct arena arena;
    char *text = NULL;

    if (!site_knows_something(site)) {
        return NULL;
    }
    arena_init(&arena);
    text = state_encode(site_fleet(site), places_collect(site, &arena), wall_clock_ms() / 1000,
                        length);
    arena_free(&arena);
    return text;
}

void last_good_keep(struct last_good *last_good, const struct site *site)
{
    last_good->site = site;
    if (last_good->keeper != NULL) {
        state_keeper_save(last_good->keeper, on_make, last_good);
    }
}

const struct state_keeper_past *last_good_past(const struct last_good *last_good)
{
    static const struct state_keeper_past none = {0};

    return last_good->keeper == NULL ? &none : state_keeper_past(last_good->keeper);
}

void last_good_close(struct last_good *last_good)
{
    if (last_good != NULL) {
        state_keeper_close(last_good->keeper);
        free(last_good);
    }
}
