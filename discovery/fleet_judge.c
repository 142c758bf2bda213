/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_judge.c - from the groups of a zone's sources to who is served under which name,
 * and why the others are not.
 *
 * Every group of every view is a claim on a cluster name. Sorted by name, claims on one cluster
 * lie together:
 *
 *     cluster  group     source
 *     api      prod-api  0       one group: served
 *     web      prod-web  0       two groups: served is the one that was served
 *     web      web       0       before, or the first; both with `merge`
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"

static const char *source_name(const struct judging *judging, size_t source)
{
    return judging->fleet->settings->sources[source].name;
}

static const struct ownership *ownership_before(const struct judging *judging)
{
    return &judging->fleet->ownerships[judging->zone];
}

/* The owner of `cluster`, or NULL. Clusters are asked for in the order of their names: `*next` is
 * where the walk over the owners has come to. */
static const struct cluster_owner *owner_next(const struct ownership *ownership, size_t *next,
                                              const char *cluster)
{
    int order = -1;

    while (*next < ownership->count &&
           (order = strcmp(ownership->owners[*next].cluster, cluster)) < 0) {
        (*next)++;
    }
    return order == 0 ? &ownership->owners[*next] : NULL;
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

/* The claims on the first cluster of the `left` (at least one) sorted ones. */
static struct claim_run claim_run_first(const struct claim *claims, size_t left)
{
    struct claim_run run = {.claims = claims, .count = 1};

    while (run.count < left && strcmp(claims[run.count].cluster, claims[0].cluster) == 0) {
        run.count++;
    }
    return run;
}

/* A claim of the group that has the name: its owner (NULL: none), else the first. The others are
 * told. */
static const struct claim *run_winner(const struct judging *judging, struct claim_run run,
                                      const struct cluster_owner *owner)
{
    const struct claim *winner = run.claims;

    for (size_t i = 0; owner != NULL && i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (strcmp(claim->group->name, owner->group) == 0 &&
            strcmp(source_name(judging, claim->source), owner->source) == 0) {
            winner = claim;
            break;
        }
    }
    for (size_t i = 0; i < run.count; i++) {
        const struct claim *claim = &run.claims[i];

        if (claim != winner) {
            complain_taken(judging->fleet, judging->desk, winner, claim);
        }
    }
    return winner;
}

/* The port by which a member is served: its own, else the cluster's, else its source's. */
static uint16_t member_port(const struct judging *judging, size_t source,
                            const struct view_entry *entry, const struct cluster_rule *rule)
{
    if (entry->accepted.port != 0) {
        return entry->accepted.port;
    }
    if (rule != NULL && rule->port != 0) {
        return rule->port;
    }
    return judging->fleet->settings->sources[source].rules.port;
}

/* A member with everything that does not depend on the others of its cluster. */
static struct fleet_member member_of(const struct judging *judging, const struct claim *claim,
                                     const struct view_entry *entry,
                                     const struct cluster_rule *rule)
{
    const struct accepted *accepted = &entry->accepted;
    struct fleet_member member = {
        .cluster = claim->cluster,
        .source = claim->source,
        .entry = entry,
        .hold = hold_now(&accepted->hold, judging->now->now_s),
        .is_standby = standby_contains(&judging->fleet->standbys[claim->source], accepted->id),
        .port = member_port(judging, claim->source, entry, rule),
        .weight = accepted->weight,
    };

    if (member.hold != HOLD_NONE || member.is_standby) {
        member.weight = 0;
    }
    return member;
}

/* `first` is the member before it with the same id that may be served, or NULL. */
static enum fleet_standing member_standing(const struct judging *judging,
                                           const struct complaint_desk *desk,
                                           const struct fleet_member *member,
                                           const struct fleet_member *first)
{
    if (first != NULL) {
        complain_repeated(judging->fleet, desk, first, member);
        return STANDING_REPEATED;
    }
    if (member->port == 0) {
        complain_portless(judging->fleet, desk, member);
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
static void members_judge(const struct judging *judging, const struct complaint_desk *desk,
                          struct fleet_member *members, size_t count)
{
    const struct fleet_member *first = NULL; /* the newest that has the name */
    size_t served = 0;

    for (size_t i = 0; i < count; i++) {
        struct fleet_member *member = &members[i];
        bool is_repeat = false;

        if (member->standing != STANDING_SERVED) {
            continue;
        }
        is_repeat =
            first != NULL && strcmp(first->entry->accepted.id, member->entry->accepted.id) == 0;
        member->standing = member_standing(judging, desk, member, is_repeat ? first : NULL);
        if (!is_repeat) {
            first = member;
        }
        if (member->standing == STANDING_SERVED && ++served > FLEET_MAX_MEMBERS) {
            member->standing = STANDING_OVER_LIMIT;
        }
    }
    if (served > FLEET_MAX_MEMBERS) {
        complain_crowded(desk, members[0].cluster, served);
    }
}

static void owner_remember(struct judging *judging, const struct claim *claim)
{
    struct ownership *ownership = &judging->ownership;

    ownership->owners[ownership->count++] = (struct cluster_owner){
        .cluster = arena_string(&ownership->arena, claim->cluster),
        .source = arena_string(&ownership->arena, source_name(judging, claim->source)),
        .group = arena_string(&ownership->arena, claim->group->name),
    };
}

/* Whether the last answer had the cluster, and all who know of its members can be asked: when it
 * had none of them, as all were in maintenance, those who had the groups. */
static bool cluster_is_known(const struct judging *judging, const char *cluster)
{
    const struct cell *cell = roster_find(&judging->fleet->rosters[judging->zone], cluster);
    struct view *const *views = judging->fleet->views;

    if (cell == NULL) {
        return false;
    }
    for (size_t i = 0; cell->answered.count == 0 && i < cell->claim_count; i++) {
        size_t source = cell->claims[i].source;

        if (source == OVERLAP_NO_SOURCE || views[source] == NULL) {
            return false;
        }
    }
    return cell->answered.count == 0 || overlap_is_known(&cell->answered, views);
}

/* Whether the cluster is served at all, and which group has its name. */
static void candidate_admit(struct judging *judging, struct candidate *candidate)
{
    const struct claim_run run = candidate->run;
    const char *cluster = run.claims[0].cluster;
    bool merge = candidate->rule != NULL && candidate->rule->merge;
    const struct cluster_owner *owner =
        owner_next(ownership_before(judging), &judging->owner_next, cluster);

    if (merge && judging->state == ZONE_PARTIAL && !cluster_is_known(judging, cluster)) {
        candidate->standing = STANDING_WAITING;
        return;
    }
    if (judging->ownership.count == judging->room || (owner == NULL && judging->new_left == 0)) {
        judging->over_limit++;
        candidate->standing = STANDING_OVER_LIMIT;
        return;
    }
    judging->new_left -= owner == NULL;
    candidate->winner = merge ? NULL : run_winner(judging, run, owner);
    owner_remember(judging, merge ? run.claims : candidate->winner);
    candidate->standing = STANDING_SERVED;
}

/* Room for every owner that may come, and for how many that were not there before. */
static void judging_prepare(struct judging *judging)
{
    const struct ownership *old = ownership_before(judging);
    struct ownership *ownership = &judging->ownership;
    size_t clusters = 0;
    size_t known = 0;
    size_t next = 0;

    for (size_t i = 0; i < judging->claim_count; clusters++) {
        known += owner_next(old, &next, judging->claims[i].cluster) != NULL;
        i += claim_run_first(&judging->claims[i], judging->claim_count - i).count;
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

void judging_open(struct judging *judging, const struct fleet *fleet, size_t zone,
                  const struct fleet_moment *now, struct arena *arena,
                  const struct complaint_desk *desk)
{
    size_t named = 0;
    size_t count = 0;

    *judging = (struct judging){
        .fleet = fleet,
        .zone = zone,
        .now = now,
        .arena = arena,
        .desk = desk,
        .state = fleet_zone_state(fleet, zone),
    };
    count = claims_collect(fleet, zone, arena, desk, &judging->claims);
    while (named < count && judging->claims[named].cluster != NULL) {
        named++;
    }
    judging->claim_count = named;
    judging->unnamed = &judging->claims[named];
    judging->unnamed_count = count - named;
    judging_prepare(judging);
}

bool judging_next(struct judging *judging, struct candidate *candidate)
{
    const struct fleet_zone *zone = &judging->fleet->settings->zones[judging->zone];

    if (judging->claim_next == judging->claim_count) {
        if (judging->over_limit > 0) {
            complain_clusters(judging->desk, judging->over_limit);
        }
        return false;
    }
    candidate->run = claim_run_first(&judging->claims[judging->claim_next],
                                     judging->claim_count - judging->claim_next);
    judging->claim_next += candidate->run.count;
    candidate->rule = rule_find(zone, candidate->run.claims[0].cluster);
    candidate->winner = NULL;
    candidate_admit(judging, candidate);
    return true;
}

/* The members of `count` claims in the arena, sorted by id and source; each has `standing`. */
static size_t claims_members(const struct judging *judging, const struct claim *claims,
                             size_t claim_count, const struct candidate *candidate,
                             struct fleet_member **members)
{
    size_t count = 0;

    for (size_t i = 0; i < claim_count; i++) {
        count += claims[i].group->count;
    }
    *members = arena_array(judging->arena, count, sizeof(**members));
    count = 0;
    for (size_t i = 0; i < claim_count; i++) {
        const struct claim *claim = &claims[i];
        enum fleet_standing standing =
            candidate == NULL ? STANDING_NO_CLUSTER : candidate->standing;

        if (candidate != NULL && candidate->winner != NULL && claim != candidate->winner) {
            standing = STANDING_NAME_TAKEN;
        }
        for (size_t j = 0; j < claim->group->count; j++) {
            (*members)[count] = member_of(judging, claim, claim->group->members[j],
                                          candidate == NULL ? NULL : candidate->rule);
            (*members)[count++].standing = standing;
        }
    }
    if (claim_count > 1) { /* those of one group are sorted */
        qsort(*members, count, sizeof(**members), member_compare_id);
    }
    return count;
}

size_t candidate_members(const struct judging *judging, const struct candidate *candidate,
                         const struct complaint_desk *desk, struct fleet_member **members)
{
    size_t count =
        claims_members(judging, candidate->run.claims, candidate->run.count, candidate, members);

    members_judge(judging, desk, *members, count);
    return count;
}

size_t unnamed_members(const struct judging *judging, struct fleet_member **members)
{
    return claims_members(judging, judging->unnamed, judging->unnamed_count, NULL, members);
}
