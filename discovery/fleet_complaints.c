/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_complaints.c - what the fleet says of members and groups that it does not serve.
 */

#include "discovery/fleet_internal.h"

static const char *source_name(const struct fleet *fleet, size_t source)
{
    return fleet->settings->sources[source].name;
}

void complaint_tell(const struct complaint_desk *desk, const struct error *error)
{
    if (desk->listener != NULL) {
        desk->listener->complaint(desk->listener->owner, desk->origin, error);
    }
}

void complain_taken(const struct fleet *fleet, const struct complaint_desk *desk,
                    const struct claim *winner, const struct claim *loser)
{
    struct error error;

    (void)error_set(&error,
                    "cluster \"%s\" is claimed by group \"%.120s\" of %.40s and group "
                    "\"%.120s\" of %.40s; the first is served, the second is not: rename one, "
                    "or let the cluster say merge",
                    winner->cluster, winner->group->name, source_name(fleet, winner->source),
                    loser->group->name, source_name(fleet, loser->source));
    complaint_tell(desk, &error);
}

void complain_repeated(const struct fleet *fleet, const struct complaint_desk *desk,
                       const struct fleet_member *first, const struct fleet_member *member)
{
    struct error error;

    (void)error_set(&error,
                    "member %s of cluster \"%s\" comes from %.80s and from %.80s; the first "
                    "is served",
                    member->entry->accepted.id, member->cluster, source_name(fleet, first->source),
                    source_name(fleet, member->source));
    complaint_tell(desk, &error);
}

void complain_portless(const struct fleet *fleet, const struct complaint_desk *desk,
                       const struct fleet_member *member)
{
    struct error error;

    (void)error_set(&error, "member %s of cluster \"%s\" is not served: %.80s gives no port",
                    member->entry->accepted.id, member->cluster,
                    source_name(fleet, member->source));
    complaint_tell(desk, &error);
}

void complain_crowded(const struct complaint_desk *desk, const char *cluster, size_t count)
{
    struct error error;

    (void)error_set(&error, "cluster \"%s\" has %zu members, %d are served", cluster, count,
                    FLEET_MAX_MEMBERS);
    complaint_tell(desk, &error);
}

void complain_clusters(const struct complaint_desk *desk, size_t count)
{
    struct error error;

    (void)error_set(&error, "%zu clusters are not served: the limit is %d", count,
                    FLEET_MAX_CLUSTERS);
    complaint_tell(desk, &error);
}
