/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet_roster.c - what is not looked at again is what would have
 * come out again.
 *
 * Two fleets live through the same random events. One works as it does in service; the other
 * forgets before each step all that it could spare itself work by. Clusters, members, events and
 * complaints must be the same, and a cluster that keeps its version must be the same as before.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/fleet_internal.h"
#include "tests/unit/discovery/fleet_world.h"

enum {
    SEEDS = 60,
    STEPS = 250,
    TEXT_SIZE = 65536,
    VERSIONS_MAX = 32768, /* of clusters, within one seed */
};

struct text {
    char octets[TEXT_SIZE];
    size_t length;
};

/* One of the two fleets, and what it said in the newest step. */
struct side {
    struct fleet *fleet;
    struct text said;
};

struct play {
    struct world world;
    struct side sides[2];          /* in service, and the one that forgets */
    uint64_t prints[VERSIONS_MAX]; /* of what was served under each version; 0: nothing */
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
                                                           ...)
{
    va_list arguments;

    va_start(arguments, format);
    text->length +=
        (size_t)vsnprintf(text->octets + text->length, TEXT_SIZE - text->length, format, arguments);
    va_end(arguments);
    assert_true(text->length < TEXT_SIZE);
}

static void text_clear(struct text *text)
{
    text->length = 0;
    text->octets[0] = '\0';
}

static void accepted_add(struct text *text, const struct accepted *accepted)
{
    char address[ADDRESS_MAX_TEXT];

    if (accepted == NULL) {
        text_add(text, " -");
        return;
    }
    text_add(text, " %s/%s/%s/%s/%d/%d/%s/%" PRId64, accepted->id, accepted->group, accepted->az,
             address_to_text(&accepted->address, address), accepted->port, accepted->weight,
             hold_kind_name(accepted->hold.kind), accepted->hold.until_s);
}

static void on_event(void *owner, const struct view_event *event)
{
    struct side *side = owner;

    text_add(&side->said, "event %d %s %s %d %s %zu", event->kind,
             event->id == NULL ? "" : event->id, event->group == NULL ? "" : event->group,
             event->decision.reason, event->cluster == NULL ? "" : event->cluster, event->count);
    accepted_add(&side->said, event->before);
    accepted_add(&side->said, event->after);
    text_add(&side->said, "\n");
}

static void on_complaint(void *owner, const char *origin, const struct error *error)
{
    struct side *side = owner;

    text_add(&side->said, "complaint %s %s\n", origin, error->text);
}

/* ---- what happens to both ---- */

static void side_forget(struct side *side)
{
    const struct fleet_settings *settings = fleet_settings(side->fleet);

    for (size_t i = 0; i < settings->source_count; i++) {
        if (side->fleet->views[i] != NULL) {
            view_forget_rules(side->fleet->views[i]);
            fleet_name_groups(side->fleet, i);
        }
    }
    for (size_t i = 0; i < settings->zone_count; i++) {
        roster_expire(&side->fleet->rosters[i]);
    }
}

static void side_reload(const struct world *world, struct side *side)
{
    struct fleet *fleet = NULL;

    assert_true(fleet_new(&fleet, &world->used->settings, NULL));
    fleet_adopt(fleet, side->fleet);
    fleet_free(side->fleet);
    side->fleet = fleet;
}

/* A view as it comes from disk: some instances of the poll, with weights that may be old. */
static struct view *view_of_disk(const struct inventory *poll)
{
    struct view *view = view_new();

    view->is_restored = true;
    view->poll.started_ms = INT64_MIN / 2;
    for (size_t i = 0; i < poll->count; i++) {
        const struct instance *instance = &poll->instances[i];
        struct view_entry entry = {
            .accepted = {.id = instance->id,
                         .group = instance->group,
                         .az = "",
                         .address = {ADDRESS_V4_LENGTH, {10, 0, 1, (uint8_t)i}},
                         .weight = 100,
                         .hold = {.by = "", .reason = ""}},
            .changed = {0, INT64_MIN / 2           },
        };

        if (instance->group != NULL && i % 3 != 0) {
            (void)view_add(view, &entry);
        }
    }
    return view;
}

enum act {
    ACT_RELOAD,
    ACT_RELOAD_PLAIN,
    ACT_ACCEPT,
    ACT_STANDBY,
    ACT_RETAIN,
    ACT_OWNERS,
    ACT_RESTORE,
    ACT_FORGET_SOURCE,
    ACT_EMPTY_POLL,
    ACT_OLD_POLL,
    ACT_COUNT,
    ACTS = 5 * ACT_COUNT, /* the others are polls */
};

static void side_act(const struct world *world, struct side *side, size_t act, size_t source,
                     const struct inventory *poll)
{
    const char *group = world_groups[(size_t)world->now_ms % WORLD_GROUPS];
    const char *standby[] = {world->ids[(size_t)world->now_ms % WORLD_IDS]};
    const struct cluster_owner owner = {"web", "ec2 main", group};
    bool is_known = act >= ACT_ACCEPT && fleet_view(side->fleet, source) != NULL;

    if (act == ACT_RELOAD || act == ACT_RELOAD_PLAIN) {
        side_reload(world, side);
    } else if (act == ACT_ACCEPT) {
        text_add(&side->said, "accepted %zu\n", fleet_accept(side->fleet, group, on_event, side));
    } else if (act == ACT_STANDBY) {
        (void)fleet_set_standby(side->fleet, source, standby, 1);
    } else if (act == ACT_RETAIN && is_known) {
        text_add(&side->said, "retained %zu\n", fleet_retain(side->fleet, source, poll));
    } else if (act == ACT_OWNERS) {
        fleet_set_owners(side->fleet, 0, &owner, 1);
    } else if (act == ACT_RESTORE) {
        fleet_restore(side->fleet, source, view_of_disk(poll));
    } else if (act == ACT_FORGET_SOURCE && world->now_ms % 4 == 0) {
        fleet_restore(side->fleet, source, NULL);
    } else {
        fleet_apply(side->fleet, source, poll,
                    act == ACT_OLD_POLL ? world->now_ms - 2 * WORLD_POLL_MS : world->now_ms,
                    on_event, side);
    }
}

static void play_act(struct play *play)
{
    struct world *world = &play->world;
    size_t act = world_random(world, ACTS);
    size_t source = 0;
    struct inventory *poll = NULL;

    if (act == ACT_RELOAD || act == ACT_RELOAD_PLAIN) {
        world_configure(world, act == ACT_RELOAD_PLAIN);
    }
    source = world_random(world, world->used->settings.source_count);
    poll = act == ACT_EMPTY_POLL ? fixture_poll(NULL, 0)
                                 : world_poll(world, world->used->shows[source]);
    for (size_t i = 0; i < 2; i++) {
        if (i == 1) {
            side_forget(&play->sides[i]);
        }
        side_act(world, &play->sides[i], act, source, poll);
    }
    inventory_free(poll);
}

/* ---- what both say ---- */

static void entry_add(struct text *text, const struct view_entry *entry)
{
    accepted_add(text, &entry->accepted);
    text_add(text, " %d %s %u %" PRId64 " %d %d %" PRId64 " %" PRId64 " %" PRId64, entry->reason,
             entry->value == NULL ? "" : entry->value, entry->missing_polls, entry->last_missing_ms,
             entry->is_untagged, entry->is_frozen, entry->changed.started_ms,
             entry->wanted_since_ms, entry->unsettled_ms);
    accepted_add(text, entry->wanted);
}

static void view_say(struct text *text, const struct view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        text_add(text, "entry");
        entry_add(text, view->entries[i]);
        text_add(text, "\n");
    }
    for (size_t i = 0; i < view->outsider_count; i++) {
        const struct view_outsider *outsider = &view->outsiders[i];

        text_add(text, "outsider %s %s %d %s %" PRIu64 " %" PRId64 " %" PRId64 "\n", outsider->id,
                 outsider->group == NULL ? "" : outsider->group, outsider->reason,
                 outsider->value == NULL ? "" : outsider->value, outsider->since.number,
                 outsider->good_since_ms, outsider->unsettled_ms);
    }
    for (size_t i = 0; i < view->departure_count; i++) {
        const struct view_departure *departure = &view->departures[i];

        text_add(text, "departure %s %s %d %" PRIu64 " %d\n", departure->id, departure->group,
                 departure->reason, departure->at.number, departure->is_loss);
    }
    for (size_t i = 0; i < view->freeze_count; i++) {
        const struct view_freeze *freeze = &view->freezes[i];

        text_add(text, "freeze %s %zu %zu %" PRId64 " %u\n", freeze->cluster, freeze->member_count,
                 freeze->held_count, freeze->since_ms, freeze->identical_polls);
    }
}

static void cluster_say(struct text *text, size_t zone, const struct cluster *cluster)
{
    char address[ADDRESS_MAX_TEXT];

    text_add(text, "cluster %zu %s", zone, cluster->name);
    for (size_t i = 0; i < cluster->member_count; i++) {
        const struct member *member = &cluster->members[i];

        text_add(text, " %s,%s,%s,%s,%d,%d", member->id, member->az, member->hold,
                 address_to_text(&member->address, address), member->port, member->weight);
    }
    text_add(text, "\n");
}

static void members_say(struct text *text, const struct fleet *fleet, size_t zone,
                        const struct fleet_moment *now)
{
    const struct fleet_member *members = NULL;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena);
    count = fleet_members(fleet, zone, now, &arena, &members);
    for (size_t i = 0; i < count; i++) {
        text_add(text, "member %s %zu %s %s %d %d %d %" PRId64,
                 members[i].cluster == NULL ? "-" : members[i].cluster, members[i].source,
                 members[i].entry->accepted.id, fleet_standing_name(members[i].standing),
                 members[i].hold, members[i].port, members[i].weight, members[i].until_ms);
        text_add(text, " %d %u %d %d\n", members[i].entry->reason, members[i].entry->missing_polls,
                 members[i].entry->is_frozen, members[i].entry->wanted != NULL);
    }
    arena_free(&arena);
}

/* A version stands for one content for ever. True when it was there before. */
static bool version_check(struct play *play, const struct text *line, uint64_t version)
{
    uint64_t print = UINT64_C(14695981039346656037); /* FNV-1a */
    bool is_kept = false;

    for (size_t i = 0; i < line->length; i++) {
        print = (print ^ (unsigned char)line->octets[i]) * UINT64_C(1099511628211);
    }
    assert_in_range(version, 1, VERSIONS_MAX - 1);
    is_kept = play->prints[version] != 0;
    if (is_kept && play->prints[version] != print) {
        fail_msg("version %" PRIu64 " is now %s", version, line->octets);
    }
    play->prints[version] = print;
    return is_kept;
}

/* How many clusters kept their version. */
static size_t zone_say(struct play *play, struct side *side, size_t zone)
{
    const struct fleet_moment now = {play->world.now_s, play->world.now_ms};
    const struct fleet_listener listener = {on_complaint, side};
    const struct cluster *clusters = NULL;
    static struct text line;
    struct arena arena;
    size_t count = 0;
    size_t kept = 0;

    arena_init(&arena);
    count = fleet_clusters(side->fleet, zone, &now, &arena, &clusters, &listener);
    for (size_t i = 0; i < count; i++) {
        text_clear(&line);
        cluster_say(&line, zone, &clusters[i]);
        text_add(&side->said, "%s", line.octets);
        if (side == &play->sides[0]) {
            kept += version_check(play, &line, clusters[i].version);
        }
    }
    arena_free(&arena);
    members_say(&side->said, side->fleet, zone, &now);
    return kept;
}

static size_t side_say(struct play *play, struct side *side)
{
    size_t kept = 0;

    for (size_t i = 0; i < WORLD_ZONES; i++) {
        kept += zone_say(play, side, i);
    }
    for (size_t i = 0; i < fleet_settings(side->fleet)->source_count; i++) {
        if (fleet_view(side->fleet, i) != NULL) {
            view_say(&side->said, fleet_view(side->fleet, i));
        }
    }
    text_add(&side->said, "next %" PRId64 " %" PRId64 "\n",
             fleet_next_change_s(side->fleet, play->world.now_s),
             fleet_next_change_ms(side->fleet, play->world.now_ms));
    return kept;
}

static void sides_compare(const struct play *play, uint64_t seed, size_t step)
{
    const char *one = play->sides[0].said.octets;
    const char *other = play->sides[1].said.octets;
    size_t same = 0;

    if (strcmp(one, other) == 0) {
        return;
    }
    while (one[same] == other[same]) {
        same++;
    }
    while (same > 0 && one[same - 1] != '\n') {
        same--;
    }
    fail_msg("seed %" PRIu64 " step %zu:\n%.400s\nbut\n%.400s", seed, step, one + same,
             other + same);
}

/* How many clusters kept their version. */
static size_t play_step(struct play *play, uint64_t seed, size_t step)
{
    size_t kept = 0;

    text_clear(&play->sides[0].said);
    text_clear(&play->sides[1].said);
    world_change(&play->world);
    play_act(play);
    side_forget(&play->sides[1]);
    kept = side_say(play, &play->sides[0]);
    (void)side_say(play, &play->sides[1]);
    sides_compare(play, seed, step);
    return kept;
}

static void what_is_spared_would_have_come_out_the_same(void **state)
{
    struct play *play = calloc(1, sizeof(*play));
    size_t kept = 0;

    (void)state;
    assert_non_null(play);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        memset(play, 0, sizeof(*play));
        world_init(&play->world, seed);
        for (size_t i = 0; i < 2; i++) {
            assert_true(fleet_new(&play->sides[i].fleet, &play->world.used->settings, NULL));
        }
        for (size_t step = 0; step < STEPS; step++) {
            kept += play_step(play, seed, step);
        }
        fleet_free(play->sides[0].fleet);
        fleet_free(play->sides[1].fleet);
    }
    /* If nothing were spared, nothing would be tested. */
    assert_true(kept > (size_t)SEEDS * STEPS);
    free(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_spared_would_have_come_out_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
