/* SPDX-License-Identifier: MIT */

/*
 * server/readiness.c - sources without a view, and zones without a member, in words.
 */

#include "server/readiness.h"

#include <string.h>

#include "discovery/json_write.h"

/* All of the zone's sources have delivered, and yet it is not complete. */
static bool zone_is_unseen(const struct served *served, const struct served_zone *zone)
{
    for (size_t i = 0; i < served->source_count; i++) {
        if (served->sources[i].view == NULL &&
            strcmp(served->sources[i].origin, zone->origin) == 0) {
            return false;
        }
    }
    return zone->state != ZONE_COMPLETE;
}

size_t readiness_reasons(const struct served *served, struct arena *arena,
                         const char *const **reasons)
{
    const char **made =
        arena_array(arena, served->source_count + served->zone_count, sizeof(*made));
    size_t count = 0;

    for (size_t i = 0; i < served->source_count; i++) {
        const struct served_source *source = &served->sources[i];
        const char *error = source->past->last_error.text;

        if (source->view == NULL) {
            made[count++] =
                arena_format(arena, "zone %s: %s has not delivered yet%s%s", source->origin,
                             source->name, error[0] == '\0' ? "" : ": ", error);
        }
    }
    for (size_t i = 0; i < served->zone_count; i++) {
        if (zone_is_unseen(served, &served->zones[i])) {
            made[count++] = arena_format(
                arena, "zone %s: its sources have not shown a single member yet: %s",
                served->zones[i].origin, "look at region, account, groups, filters and tags");
        }
    }
    *reasons = made;
    return count;
}

char *readiness_to_json(const struct served_input *input, bool *is_ready)
{
    const char *const *reasons = NULL;
    struct json_writer writer;
    struct served served;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena);
    served = served_gather(input, NULL, &arena);
    count = readiness_reasons(&served, &arena, &reasons);
    *is_ready = count == 0;
    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_bool(&writer, "ready", *is_ready);
    if (count > 0) {
        json_write_array(&writer, "reasons");
        for (size_t i = 0; i < count; i++) {
            json_write_text(&writer, NULL, reasons[i]);
        }
        json_write_end(&writer);
    }
    arena_free(&arena);
    return json_writer_close(&writer);
}
