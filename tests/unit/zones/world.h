/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/world.h - clusters, records and zone settings that change at random, step by
 * step, and snapshots of them. Names are few, so that they get into each other's way.
 */

#ifndef TESTS_UNIT_ZONES_WORLD_H
#define TESTS_UNIT_ZONES_WORLD_H

#include "fixture.h"

enum {
    CLUSTERS = 16,
    MEMBERS = 10,
    LINES = 20,
    PATTERNS = 7,
    OTHER_ORIGINS = 5,
    SAID_MAX = 16384,
    VERSION_UNKNOWN_EVERY = 7,
};

/* Some are names that members may have, by themselves or with what a pattern adds. */
static const char *const cluster_texts[CLUSTERS] = {
    "web", "api", "i-00003", "ip-10-0-1-2", "i-15000", "c5",      "ip-10-0-16-1", "c7",
    "c8",  "c9",  "c10",     "c11",         "00001",   "i-01001", "15001",        "16-1"};

static const char *const world_patterns[PATTERNS] = {
    "_{group}._tcp",   "{group}",         "_{group}._x._tcp",
    "i-{group}", /* and these may be names of members, or below or above them */
    "ip-10-0-{group}", "{group}.i-00001", "srv.{group}"};

static const char *const world_lines[LINES] = {"i-00003 A 192.0.2.1\n",
                                               "below.i-00002 A 192.0.2.2\n",
                                               "web A 192.0.2.3\n",
                                               "_api._tcp TXT \"taken\"\n",
                                               "www CNAME web\n",
                                               "alias CNAME i-00001\n",
                                               "deep.er.and.deeper A 192.0.2.4\n",
                                               "ip-10-0-1-2 A 192.0.2.5\n",
                                               "own SRV 0 1 80 i-00001\n",
                                               "list CNAME _web._tcp\n",
                                               "x.ip-10-0-0-1 TXT \"below\"\n",
                                               "@ NS i-00001\n",
                                               "i-11000 A 192.0.2.6\n",
                                               "below.i-12001 A 192.0.2.7\n",
                                               "ip-10-0-13-1 TXT \"x\"\n",
                                               "below.ip-10-0-17-2 TXT \"x\"\n",
                                               "www.i-18000 CNAME i-18001\n",
                                               "ip-10-0-19-3 A 192.0.2.8\n",
                                               "part MX 1 i-00000\n",
                                               "a.b.i-20001 A 192.0.2.9\n"};

static const char *const world_holds[] = {"none", "drain",
                                          "maint until 2030-01-01T00:00:00Z by me: ok"};

/* Of another zone: below the first one, where clusters, members or nobody may be; or elsewhere. */
static const char *const world_other_origins[OTHER_ORIGINS] = {
    "web.sd.example.com", "i-00001.sd.example.com", "deep.sd.example.com", "other.example.com",
    "example.com"};

struct world_cluster {
    bool is_there;
    size_t count;
    struct member members[MEMBERS];
    char ids[MEMBERS][16];
    uint64_t version;
};

struct world {
    uint64_t seed;
    bool has_versions;
    uint32_t overlap; /* of a hundred members those that take id and address from one pool */
    bool repeats;     /* one address may have several ports within a cluster */
    bool records_first;
    bool has_lines[LINES];
    bool has_second_zone;
    bool second_is_first;
    size_t other_origin;
    size_t order[CLUSTERS];
    size_t comes_twice; /* this cluster is added once more at the end; CLUSTERS: none is */
    struct world_cluster clusters[CLUSTERS];
    struct world_cluster other; /* of the second zone */
    enum target_names target_names;
    enum compress_targets compress_targets;
    uint32_t ttl_seconds;
    uint32_t negative_ttl_seconds;
    uint16_t udp_size_octets;
    bool has_other_nameserver;
    size_t pattern;
};

static inline uint32_t chance(struct world *world, uint32_t of)
{
    return fixture_random(&world->seed) % of;
}

static inline void member_randomize(struct world *world, size_t cluster, size_t place)
{
    struct world_cluster *changed = &world->clusters[cluster];
    struct member *member = &changed->members[place];
    bool is_of_pool = chance(world, 100) < world->overlap;
    uint32_t pool = is_of_pool ? chance(world, 2) : 10 + (uint32_t)cluster;
    uint32_t number = world->repeats ? chance(world, 6) : (uint32_t)place;
    char address[FIXTURE_TEXT_SIZE];

    (void)snprintf(changed->ids[place], sizeof(changed->ids[place]), "i-%05u",
                   1000 * pool + number);
    if (chance(world, 6) == 0) {
        (void)snprintf(address, sizeof(address), "fd00::%x:%x", pool, 1 + number);
    } else {
        /* An id that is two clusters' has one address most of the time. */
        (void)snprintf(address, sizeof(address), "10.0.%u.%u",
                       pool + (is_of_pool && chance(world, 12) == 0 ? 1 : 0), 1 + number);
    }
    *member = fixture_member(changed->ids[place], address, (uint16_t)chance(world, 4));
    member->port = (uint16_t)(443 + (world->repeats ? chance(world, 2) : 0));
    member->hold = world_holds[chance(world, 8) == 0 ? 1 + chance(world, 2) : 0];
    member->az = chance(world, 2) == 0 ? "eu-west-1a" : "eu-west-1b";
}

static inline void cluster_randomize(struct world *world, size_t cluster)
{
    struct world_cluster *changed = &world->clusters[cluster];

    changed->count = chance(world, MEMBERS + 1);
    for (size_t i = 0; i < changed->count; i++) {
        member_randomize(world, cluster, i);
    }
    changed->is_there = true;
}

static inline void world_begin(struct world *world, uint64_t seed)
{
    static const uint32_t overlaps[] = {0, 0, 3, 10, 100};

    *world = (struct world){.seed = seed,
                            .ttl_seconds = 10,
                            .negative_ttl_seconds = 2,
                            .udp_size_octets = 8192,
                            .comes_twice = CLUSTERS};
    (void)chance(world, 2);
    world->has_versions = chance(world, 4) != 0;
    world->overlap = overlaps[chance(world, 5)];
    world->repeats = chance(world, 3) == 0;
    world->target_names = chance(world, 5) == 0   ? TARGET_LITERAL
                          : chance(world, 2) == 0 ? TARGET_ADDRESS
                                                  : TARGET_INSTANCE;
    world->pattern = chance(world, 2) == 0 ? chance(world, PATTERNS) : 0;
    for (size_t i = 0; i < CLUSTERS; i++) {
        world->order[i] = i;
        cluster_randomize(world, i);
        world->clusters[i].version = 1 + chance(world, 100);
    }
    world->other.members[0] = fixture_member("i-00001", "10.0.0.1", 1);
    world->other.count = 1;
    world->other.version = 1;
}

/* The last member goes over to another cluster, with id and address. */
static inline void member_move(struct world *world, size_t from, size_t to)
{
    struct world_cluster *giver = &world->clusters[from];
    struct world_cluster *taker = &world->clusters[to];

    if (from == to || giver->count == 0 || taker->count == MEMBERS) {
        return;
    }
    giver->count--;
    taker->members[taker->count] = giver->members[giver->count];
    memcpy(taker->ids[taker->count], giver->ids[giver->count], sizeof(giver->ids[0]));
    taker->members[taker->count].id = taker->ids[taker->count];
    taker->count++;
    taker->version++;
}

/* One member changes, comes or goes. */
static inline void member_step(struct world *world, size_t cluster)
{
    struct world_cluster *changed = &world->clusters[cluster];
    size_t place = changed->count == 0 ? 0 : chance(world, (uint32_t)changed->count);

    switch (chance(world, 7)) {
    case 0:
        if (changed->count < MEMBERS) {
            member_randomize(world, cluster, changed->count++);
        }
        break;
    case 1:
        changed->count -= changed->count > 0 ? 1 : 0;
        break;
    case 2:
        changed->members[place].hold = world_holds[chance(world, 3)];
        break;
    case 3:
        member_randomize(world, cluster, place);
        changed->count += changed->count == 0 ? 1 : 0;
        break;
    case 4:
        break; /* a version that is new without need */
    case 5:
        member_move(world, cluster, chance(world, CLUSTERS));
        break;
    default:
        changed->members[place].weight = (uint16_t)chance(world, 5);
        break;
    }
}

static inline void line_step(struct world *world)
{
    size_t line = chance(world, LINES);

    world->has_lines[line] = !world->has_lines[line];
}

static inline void setting_step(struct world *world)
{
    switch (chance(world, 20)) {
    case 0:
        world->ttl_seconds = 10 + chance(world, 2);
        break;
    case 1:
        world->target_names = (enum target_names)chance(world, 3);
        break;
    case 2:
        world->compress_targets = (enum compress_targets)chance(world, 3);
        break;
    case 3:
        world->pattern = chance(world, PATTERNS);
        break;
    case 4:
        world->has_second_zone = !world->has_second_zone;
        world->second_is_first = chance(world, 2) == 0;
        world->other_origin = chance(world, OTHER_ORIGINS);
        break;
    case 5:
        world->records_first = !world->records_first;
        break;
    case 6:
        world->negative_ttl_seconds = 2 + chance(world, 2);
        break;
    case 7:
        world->has_other_nameserver = !world->has_other_nameserver;
        break;
    case 8:
        world->udp_size_octets = (uint16_t)(1232 + chance(world, 2));
        break;
    case 9:
        world->comes_twice = chance(world, CLUSTERS + 1);
        break;
    default:
        line_step(world);
        break;
    }
}

/* All clusters at once: they change, go or come. */
static inline void storm_step(struct world *world)
{
    uint32_t kind = chance(world, 3);

    for (size_t i = 0; i < CLUSTERS; i++) {
        if (kind == 0) {
            cluster_randomize(world, i);
        } else {
            world->clusters[i].is_there = kind == 1;
        }
        world->clusters[i].version++;
    }
}

static inline void world_step(struct world *world)
{
    for (uint32_t changes = chance(world, 4); changes > 0; changes--) {
        size_t cluster = chance(world, CLUSTERS);
        struct world_cluster *changed = &world->clusters[cluster];

        if (chance(world, 6) == 0) {
            changed->is_there = !changed->is_there;
            continue; /* with the version that it had: it may only be gone for a moment */
        }
        if (chance(world, 8) == 0) {
            cluster_randomize(world, cluster);
        } else {
            member_step(world, cluster);
        }
        changed->version++;
    }
    if (chance(world, 4) == 0) {
        setting_step(world);
    }
    if (chance(world, 30) == 0) {
        storm_step(world);
    }
    if (chance(world, 10) == 0) {
        size_t one = chance(world, CLUSTERS);
        size_t other = chance(world, CLUSTERS);
        size_t kept = world->order[one];

        world->order[one] = world->order[other];
        world->order[other] = kept;
    }
}

/* ---- building ---- */

/* All that the builder's calls said, one after the other. */
struct said {
    char text[SAID_MAX];
    size_t length;
};

static inline void said_add(struct said *said, bool is_fine, const struct error *error)
{
    said->length += (size_t)snprintf(said->text + said->length, sizeof(said->text) - said->length,
                                     "%s\n", is_fine ? "fine" : error->text);
    assert_true(said->length < sizeof(said->text));
}

static inline void records_add(const struct world *world, struct builder *builder,
                               struct said *said)
{
    char text[1024] = "";
    struct error error;

    for (size_t i = 0; i < LINES; i++) {
        if (world->has_lines[i]) {
            size_t length = strlen(text);

            (void)snprintf(text + length, sizeof(text) - length, "%s", world_lines[i]);
        }
    }
    if (text[0] != '\0') {
        said_add(said, fixture_add_records(builder, "sd.example.com", text, &error), &error);
    }
}

static inline void cluster_add(const struct world *world, struct builder *builder, const char *name,
                               const struct world_cluster *cluster, struct said *said)
{
    bool is_known = world->has_versions && cluster->version % VERSION_UNKNOWN_EVERY != 0;
    const struct cluster added = {.name = name,
                                  .members = cluster->members,
                                  .member_count = cluster->count,
                                  .version = is_known ? cluster->version : 0};
    struct error error;

    said_add(said, builder_add_cluster(builder, &added, &error), &error);
}

static inline void second_zone_add(const struct world *world, struct builder *builder,
                                   struct said *said)
{
    struct name nameserver;
    struct zone zone = fixture_zone(world_other_origins[world->other_origin], &nameserver);

    zone.target_names = world->target_names;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    cluster_add(world, builder, "web", &world->other, said);
}

static inline void first_zone_add(const struct world *world, struct builder *builder,
                                  struct said *said)
{
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct error error;

    zone.ttl_seconds = world->ttl_seconds;
    zone.negative_ttl_seconds = world->negative_ttl_seconds;
    zone.udp_size_octets = world->udp_size_octets;
    zone.target_names = world->target_names;
    zone.compress_targets = world->compress_targets;
    zone.cluster_name = world_patterns[world->pattern];
    if (world->has_other_nameserver) {
        nameserver = fixture_name("i-00001.sd.example.com");
    }
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    if (world->records_first) {
        records_add(world, builder, said);
    }
    for (size_t i = 0; i < CLUSTERS; i++) {
        const struct world_cluster *cluster = &world->clusters[world->order[i]];

        if (cluster->is_there) {
            cluster_add(world, builder, cluster_texts[world->order[i]], cluster, said);
        }
    }
    if (world->comes_twice < CLUSTERS) {
        cluster_add(world, builder, cluster_texts[world->comes_twice],
                    &world->clusters[world->comes_twice], said);
    }
    if (!world->records_first) {
        records_add(world, builder, said);
    }
    said_add(said, builder_place_plain_names(builder, &error), &error);
}

static inline struct builder *world_put(const struct world *world, const struct snapshot *previous,
                                        struct said *said)
{
    struct builder *builder = builder_new(previous);

    said->length = 0;
    if (world->has_second_zone && world->second_is_first) {
        second_zone_add(world, builder, said);
    }
    first_zone_add(world, builder, said);
    if (world->has_second_zone && !world->second_is_first) {
        second_zone_add(world, builder, said);
    }
    return builder;
}

static inline struct snapshot *world_build(const struct world *world,
                                           const struct snapshot *previous, uint32_t now,
                                           struct said *said)
{
    return builder_finish(world_put(world, previous, said), now);
}

#endif
