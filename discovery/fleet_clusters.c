/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_clusters.c - from the views of a zone's sources to its clusters.
 *
 * Every member of every view becomes a claim on a cluster name. Sorted by name, claims on one
 * cluster lie together:
 *
 *     cluster  group     source  id
 *     api      prod-api  0       i-01        one group: served
 *     api      prod-api  0       i-02
 *     web      prod-web  0       i-03        two groups: served is the one that was served
 *     web      web       0       i-04        before, or the first; both with `merge`
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

/* What the steps of one fleet_clusters() share. */
struct assembly {
    const struct fleet *fleet;
    size_t zone;
    enum zone_state state;
    struct arena *arena;  /* the clusters, for the caller */
    struct arena scratch; /* claims, gone at the end */
    struct cluster *clusters;
    size_t cluster_count;
    size_t new_left; /* clusters that were not served before and still find room */
    size_t over_limit;
    struct ownership ownership; /* what takes the place of the zone's old one */
    struct complaint_desk desk;
};

static const char *source_name(const struct assembly *assembly, size_t source)
{
    return assembly->fleet->settings->sources[source].name;
}

static int claim_compare_id(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    int order = strcmp(one->entry->accepted.id, other->entry->accepted.id);

    if (order == 0) {
        order = (one->source > other->source) - (one->source < other->source);
    }
    return order;
}

static const struct cluster_owner *owner_find(const struct ownership *ownership,
                                              const char *cluster)
{
    size_t low = 0;
    size_t high = ownership->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(cluster, ownership->owners[middle].cluster);

        if (order == 0) {
            return &ownership->owners[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const struct cluster_rule *rule_find(const struct fleet_zone *zone, const char *cluster)
{
    for (size_t i = 0; i < zone->cluster_count; i++) {
        if (strcmp(zone->clusters[i].name, cluster) == 0) {
            return &zone->clusters[i];
        }
    }
    return NULL;
}

static void run_complain_taken(const struct assembly *assembly, const struct claim *winner,
                               const struct claim *loser)
{
    struct error error;

    (void)error_set(
        &error,
        "cluster \"%s\" is claimed by group \"%.120s\" of %.40s and group \"%.120s\" of "
        "%.40s; the first is served, the second is not: rename one, or let the "
        "cluster say merge",
        winner->cluster, winner->group, source_name(assembly, winner->source), loser->group,
        source_name(assembly, loser->source));
    complaint_tell(&assembly->desk, &error);
}

/* The part of `run` that is of one group: the owner of the name. The others are told. */
static struct claim_run run_of_owner(const struct assembly *assembly, struct claim_run run)
{
    const struct cluster_owner *owner =
        owner_find(&assembly->fleet->ownerships[assembly->zone], run.claims[0].cluster);
    struct claim_run chosen = {.claims = run.claims, .count = 0};

    for (size_t i = 0; owner != NULL && i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (strcmp(claim->group, owner->group) == 0 &&
            strcmp(source_name(assembly, claim->source), owner->source) == 0) {
            chosen.claims = claim;
            break;
        }
    }
    for (size_t i = 0; i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (claim_is_of(claim, chosen.claims)) {
            chosen.count++;
        } else if (i == 0 || !claim_is_of(claim, claim - 1)) {
            run_complain_taken(assembly, chosen.claims, claim);
        }
    }
    return chosen;
}

/* The port by which a member is served: its own, else the cluster's, else its source's. */
static uint16_t claim_port(const struct assembly *assembly, const struct claim *claim,
                           const struct cluster_rule *rule)
{
    if (claim->entry->accepted.port != 0) {
        return claim->entry->accepted.port;
    }
    if (rule != NULL && rule->port != 0) {
        return rule->port;
    }
    return assembly->fleet->settings->sources[claim->source].rules.port;
}

/* Whether a claim becomes a member after `previous`, the claim before it by id. */
static bool claim_is_servable(const struct assembly *assembly, const struct claim *claim,
                              const struct claim *previous, uint16_t port)
{
    const char *id = claim->entry->accepted.id;
    struct error error;

    if (previous != NULL && strcmp(previous->entry->accepted.id, id) == 0) {
        (void)error_set(&error,
                        "member %s of cluster \"%s\" comes from %.80s and from %.80s; the first "
                        "is served",
                        id, claim->cluster, source_name(assembly, previous->source),
                        source_name(assembly, claim->source));
        complaint_tell(&assembly->desk, &error);
        return false;
    }
    if (port == 0) {
        (void)error_set(&error, "member %s of cluster \"%s\" is not served: %.80s gives no port",
                        id, claim->cluster, source_name(assembly, claim->source));
        complaint_tell(&assembly->desk, &error);
        return false;
    }
    return true;
}

static void cluster_add(struct assembly *assembly, struct claim_run run,
                        const struct cluster_rule *rule)
{
    struct claim *claims = arena_copy(&assembly->scratch, run.claims, run.count * sizeof(*claims));
    struct member *members = arena_array(assembly->arena, run.count, sizeof(*members));
    struct cluster *cluster = &assembly->clusters[assembly->cluster_count++];
    size_t count = 0;

    qsort(claims, run.count, sizeof(*claims), claim_compare_id);
    for (size_t i = 0; i < run.count; i++) {
        const struct accepted *accepted = &claims[i].entry->accepted;
        uint16_t port = claim_port(assembly, &claims[i], rule);

        if (!claim_is_servable(assembly, &claims[i], i == 0 ? NULL : &claims[i - 1], port)) {
            continue;
        }
        members[count++] = (struct member){
            .id = arena_string(assembly->arena, accepted->id),
            .az = arena_string(assembly->arena, accepted->az),
            .hold = "none",
            .address = accepted->address,
            .port = port,
            .weight = accepted->weight,
        };
    }
    if (count > FLEET_MAX_MEMBERS) {
        struct error error;

        (void)error_set(&error, "cluster \"%s\" has %zu members, %d are served",
                        run.claims[0].cluster, count, FLEET_MAX_MEMBERS);
        complaint_tell(&assembly->desk, &error);
        count = FLEET_MAX_MEMBERS;
    }
    cluster->name = arena_string(assembly->arena, run.claims[0].cluster);
    cluster->members = members;
    cluster->member_count = count;
}

static void owner_remember(struct assembly *assembly, const struct claim *claim)
{
    struct ownership *ownership = &assembly->ownership;

    ownership->owners[ownership->count++] = (struct cluster_owner){
        .cluster = arena_string(&ownership->arena, claim->cluster),
        .source = arena_string(&ownership->arena, source_name(assembly, claim->source)),
        .group = arena_string(&ownership->arena, claim->group),
    };
}

/* One cluster name with all claims on it. */
static void assembly_add(struct assembly *assembly, struct claim_run run)
{
    const char *name = run.claims[0].cluster;
    const struct cluster_rule *rule =
        rule_find(&assembly->fleet->settings->zones[assembly->zone], name);
    bool merge = rule != NULL && rule->merge;

    if (merge && assembly->state == ZONE_PARTIAL) {
        return;
    }
    if (owner_find(&assembly->fleet->ownerships[assembly->zone], name) == NULL) {
        if (assembly->new_left == 0) {
            assembly->over_limit++;
            return;
        }
        assembly->new_left--;
    }
    if (!merge) {
        run = run_of_owner(assembly, run);
    }
    owner_remember(assembly, &run.claims[0]);
    cluster_add(assembly, run, rule);
}

/* Room for every cluster that may come, and for how many that were not there before. */
static void assembly_prepare(struct assembly *assembly, const struct claim *claims, size_t count)
{
    const struct ownership *old = &assembly->fleet->ownerships[assembly->zone];
    size_t clusters = 0;
    size_t known = 0;

    for (size_t i = 0; i < count; clusters++) {
        known += owner_find(old, claims[i].cluster) != NULL;
        i += claim_run_first(&claims[i], count - i).count;
    }
    if (clusters > FLEET_MAX_CLUSTERS) {
        clusters = FLEET_MAX_CLUSTERS;
    }
    assembly->clusters = arena_array(assembly->arena, clusters, sizeof(*assembly->clusters));
    assembly->ownership.owners =
        arena_array(&assembly->ownership.arena, clusters, sizeof(*assembly->ownership.owners));
    assembly->new_left = clusters - known;
}

size_t fleet_clusters(struct fleet *fleet, size_t zone, struct arena *arena,
                      const struct cluster **clusters, fleet_complaint complaint, void *owner)
{
    struct assembly assembly = {
        .fleet = fleet,
        .zone = zone,
        .state = fleet_zone_state(fleet, zone),
        .arena = arena,
        .desk = {complaint, owner, fleet->settings->zones[zone].origin},
    };
    const struct claim *claims = NULL;
    size_t count = 0;

    arena_init(&assembly.scratch);
    arena_init(&assembly.ownership.arena);
    count = claims_collect(fleet, zone, &assembly.scratch, &assembly.desk, &claims);
    assembly_prepare(&assembly, claims, count);
    for (size_t i = 0; i < count;) {
        struct claim_run run = claim_run_first(&claims[i], count - i);

        assembly_add(&assembly, run);
        i += run.count;
    }
    if (assembly.over_limit > 0) {
        struct error error;

        (void)error_set(&error, "%zu clusters are not served: the limit is %d", assembly.over_limit,
                        FLEET_MAX_CLUSTERS);
        complaint_tell(&assembly.desk, &error);
    }
    arena_free(&assembly.scratch);
    arena_free(&fleet->ownerships[zone].arena);
    fleet->ownerships[zone] = assembly.ownership;
    *clusters = assembly.clusters;
    return assembly.cluster_count;
}
