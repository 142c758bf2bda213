/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/fleet_world.h - a made-up world for fleets to look at: instances of three
 * sources that change at random, clocks, and configurations to reload.
 */

#ifndef TESTS_UNIT_DISCOVERY_FLEET_WORLD_H
#define TESTS_UNIT_DISCOVERY_FLEET_WORLD_H

#include <stdio.h>
#include <string.h>

#include "discovery/fleet.h"
#include "tests/unit/discovery/fixture.h"

enum {
    WORLD_SOURCES = 3,
    WORLD_ZONES = 2,
    WORLD_IDS = 24,
    WORLD_GROUPS = 6,
    WORLD_HOLDS = 64,
    WORLD_POLL_MS = 2500,
};

/* "web" has two groups at times, "both" is merged out of sources, "bad name" has no cluster. */
static const char *const world_groups[WORLD_GROUPS] = {"web", "prod-web", "both",
                                                       "api", "bad name", "db"};
static const char *const world_renames[] = {"^prod-(.*)$ -> \\1"};
static const char *const world_source_names[WORLD_SOURCES] = {"ec2 main", "file b", "ec2 new"};

/* What a reload gives to a fleet, which borrows it. */
struct world_configuration {
    struct zone names;
    struct fleet_zone zones[WORLD_ZONES];
    struct cluster_rule rules[2];
    struct fleet_source sources[WORLD_SOURCES];
    struct prefix prefixes[1];
    const char *globs[2];
    struct fleet_settings settings;
    size_t shows[WORLD_SOURCES]; /* the place in world_source_names */
};

struct world {
    struct world_configuration configurations[2]; /* the one in use, and the one before or next */
    struct world_configuration *used;
    struct instance instances[WORLD_SOURCES][WORLD_IDS];
    bool is_shown[WORLD_SOURCES][WORLD_IDS];
    char ids[WORLD_IDS][8];
    char addresses[WORLD_SOURCES][WORLD_IDS][16];
    char holds[WORLD_HOLDS][64];
    int64_t now_ms;
    int64_t now_s;
    uint64_t random;
};

/* A number below `limit`. */
static inline size_t world_random(struct world *world, size_t limit)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (size_t)(world->random >> 11) % limit;
}

/* Sources in any order, some left out, in either zone, by other rules. */
static inline void world_configure(struct world *world, bool is_plain)
{
    struct world_configuration *made =
        &world->configurations[world->used == &world->configurations[0]];
    size_t count = is_plain ? 2 : 1 + world_random(world, WORLD_SOURCES);
    size_t first = is_plain ? 0 : world_random(world, WORLD_SOURCES);
    bool is_narrow = !is_plain && world_random(world, 3) == 0;
    bool is_picky = !is_plain && world_random(world, 4) == 0;

    memset(made, 0, sizeof(*made));
    made->names.target_names =
        is_plain || world_random(world, 2) == 0 ? TARGET_ADDRESS : TARGET_INSTANCE;
    made->rules[0] =
        (struct cluster_rule){.name = "both", .merge = is_plain || world_random(world, 4) != 0};
    made->rules[1] =
        (struct cluster_rule){.name = "db", .port = (uint16_t)(5432 + world_random(world, 2))};
    made->prefixes[0] = (struct prefix){
        {ADDRESS_V4_LENGTH, {10, 0, 1}},
        (uint8_t)(is_narrow ? 24 : 8)
    };
    made->globs[0] = "*web";
    made->globs[1] = "both";
    for (size_t i = 0; i < WORLD_ZONES; i++) {
        bool has_renames = is_plain || world_random(world, 4) != 0;

        made->zones[i] = (struct fleet_zone){
            .origin = i == 0                                    ? "sd.example.com"
                      : is_plain || world_random(world, 4) != 0 ? "dr.example.com"
                                                                : "other.example.com",
            .ttl_seconds = 5 - (uint32_t)i * 2,
            .zone = &made->names,
            .rename = world_renames,
            .rename_count = has_renames,
            .clusters = made->rules,
            .cluster_count = 2,
        };
    }
    for (size_t i = 0; i < count; i++) {
        struct membership_rules rules = *fixture_rules();

        rules.allowed_prefixes = made->prefixes;
        rules.allowed_prefix_count = 1;
        rules.groups = made->globs;
        rules.group_count = is_picky ? 2 : 0;
        rules.port = (uint16_t)(is_plain || world_random(world, 8) != 0 ? 443 : 0);
        made->shows[i] = (first + i) % WORLD_SOURCES;
        made->sources[i] = (struct fleet_source){
            .name = world_source_names[made->shows[i]],
            .zone = is_plain || world_random(world, 4) != 0 ? 0 : 1,
            .rules = rules,
        };
    }
    made->settings = (struct fleet_settings){made->zones, WORLD_ZONES, made->sources, count};
    world->used = made;
}

static inline void world_init(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    world->now_ms = 1000;
    world->now_s = 1000000;
    for (size_t i = 0; i < WORLD_SOURCES; i++) {
        for (size_t j = 0; j < WORLD_IDS; j++) {
            (void)snprintf(world->ids[j], sizeof(world->ids[j]), "i-%02zu", j);
            (void)snprintf(world->addresses[i][j], sizeof(world->addresses[i][j]), "10.0.%zu.%zu",
                           i, j);
            world->instances[i][j] = fixture_instance(world->ids[j], world_groups[j % WORLD_GROUPS],
                                                      world->addresses[i][j]);
            world->is_shown[i][j] = world_random(world, 4) != 0;
        }
    }
    world_configure(world, true);
}

static inline const char *world_hold(struct world *world)
{
    char *text = world->holds[world_random(world, WORLD_HOLDS)];
    char until[TIME_TEXT_SIZE];
    int64_t until_s = world->now_s + (int64_t)world_random(world, 60) - 10;

    switch (world_random(world, 4)) {
    case 0:
        return NULL;
    case 1:
        return "drain by=ann";
    case 2:
        return "not a hold";
    default:
        (void)snprintf(text, sizeof(world->holds[0]), "maint until=%s",
                       time_to_text(until_s, until));
        return text;
    }
}

static inline void instance_change(struct world *world, size_t source, size_t place)
{
    static const char *const weights[] = {"0", "1", "65535", "x", NULL};
    static const char *const ports[] = {NULL, NULL, "8080", "0"};
    static const char *const zones[] = {NULL, "eu-west-1a", "eu west"};
    static const enum instance_state states[] = {STATE_RUNNING, STATE_RUNNING,    STATE_PENDING,
                                                 STATE_UNKNOWN, STATE_TERMINATED, STATE_RUNNING};
    struct instance *instance = &world->instances[source][place];

    switch (world_random(world, 8)) {
    case 0:
        instance->weight_tag = weights[world_random(world, 5)];
        break;
    case 1:
        instance->hold_tag = world_hold(world);
        break;
    case 2:
        instance->state = states[world_random(world, 6)];
        break;
    case 3:
        instance->port_tag = ports[world_random(world, 4)];
        break;
    case 4:
        instance->group =
            world_random(world, 8) == 0 ? NULL : world_groups[world_random(world, WORLD_GROUPS)];
        break;
    case 5:
        instance->private_address = world_random(world, 8) == 0
                                        ? "nowhere"
                                        : world->addresses[source][world_random(world, WORLD_IDS)];
        break;
    case 6:
        instance->az = zones[world_random(world, 3)];
        break;
    default:
        world->is_shown[source][place] = !world->is_shown[source][place];
        break;
    }
}

/* Mostly a few changes, seldom many: whole groups that go at once are what overlaps are for. */
static inline void world_change(struct world *world)
{
    size_t count = world_random(world, 3);
    size_t event = world_random(world, 40);

    if (event == 0 || event == 3) {
        size_t source = world_random(world, WORLD_SOURCES);
        const char *group = world_groups[world_random(world, WORLD_GROUPS)];

        for (size_t i = 0; i < WORLD_IDS; i++) {
            struct instance *instance = &world->instances[source][i];

            if (instance->group == NULL || strcmp(instance->group, group) != 0) {
                continue;
            }
            if (event == 0) {
                world->is_shown[source][i] = !world->is_shown[source][i];
            } else { /* an operator holds all of it, or takes that back */
                instance->hold_tag = instance->hold_tag == NULL ? "maint by=ann" : NULL;
            }
        }
    }
    for (size_t i = 0; i < (event == 1 ? WORLD_IDS : count); i++) {
        instance_change(world, world_random(world, WORLD_SOURCES), world_random(world, WORLD_IDS));
    }
    world->now_ms += (int64_t)world_random(world, 2 * WORLD_POLL_MS);
    world->now_s += (int64_t)world_random(world, 6);
    world->now_s -= event == 2 ? 20 : 0; /* people set clocks back */
}

/* What source `shown` of world_source_names shows now. */
static inline struct inventory *world_poll(const struct world *world, size_t shown)
{
    struct inventory *poll = inventory_new();

    for (size_t i = 0; i < WORLD_IDS; i++) {
        if (world->is_shown[shown][i]) {
            *inventory_add(poll) = world->instances[shown][i];
        }
    }
    (void)inventory_finish(poll);
    return poll;
}

#endif
