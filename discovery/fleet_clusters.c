/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_clusters.c - from judged members to clusters as zones see them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_internal.h"
#include "discovery/utf8.h"

/* One TXT string has 255 octets, "hold=" and what a person can read at one glance fit well. */
enum { HOLD_SHOWN_OCTETS = 200 };

/* Members of one cluster, served or not, and how many of them do what. */
struct roll {
    const struct fleet_member *members;
    size_t count;
    size_t served;
    size_t in_service; /* served, and of a weight above 0 */
    size_t held_back;  /* would be in service but for a hold or Standby */
};

/* The length of `text` cut to `limit` octets, never within a character. */
static size_t text_cut(const char *text, size_t limit)
{
    size_t available = strlen(text);
    size_t length = 0;

    while (length < available) {
        uint32_t character = 0;
        size_t step = utf8_decode(text + length, available - length, &character);

        if (step == 0 || length + step > limit) {
            break;
        }
        length += step;
    }
    return length;
}

/* What the TXT record says after "hold=". */
static const char *hold_shown(const struct fleet_member *member, struct arena *arena)
{
    char text[HOLD_TEXT_MAX * 4 + 1];

    if (member->hold == HOLD_NONE) {
        return member->is_standby ? "standby" : "none";
    }
    if (!hold_to_text(&member->entry->accepted.hold, text, NULL)) {
        return hold_kind_name(member->hold);
    }
    return arena_string_of(arena, text, text_cut(text, HOLD_SHOWN_OCTETS));
}

static bool member_is_of(const struct fleet_member *member, const char *cluster)
{
    return member->cluster != NULL && strcmp(member->cluster, cluster) == 0;
}

/* The members of `cluster`, which has some, from place `*next` on; `*next` moves behind them. */
static struct roll roll_call(const struct judgement *judgement, size_t *next, const char *cluster)
{
    struct roll roll = {.members = NULL};
    size_t i = *next;

    while (!member_is_of(&judgement->members[i], cluster)) {
        i++; /* a cluster that is not served */
    }
    roll.members = &judgement->members[i];
    for (; i < judgement->count && member_is_of(&judgement->members[i], cluster); i++) {
        const struct fleet_member *member = &judgement->members[i];
        bool is_served = member->standing == STANDING_SERVED;

        roll.count++;
        roll.served += is_served;
        roll.in_service += is_served && member->weight > 0;
        roll.held_back += (is_served || member->standing == STANDING_MAINT) &&
                          member->weight == 0 && member->entry->accepted.weight > 0;
    }
    *next = i;
    return roll;
}

/* An operator's word counts, but it must not take a cluster away in silence. */
static void roll_complain(const struct roll *roll, const struct complaint_desk *desk)
{
    struct error error;

    if (roll->in_service > 0 || roll->held_back == 0) {
        return;
    }
    if (roll->served == 0) {
        (void)error_set(&error,
                        "cluster \"%s\" has no member left in its answer: %zu are in maintenance",
                        roll->members->cluster, roll->held_back);
    } else {
        (void)error_set(&error,
                        "cluster \"%s\" takes no new sessions: all of its %zu members have weight "
                        "0, %zu of them by a hold or Standby",
                        roll->members->cluster, roll->served, roll->held_back);
    }
    complaint_tell(desk, &error);
}

/* `next` are all of the answer, those that stay beside the members included. */
static struct cluster roll_cluster(const struct roll *roll, const struct overlap_member *next,
                                   size_t next_count, struct arena *arena)
{
    struct member *members = arena_array(arena, next_count, sizeof(*members));
    size_t count = 0;

    for (size_t i = 0; i < roll->count; i++) {
        const struct fleet_member *member = &roll->members[i];
        const struct accepted *accepted = &member->entry->accepted;

        if (member->standing != STANDING_SERVED) {
            continue;
        }
        members[count++] = (struct member){
            .id = arena_string(arena, accepted->id),
            .az = arena_string(arena, accepted->az),
            .hold = hold_shown(member, arena),
            .address = accepted->address,
            .port = member->port,
            .weight = member->weight,
        };
    }
    for (size_t i = 0; i < next_count; i++) {
        const struct accepted *accepted = &next[i].entry.accepted;

        if (next[i].until_ms != 0) {
            members[count++] = (struct member){
                .id = arena_string(arena, accepted->id),
                .az = arena_string(arena, accepted->az),
                .hold = "overlap",
                .address = accepted->address,
                .port = next[i].port,
            };
        }
    }
    return (struct cluster){
        .name = arena_string(arena, roll->members->cluster),
        .members = members,
        .member_count = count,
    };
}

static bool zone_names_by_id(const struct fleet *fleet, size_t zone)
{
    const struct zone *names = fleet->settings->zones[zone].zone;

    return names != NULL && names->target_names == TARGET_INSTANCE;
}

size_t fleet_clusters(struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                      struct arena *arena, const struct cluster **clusters,
                      const struct fleet_listener *listener)
{
    const struct complaint_desk desk = {listener, fleet->settings->zones[zone].origin};
    struct arena scratch;
    struct judgement judgement;
    struct overlap overlap = {0};
    const struct overlap_step step = {
        .before = &fleet->overlaps[zone],
        .after = &overlap,
        .now_ms = now->now_ms,
        .lasts_ms = fleet->settings->zones[zone].ttl_seconds * INT64_C(1000) + FLEET_OVERLAP_MS,
        .targets_by_id = zone_names_by_id(fleet, zone),
    };
    struct cluster *made = NULL;
    size_t count = 0;
    size_t next = 0;

    arena_init(&scratch);
    fleet_judge(fleet, &(struct judgement_order){zone, now, &scratch, &desk}, &judgement);
    count = judgement.ownership.count;
    made = arena_array(arena, count, sizeof(*made));
    /* Owners are the clusters that are served, in the order in which their members stand. */
    for (size_t i = 0; i < count; i++) {
        struct roll roll = roll_call(&judgement, &next, judgement.ownership.owners[i].cluster);

        const struct overlap_member *answered = NULL;
        size_t answered_count = overlap_cluster(&step, roll.members, roll.count, &answered);

        roll_complain(&roll, &desk);
        made[i] = roll_cluster(&roll, answered, answered_count, arena);
    }
    if (fleet_zone_state(fleet, zone) != ZONE_COMPLETE) {
        overlap_keep_others(&step);
    }
    overlap_free(&fleet->overlaps[zone]);
    fleet->overlaps[zone] = overlap;
    arena_free(&scratch);
    arena_free(&fleet->ownerships[zone].arena);
    fleet->ownerships[zone] = judgement.ownership;
    *clusters = made;
    return count;
}

/* By cluster, id and source; who stays comes after who is a member. */
static int member_compare(const void *left, const void *right)
{
    const struct fleet_member *one = left;
    const struct fleet_member *other = right;
    int order = (one->cluster == NULL) - (other->cluster == NULL);

    if (order == 0 && one->cluster != NULL) {
        order = strcmp(one->cluster, other->cluster);
    }
    order = order != 0 ? order : strcmp(one->entry->accepted.id, other->entry->accepted.id);
    order = order != 0 ? order : (one->source > other->source) - (one->source < other->source);
    return order != 0 ? order
                      : (one->standing == STANDING_OVERLAP) - (other->standing == STANDING_OVERLAP);
}

size_t fleet_members(const struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                     struct arena *arena, const struct fleet_member **members)
{
    const struct complaint_desk silent = {.origin = fleet->settings->zones[zone].origin};
    struct judgement judgement;
    struct fleet_member *stayed = NULL;
    struct fleet_member *all = NULL;
    size_t stayed_count = 0;

    fleet_judge(fleet, &(struct judgement_order){zone, now, arena, &silent}, &judgement);
    arena_free(&judgement.ownership.arena);
    stayed_count = overlap_members(&fleet->overlaps[zone], now->now_ms, arena, &stayed);
    if (stayed_count == 0) {
        *members = judgement.members;
        return judgement.count;
    }
    all = arena_array(arena, judgement.count + stayed_count, sizeof(*all));
    if (judgement.count > 0) {
        memcpy(all, judgement.members, judgement.count * sizeof(*all));
    }
    memcpy(&all[judgement.count], stayed, stayed_count * sizeof(*all));
    qsort(all, judgement.count + stayed_count, sizeof(*all), member_compare);
    *members = all;
    return judgement.count + stayed_count;
}

const char *fleet_standing_name(enum fleet_standing standing)
{
    static const char *const names[] = {
        [STANDING_SERVED] = "served",         [STANDING_MAINT] = "maint",
        [STANDING_NO_CLUSTER] = "no-cluster", [STANDING_NAME_TAKEN] = "name-taken",
        [STANDING_REPEATED] = "repeated",     [STANDING_NO_PORT] = "no-port",
        [STANDING_OVER_LIMIT] = "over-limit", [STANDING_WAITING] = "waiting",
        [STANDING_OVERLAP] = "overlap",
    };
    size_t index = (size_t)standing;

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}
