/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_judge.c - from the views of a zone's sources to who is served under which
 * name, and why the others are not.
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
#include "discovery/sorted.h"

/* What the steps of one fleet_judge() share. */
struct judging {
    const struct fleet *fleet;
    const struct judgement_order *order;
    struct judgement *result;
    enum zone_state state;
    size_t room;     /* clusters that can be served at all */
    size_t new_left; /* clusters that were not served before and still find room */
    size_t over_limit;
};

/* One cluster name in the judging. */
struct candidate {
    struct claim_run run; /* every claim on it */
    const struct cluster_rule *rule;
    const struct claim *winner; /* a claim of the group that has the name; NULL: any, by `merge` */
};

static const char *source_name(const struct judging *judging, size_t source)
{
    return judging->fleet->settings->sources[source].name;
}

static const struct ownership *ownership_before(const struct judging *judging)
{
    return &judging->fleet->ownerships[judging->order->zone];
}

static int owner_compare(const void *cluster, const void *owner)
{
    return strcmp(cluster, ((const struct cluster_owner *)owner)->cluster);
}

static const struct cluster_owner *owner_find(const struct ownership *ownership,
                                              const char *cluster)
{
    return sorted_find(cluster, ownership->owners, ownership->count, sizeof(*ownership->owners),
                       owner_compare);
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

/* A claim of the group that has the name: its owner, else the first. The others are told. */
static const struct claim *run_winner(const struct judging *judging, struct claim_run run)
{
    const struct cluster_owner *owner =
        owner_find(ownership_before(judging), run.claims[0].cluster);
    const struct claim *winner = run.claims;

    for (size_t i = 0; owner != NULL && i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (strcmp(claim->group, owner->group) == 0 &&
            strcmp(source_name(judging, claim->source), owner->source) == 0) {
            winner = claim;
            break;
        }
    }
    for (size_t i = 0; i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (!claim_is_of(claim, winner) && (i == 0 || !claim_is_of(claim, claim - 1))) {
            complain_taken(judging->fleet, judging->order->desk, winner, claim);
        }
    }
    return winner;
}

/* The port by which a member is served: its own, else the cluster's, else its source's. */
static uint16_t claim_port(const struct judging *judging, const struct claim *claim,
                           const struct cluster_rule *rule)
{
    if (claim->entry->accepted.port != 0) {
        return claim->entry->accepted.port;
    }
    if (rule != NULL && rule->port != 0) {
        return rule->port;
    }
    return judging->fleet->settings->sources[claim->source].rules.port;
}

/* A member with everything that does not depend on the others of its cluster. */
static struct fleet_member member_of(const struct judging *judging, const struct claim *claim,
                                     const struct cluster_rule *rule)
{
    const struct accepted *accepted = &claim->entry->accepted;
    struct fleet_member member = {
        .cluster = claim->cluster,
        .source = claim->source,
        .entry = claim->entry,
        .hold = hold_now(&accepted->hold, judging->order->now->now_s),
        .is_standby = standby_contains(&judging->fleet->standbys[claim->source], accepted->id),
        .port = claim_port(judging, claim, rule),
        .weight = accepted->weight,
    };

    if (member.hold != HOLD_NONE || member.is_standby) {
        member.weight = 0;
    }
    return member;
}

/* `first` is the member before it with the same id that may be served, or NULL. */
static enum fleet_standing member_standing(const struct judging *judging,
                                           const struct fleet_member *member,
                                           const struct fleet_member *first)
{
    if (first != NULL) {
        complain_repeated(judging->fleet, judging->order->desk, first, member);
        return STANDING_REPEATED;
    }
    if (member->port == 0) {
        complain_portless(judging->fleet, judging->order->desk, member);
        return STANDING_NO_PORT;
    }
    return member->hold == HOLD_MAINT ? STANDING_MAINT : STANDING_SERVED;
}

static int member_compare_id(const void *left, const void *right)
{
    const struct fleet_member *one = left;
    const struct fleet_member *other = right;
    int order = strcmp(one->entry->accepted.id, other->entry->accepted.id);

    if (order == 0) {
        order = (one->source > other->source) - (one->source < other->source);
    }
    return order;
}

/* Judge those of one cluster, sorted by id, that nothing speaks against so far. */
static void members_judge(const struct judging *judging, struct fleet_member *members, size_t count)
{
    const struct fleet_member *first = NULL; /* the newest that has the name */
    size_t served = 0;

    for (size_t i = 0; i < count; i++) {
        struct fleet_member *member = &members[i];
        bool is_repeat =
            first != NULL && strcmp(first->entry->accepted.id, member->entry->accepted.id) == 0;

        if (member->standing != STANDING_SERVED) {
            continue;
        }
        member->standing = member_standing(judging, member, is_repeat ? first : NULL);
        if (!is_repeat) {
            first = member;
        }
        if (member->standing == STANDING_SERVED && ++served > FLEET_MAX_MEMBERS) {
            member->standing = STANDING_OVER_LIMIT;
        }
    }
    if (served > FLEET_MAX_MEMBERS) {
        complain_crowded(judging->order->desk, members[0].cluster, served);
    }
}

static void owner_remember(struct judging *judging, const struct claim *claim)
{
    struct ownership *ownership = &judging->result->ownership;

    ownership->owners[ownership->count++] = (struct cluster_owner){
        .cluster = arena_string(&ownership->arena, claim->cluster),
        .source = arena_string(&ownership->arena, source_name(judging, claim->source)),
        .group = arena_string(&ownership->arena, claim->group),
    };
}

/* Whether the cluster is served at all; STANDING_SERVED when it is. */
static enum fleet_standing candidate_admit(struct judging *judging, struct candidate *candidate)
{
    const struct claim_run run = candidate->run;
    bool merge = candidate->rule != NULL && candidate->rule->merge;
    bool was_served = false;

    if (merge && judging->state == ZONE_PARTIAL &&
        !overlap_is_known(&judging->fleet->overlaps[judging->order->zone], run.claims[0].cluster,
                          judging->fleet->views)) {
        return STANDING_WAITING;
    }
    was_served = owner_find(ownership_before(judging), run.claims[0].cluster) != NULL;
    if (judging->result->ownership.count == judging->room ||
        (!was_served && judging->new_left == 0)) {
        judging->over_limit++;
        return STANDING_OVER_LIMIT;
    }
    judging->new_left -= !was_served;
    candidate->winner = merge ? NULL : run_winner(judging, run);
    owner_remember(judging, candidate->winner == NULL ? run.claims : candidate->winner);
    return STANDING_SERVED;
}

/* One cluster name with all claims on it. */
static void cluster_judge(struct judging *judging, struct claim_run run)
{
    const struct fleet_zone *zone = &judging->fleet->settings->zones[judging->order->zone];
    struct candidate candidate = {.run = run, .rule = rule_find(zone, run.claims[0].cluster)};
    enum fleet_standing admitted = candidate_admit(judging, &candidate);
    struct fleet_member *members = &judging->result->members[judging->result->count];

    for (size_t i = 0; i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        members[i] = member_of(judging, claim, candidate.rule);
        members[i].standing = admitted;
        if (candidate.winner != NULL && !claim_is_of(claim, candidate.winner)) {
            members[i].standing = STANDING_NAME_TAKEN;
        }
    }
    qsort(members, run.count, sizeof(*members), member_compare_id);
    members_judge(judging, members, run.count);
    judging->result->count += run.count;
}

/* Room for every owner that may come, and for how many that were not there before. */
static void judging_prepare(struct judging *judging, const struct claim *claims, size_t count)
{
    const struct ownership *old = ownership_before(judging);
    struct ownership *ownership = &judging->result->ownership;
    size_t clusters = 0;
    size_t known = 0;

    for (size_t i = 0; i < count; clusters++) {
        known += owner_find(old, claims[i].cluster) != NULL;
        i += claim_run_first(&claims[i], count - i).count;
    }
    if (clusters > FLEET_MAX_CLUSTERS) {
        clusters = FLEET_MAX_CLUSTERS;
    }
    arena_init(&ownership->arena);
    ownership->owners = arena_array(&ownership->arena, clusters, sizeof(*ownership->owners));
    judging->room = clusters;
    /* What a file says was served may be too many. */
    judging->new_left = clusters > known ? clusters - known : 0;
}

static void unnamed_judge(struct judging *judging, const struct claim *claims, size_t count)
{
    struct fleet_member *members = &judging->result->members[judging->result->count];

    for (size_t i = 0; i < count; i++) {
        members[i] = member_of(judging, &claims[i], NULL);
        members[i].standing = STANDING_NO_CLUSTER;
    }
    qsort(members, count, sizeof(*members), member_compare_id);
    judging->result->count += count;
}

void fleet_judge(const struct fleet *fleet, const struct judgement_order *order,
                 struct judgement *result)
{
    struct judging judging = {
        .fleet = fleet,
        .order = order,
        .result = result,
        .state = fleet_zone_state(fleet, order->zone),
    };
    const struct claim *claims = NULL;
    size_t count = claims_collect(fleet, order->zone, order->arena, order->desk, &claims);
    size_t named = 0;

    while (named < count && claims[named].cluster != NULL) {
        named++;
    }
    *result =
        (struct judgement){.members = arena_array(order->arena, count, sizeof(*result->members))};
    judging_prepare(&judging, claims, named);
    for (size_t i = 0; i < named;) {
        struct claim_run run = claim_run_first(&claims[i], named - i);

        cluster_judge(&judging, run);
        i += run.count;
    }
    unnamed_judge(&judging, &claims[named], count - named);
    if (judging.over_limit > 0) {
        complain_clusters(order->desk, judging.over_limit);
    }
}
