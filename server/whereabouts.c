/* SPDX-License-Identifier: MIT */

/*
 * server/whereabouts.c - members of one place are not those of another.
 */

#include "server/whereabouts.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"

static void known_clear(struct whereabouts *whereabouts)
{
    free(whereabouts->known_place);
    free(whereabouts->known_region);
    whereabouts->known_place = NULL;
    whereabouts->known_region = NULL;
}

void whereabouts_free(struct whereabouts *whereabouts)
{
    known_clear(whereabouts);
}

void whereabouts_adopt(struct whereabouts *whereabouts, const char *place, const char *region)
{
    known_clear(whereabouts);
    if (strcmp(place, whereabouts->place) != 0) {
        whereabouts->known_place = memory_string(place);
    }
    if (region != NULL) {
        whereabouts->known_region = memory_string(region);
    }
}

const char *whereabouts_place(const struct whereabouts *whereabouts)
{
    return whereabouts->known_place != NULL ? whereabouts->known_place : whereabouts->place;
}

static bool region_is_another(const struct whereabouts *whereabouts, const char *region)
{
    return whereabouts->known_region != NULL && region != NULL &&
           strcmp(whereabouts->known_region, region) != 0;
}

bool whereabouts_check_region(const struct whereabouts *whereabouts, struct fleet *fleet,
                              size_t source, const char *region)
{
    const struct view *view = fleet_view(fleet, source);

    /* After a reload the operator has said where to look, and waits for what is found there. */
    if (view == NULL || !view->is_restored || whereabouts->known_place != NULL ||
        !region_is_another(whereabouts, region)) {
        return false;
    }
    log_event(LEVEL_WARNING, "what came from disk is another region's and is dropped",
              log_text("source", fleet_settings(fleet)->sources[source].name),
              log_text("region", region), log_text("region-on-disk", whereabouts->known_region),
              log_number("members", (int64_t)view->count));
    fleet_restore(fleet, source, NULL);
    return true;
}

enum whereabouts_verdict whereabouts_settle(struct whereabouts *whereabouts, struct fleet *fleet,
                                            size_t source, const char *region,
                                            const struct inventory *poll)
{
    const struct view *view = fleet_view(fleet, source);
    bool is_far = region_is_another(whereabouts, region);
    bool is_moved = view != NULL && (is_far || whereabouts->known_place != NULL);
    size_t dropped = 0;

    if (is_moved && view->count > 0 && !fleet_poll_has_members(fleet, source, poll)) {
        return WHEREABOUTS_NOBODY;
    }
    known_clear(whereabouts);
    if (!is_moved) {
        return WHEREABOUTS_SAME;
    }
    dropped = fleet_retain(fleet, source, is_far ? NULL : poll); /* no instance is in two regions */
    log_event(LEVEL_NOTICE, "source looks elsewhere since the reload, who is not there is dropped",
              log_text("source", fleet_settings(fleet)->sources[source].name),
              log_number("members", (int64_t)dropped));
    return WHEREABOUTS_MOVED;
}
