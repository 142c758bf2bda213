/* SPDX-License-Identifier: MIT */

/*
 * server/served.c - the fleet, the snapshot and the workers' tables, put together.
 */

#include "server/served.h"

#include <string.h>

#include "zones/cluster_name.h"
#include "zones/wire.h"

/* Octets of the response over TCP: header, question, records, and an OPT without options. */
static int64_t answer_octets(const struct snapshot *snapshot, const struct name *srv_name)
{
    enum { QUESTION_TAIL = 4, OPT_OCTETS = 11 };
    struct lookup_room room;
    struct lookup lookup = snapshot_lookup(snapshot, srv_name, RECORD_SRV, &room);

    if (lookup.result != LOOKUP_ANSWER) {
        return 0;
    }
    return (int64_t)HEADER_LENGTH + srv_name->length + QUESTION_TAIL + lookup.answer->length +
           OPT_OCTETS;
}

/* How many of those `left` are in the first one's cluster: its members lie together. */
static size_t member_run(const struct fleet_member *members, size_t left)
{
    size_t count = 1;

    while (count < left && members[count].cluster != NULL &&
           strcmp(members[count].cluster, members[0].cluster) == 0) {
        count++;
    }
    return count;
}

static void cluster_gather(const struct served_input *input, const struct config_zone *zone,
                           struct arena *arena, struct served_cluster *cluster)
{
    struct seen_client *clients = NULL;

    if (!cluster_srv_name(&cluster->srv_name, &zone->zone, cluster->name, NULL)) {
        name_root(&cluster->srv_name);
    }
    (void)snapshot_cluster_generation(input->snapshot, &cluster->srv_name, &cluster->generation);
    cluster->answer_octets = answer_octets(input->snapshot, &cluster->srv_name);
    cluster->load_balancer_count =
        seen_collect(input->seen, input->seen_count, snapshot_cluster_key(&cluster->srv_name),
                     input->now_ms, arena, &clients);
    cluster->load_balancers = clients;
}

/* Those of `count` members that are in a cluster, or in that one alone unless `cluster` is NULL.
 * Members without a cluster come last. */
static size_t clusters_split(const struct fleet_member *members, size_t count, const char *cluster,
                             struct arena *arena, struct served_cluster **clusters)
{
    size_t found = 0;
    size_t room = 0;

    for (size_t i = 0; i < count && members[i].cluster != NULL;) {
        room++;
        i += member_run(&members[i], count - i);
    }
    *clusters = arena_array(arena, room, sizeof(**clusters));
    for (size_t i = 0; i < count && members[i].cluster != NULL;) {
        size_t length = member_run(&members[i], count - i);

        if (cluster == NULL || strcmp(cluster, members[i].cluster) == 0) {
            (*clusters)[found++] = (struct served_cluster){
                .name = members[i].cluster, .members = &members[i], .member_count = length};
        }
        i += length;
    }
    return found;
}

static uint32_t zone_serial(const struct snapshot *snapshot, const struct name *origin)
{
    for (size_t i = 0; i < snapshot_zone_count(snapshot); i++) {
        if (name_equals(&snapshot_zone(snapshot, i)->origin, origin)) {
            return snapshot_zone_serial(snapshot, i);
        }
    }
    return 0;
}

static struct served_zone zone_gather(const struct served_input *input, size_t index,
                                      const char *cluster, struct arena *arena)
{
    const struct config_zone *zone = &site_config(input->site)->zones[index];
    const struct fleet *fleet = site_fleet(input->site);
    const struct fleet_member *members = NULL;
    struct served_cluster *clusters = NULL;
    size_t count = fleet_members(fleet, index, &(struct fleet_moment){input->now_s, input->now_ms},
                                 arena, &members);
    size_t cluster_count = clusters_split(members, count, cluster, arena, &clusters);

    for (size_t i = 0; i < cluster_count; i++) {
        cluster_gather(input, zone, arena, &clusters[i]);
    }
    return (struct served_zone){.origin = zone->fleet.origin,
                                .state = fleet_zone_state(fleet, index),
                                .is_stale = site_zone_is_stale(input->site, index, input->now_ms),
                                .serial = zone_serial(input->snapshot, &zone->zone.origin),
                                .udp_size_octets = zone->zone.udp_size_octets,
                                .clusters = clusters,
                                .cluster_count = cluster_count};
}

static struct served_source source_gather(const struct served_input *input, size_t index)
{
    const struct site *site = input->site;
    const struct aws_client *client = site_client(site, index);
    const struct fleet_settings *fleet = &site_config(site)->fleet;
    struct served_source source = {
        .name = fleet->sources[index].name,
        .origin = fleet->zones[fleet->sources[index].zone].origin,
        .past = site_source(site, index),
        .view = fleet_view(site_fleet(site), index),
    };

    if (client != NULL) {
        source.usage_count = aws_client_usage(client, &source.usage);
    }
    return source;
}

struct served served_gather(const struct served_input *input, const char *cluster,
                            struct arena *arena)
{
    const struct config *config = site_config(input->site);
    size_t source_count = config->fleet.source_count;
    struct served_zone *zones = arena_array(arena, config->zone_count, sizeof(*zones));
    struct served_source *sources = arena_array(arena, source_count, sizeof(*sources));
    struct served served = {.now_s = input->now_s,
                            .now_ms = input->now_ms,
                            .zones = zones,
                            .sources = sources,
                            .source_count = source_count,
                            .state = input->state};

    for (size_t i = 0; i < config->zone_count; i++) {
        struct served_zone zone = zone_gather(input, i, cluster, arena);

        if (cluster == NULL || zone.cluster_count > 0) {
            zones[served.zone_count++] = zone;
        }
    }
    for (size_t i = 0; i < source_count; i++) {
        sources[i] = source_gather(input, i);
    }
    for (size_t i = 0; i < input->seen_count; i++) {
        served.seen_lost_count += seen_lost_count(input->seen[i]);
    }
    return served;
}

const char *served_zone_state_name(enum zone_state state)
{
    switch (state) {
    case ZONE_LOADING:
        return "loading";
    case ZONE_PARTIAL:
        return "partial";
    case ZONE_COMPLETE:
        break;
    }
    return "complete";
}

const char *served_member_state(const struct fleet_member *member)
{
    if (member->standing != STANDING_SERVED) {
        return fleet_standing_name(member->standing);
    }
    return member->weight == 0 ? "drained" : "served";
}
