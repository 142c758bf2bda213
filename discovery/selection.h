/* SPDX-License-Identifier: MIT */

/*
 * discovery/selection.h - which instances an operator means: by id, or by cluster and zone. Pure.
 *
 * Works on one look at every source: the fleet that was fed with it tells the members by the same
 * rules as when serving, the inventories tell the raw tags, also of instances that are no members.
 */

#ifndef DISCOVERY_SELECTION_H
#define DISCOVERY_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery/fleet.h"
#include "zones/arena.h"
#include "zones/error.h"

/* An instance of one source. In a source's zone it is a member of one cluster at most. */
struct candidate {
    size_t source; /* index into the fleet's sources */
    const char *origin;
    const char *id;
    const char *cluster;               /* NULL: none */
    const struct fleet_member *member; /* NULL: no member now */
    const struct instance *instance; /* as the source wrote it; NULL: none of an EC2 source, so that
                                        it has no tags to change */
};

/* One look. Arrays have one entry a source; everything is borrowed. */
struct selection_ground {
    const struct fleet *fleet;
    const struct fleet_settings *settings;
    struct inventory *const *inventories; /* NULL: not an EC2 source */
    int64_t now_s;
};

/*
 * Everybody of every zone, sorted by id, source. Besides the members: instances of EC2 sources that
 * are in a group which the source takes, and are not on their way out. In `arena`.
 */
size_t selection_candidates(const struct selection_ground *ground, struct arena *arena,
                            const struct candidate **candidates);

/* Either ids or a cluster. */
struct selection_request {
    const char *const *ids;
    size_t id_count;
    const char *cluster; /* "web", or "web.sd.example.com" when several zones have one; NULL: ids */
    const char *az;      /* NULL: all */
};

struct selection {
    const struct candidate **chosen; /* sorted by id, source; each once */
    size_t count;
    const char **not_found; /* ids that no source knows; as they were given */
    size_t not_found_count;
    const char **not_found_why; /* selection_explain(): one each, of the ids not found */
};

/*
 * Choose. An id that is not found is told in `selection`; false, with a message that names what
 * there is, for a cluster that does not exist, that several zones have, or that has nobody in `az`.
 */
bool selection_make(struct selection *selection, const struct candidate *candidates, size_t count,
                    const struct selection_request *request, struct arena *arena,
                    struct error *error);

/*
 * Say why ids are not found: "shutting-down", "in group X, which is not taken", or that nobody
 * knows them. Texts lie in `arena`.
 */
void selection_explain(struct selection *selection, const struct selection_ground *ground,
                       struct arena *arena);

#endif
