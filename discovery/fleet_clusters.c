/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_clusters.c - from judged members to clusters as zones see them.
 *
 * What each cluster's answer was made of is kept (fleet_roster.h): only a cluster of which
 * something changed, or whose time is over, is judged again. Which groups want which names is
 * looked at every time, as there are few and they depend on each other.
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

static struct roll roll_call(const struct fleet_member *members, size_t count)
{
    struct roll roll = {.members = members, .count = count};

    for (size_t i = 0; i < count; i++) {
        const struct fleet_member *member = &members[i];
        bool is_served = member->standing == STANDING_SERVED;

        roll.served += is_served;
        roll.in_service += is_served && member->weight > 0;
        roll.held_back += (is_served || member->standing == STANDING_MAINT) &&
                          member->weight == 0 && member->entry->accepted.weight > 0;
    }
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

/* ---- one cluster ---- */

/* A fleet_complaint: what is said of a cluster's members is said again as long as it stays. */
static void cell_hear(void *owner, const char *origin, const struct error *error)
{
    struct cell *cell = owner;

    (void)origin;
    cell->complaints =
        memory_grow(cell->complaints, cell->complaint_count + 1, sizeof(*cell->complaints));
    cell->complaints[cell->complaint_count++] = *error;
}

static size_t candidate_winner(const struct candidate *candidate)
{
    return candidate->winner == NULL ? SIZE_MAX
                                     : (size_t)(candidate->winner - candidate->run.claims);
}

/* Whether everything is as it was when the cell's answer was made. */
static bool cell_holds(const struct cell *cell, const struct candidate *candidate,
                       const struct fleet_moment *now)
{
    if (!cell->is_current || cell->claim_count != candidate->run.count ||
        cell->winner != candidate_winner(candidate) || now->now_s < cell->since_s ||
        (cell->until_s != 0 && now->now_s >= cell->until_s) ||
        (cell->until_ms != 0 && now->now_ms >= cell->until_ms)) {
        return false;
    }
    for (size_t i = 0; i < cell->claim_count; i++) {
        const struct claim *claim = &candidate->run.claims[i];

        if (cell->claims[i].source != claim->source ||
            cell->claims[i].version != claim->group->version) {
            return false;
        }
    }
    return true;
}

/* Remember what the answer follows from. */
static void cell_key(struct cell *cell, const struct candidate *candidate, const struct roll *roll,
                     const struct fleet_moment *now)
{
    cell->claim_count = candidate->run.count;
    cell->claims = memory_grow(NULL, cell->claim_count, sizeof(*cell->claims));
    for (size_t i = 0; i < cell->claim_count; i++) {
        const struct claim *claim = &candidate->run.claims[i];

        cell->claims[i] = (struct cell_claim){claim->source, claim->group->version};
    }
    cell->winner = candidate_winner(candidate);
    cell->since_s = now->now_s;
    cell->until_s = 0;
    for (size_t i = 0; i < roll->count; i++) {
        int64_t until_s = roll->members[i].entry->accepted.hold.until_s;

        if (until_s > now->now_s && (cell->until_s == 0 || until_s < cell->until_s)) {
            cell->until_s = until_s;
        }
    }
    cell->until_ms = overlap_next_change_ms(&cell->answered, now->now_ms);
    cell->is_current = true;
}

/* The answer out of `roll` and those of cell->answered that stay beside it. */
static void cell_answer(struct cell *cell, const struct roll *roll)
{
    size_t count = 0;

    cell->members = memory_grow(NULL, cell->answered.count, sizeof(*cell->members));
    for (size_t i = 0; i < roll->count; i++) {
        const struct fleet_member *member = &roll->members[i];
        const struct accepted *accepted = &member->entry->accepted;

        if (member->standing != STANDING_SERVED) {
            continue;
        }
        cell->members[count++] = (struct member){
            .id = accepted->id,
            .az = accepted->az,
            .hold = hold_shown(member, &cell->texts),
            .address = accepted->address,
            .port = member->port,
            .weight = member->weight,
        };
    }
    for (size_t i = 0; i < cell->answered.count; i++) {
        const struct overlap_member *former = &cell->answered.members[i];
        const struct accepted *accepted = &former->entry->accepted;

        if (former->until_ms != 0) {
            cell->members[count++] = (struct member){
                .id = accepted->id,
                .az = accepted->az,
                .hold = "overlap",
                .address = accepted->address,
                .port = former->port,
            };
        }
    }
    cell->cluster.members = cell->members;
    cell->cluster.member_count = count;
}

static bool zone_names_by_id(const struct fleet *fleet, size_t zone)
{
    const struct zone *names = fleet->settings->zones[zone].zone;

    return names != NULL && names->target_names == TARGET_INSTANCE;
}

/* Judge the cluster's members, and make its answer anew. */
static void cell_make(struct cell *cell, struct fleet *fleet, const struct judging *judging,
                      const struct candidate *candidate)
{
    const struct fleet_listener ears = {cell_hear, cell};
    const struct complaint_desk desk = {&ears, judging->desk->origin};
    const struct fleet_zone *zone = &fleet->settings->zones[judging->zone];
    const struct overlap_step step = {
        .before = &cell->answered,
        .now_ms = judging->now->now_ms,
        .lasts_ms = zone->ttl_seconds * INT64_C(1000) + FLEET_OVERLAP_MS,
        .targets_by_id = zone_names_by_id(fleet, judging->zone),
    };
    struct fleet_member *members = NULL;
    struct overlap answered;
    struct roll roll;
    size_t count = 0;

    cell_clear(cell);
    count = candidate_members(judging, candidate, &desk, &members);
    roll = roll_call(members, count);
    roll_complain(&roll, &desk);
    answered = overlap_next(&step, members, count);
    overlap_free(&cell->answered);
    cell->answered = answered;
    cell_answer(cell, &roll);
    cell_key(cell, candidate, &roll, judging->now);
    cell->cluster.version = ++fleet->last_version;
}

size_t fleet_clusters(struct fleet *fleet, size_t zone, const struct fleet_moment *now,
                      struct arena *arena, const struct cluster **clusters,
                      const struct fleet_listener *listener)
{
    const struct complaint_desk desk = {listener, fleet->settings->zones[zone].origin};
    struct roster *roster = &fleet->rosters[zone];
    struct arena scratch;
    struct judging judging;
    struct candidate candidate;
    struct cluster *made = NULL;
    size_t count = 0;

    arena_init(&scratch);
    judging_open(&judging, fleet, zone, now, &scratch, &desk);
    made = arena_array(arena, judging.room, sizeof(*made));
    roster->round++;
    roster->next = 0;
    while (judging_next(&judging, &candidate)) {
        struct cell *cell = NULL;

        if (candidate.standing != STANDING_SERVED) {
            continue;
        }
        cell = roster_make(roster, candidate.run.claims[0].cluster);
        cell->round = roster->round;
        if (!cell_holds(cell, &candidate, now)) {
            cell_make(cell, fleet, &judging, &candidate);
        }
        for (size_t i = 0; i < cell->complaint_count; i++) {
            complaint_tell(&desk, &cell->complaints[i]);
        }
        made[count++] = cell->cluster;
    }
    roster_end_round(roster, judging.state != ZONE_COMPLETE, now->now_ms);
    arena_free(&scratch);
    arena_free(&fleet->ownerships[zone].arena);
    fleet->ownerships[zone] = judging.ownership;
    *clusters = made;
    return count;
}
