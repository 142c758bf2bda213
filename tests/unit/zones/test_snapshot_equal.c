/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_snapshot_equal.c - what two snapshots have in common: random fleets that
 * change from table to table, each built anew and built on the one before, must serve the same.
 */

#include "fixture.h"

enum {
    CLUSTERS = 5,
    MEMBERS_MAX = 24,
    ZONES = 3,
    ADDRESSES = 40,
    ROUNDS = 60,
    LABELS_MAX = 2 * ADDRESSES + 64,
};

/* What a round serves. */
struct world {
    struct member members[ZONES][CLUSTERS][MEMBERS_MAX];
    char ids[ZONES][CLUSTERS][MEMBERS_MAX][FIXTURE_TEXT_SIZE];
    size_t counts[ZONES][CLUSTERS];
    enum target_names target_names;
    enum compress_targets compress;
    uint32_t ttl_seconds;
    bool has_records;
    size_t zone_count;
};

/* The last lies in the first, where a target could be; so zones hide names from each other. */
static const char *const ORIGINS[ZONES] = {"sd.example.com", "b.example",
                                           "ip-10-0-0-7.sd.example.com"};
static const char *const NAMES[CLUSTERS] = {"web", "api", "db", "ip-10-0-0-3", "x"};

static void member_randomize(struct world *world, size_t zone, size_t cluster, size_t place,
                             uint64_t *seed)
{
    static const char *const holds[] = {"none", "none", "none", "drain by=alice", "maint"};
    struct member *member = &world->members[zone][cluster][place];
    char *id = world->ids[zone][cluster][place];
    uint32_t random = fixture_random(seed);
    char address[FIXTURE_TEXT_SIZE];

    (void)snprintf(address, sizeof(address), random % 5 == 0 ? "fd00::%u" : "10.0.0.%u",
                   1 + fixture_random(seed) % ADDRESSES);
    (void)snprintf(id, FIXTURE_TEXT_SIZE, random % 64 == 0 ? "host-%u" : "i-%017x",
                   fixture_random(seed) % 200);
    *member = fixture_member(id, address, random % 7 == 0 ? 0 : (uint16_t)(random % 50));
    member->port = (uint16_t)(random % 40 == 1 ? 0 : 443 + random % 2);
    member->az = random % 2 == 0 ? "eu-west-1a" : "eu-west-1b";
    member->hold = holds[random % 5];
}

static void cluster_randomize(struct world *world, size_t zone, size_t cluster, uint64_t *seed)
{
    world->counts[zone][cluster] = fixture_random(seed) % (MEMBERS_MAX + 1);
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        member_randomize(world, zone, cluster, i, seed);
    }
}

static void world_change(struct world *world, uint64_t *seed)
{
    uint32_t random = fixture_random(seed);
    size_t zone = fixture_random(seed) % ZONES;
    size_t cluster = fixture_random(seed) % CLUSTERS;
    struct member *member = &world->members[zone][cluster][fixture_random(seed) % MEMBERS_MAX];

    switch (random % 9) {
    case 0:
        break; /* nothing at all */
    case 1:
        cluster_randomize(world, zone, cluster, seed);
        break;
    case 2:
        member->hold = member->hold[0] == 'n' ? "drain" : "none";
        break;
    case 3:
        world->has_records = !world->has_records;
        break;
    case 4:
        world->ttl_seconds ^= random % 4 == 0 ? 3 : 0;
        break;
    case 5:
        world->zone_count = 1 + fixture_random(seed) % ZONES;
        break;
    case 6:
        world->counts[zone][cluster] = world->counts[zone][cluster] == 0 ? 5 : 0;
        break;
    default:
        member_randomize(world, zone, cluster, fixture_random(seed) % MEMBERS_MAX, seed);
        break;
    }
}

static struct snapshot *world_build(const struct world *world, const struct snapshot *previous,
                                    uint32_t now_seconds)
{
    struct builder *builder = builder_new(previous);

    for (size_t i = 0; i < world->zone_count; i++) {
        struct name nameserver;
        struct zone zone = fixture_zone(ORIGINS[i], &nameserver);

        zone.target_names = world->target_names;
        zone.compress_targets = world->compress;
        zone.ttl_seconds = world->ttl_seconds;
        zone.cluster_name = i == 1 ? "{group}" : "_{group}._tcp";
        assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
        for (size_t j = 0; j < CLUSTERS; j++) {
            const struct cluster cluster = {.name = NAMES[j],
                                            .members = world->members[i][j],
                                            .member_count = world->counts[i][j]};

            (void)builder_add_cluster(builder, &cluster, NULL);
            if (j == 1 && world->has_records) {
                (void)fixture_add_records(builder, ORIGINS[i],
                                          "x.ip-10-0-0-9 A 192.0.2.1\nip-10-0-0-4 TXT mine\n"
                                          "c CNAME ip-10-0-0-5\n_s._tcp SRV 0 0 1 ip-10-0-0-6\n",
                                          NULL);
            }
        }
    }
    return builder_finish(builder, now_seconds);
}

/* Every label that may stand below an origin. */
static void label_write(char label[FIXTURE_TEXT_SIZE], size_t number)
{
    static const char *const others[] = {"_web._tcp", "_api._tcp", "web", "api",
                                         "db",        "c",         "x",   "_ip-10-0-0-3._tcp",
                                         "_tcp",      "_s._tcp",   "no",  "host-7"};

    if (number < ADDRESSES) {
        (void)snprintf(label, FIXTURE_TEXT_SIZE, "ip-10-0-0-%zu", 1 + number);
    } else if (number < 2 * ADDRESSES) {
        (void)snprintf(label, FIXTURE_TEXT_SIZE, "i-%017zx", number - ADDRESSES);
    } else {
        size_t other = (number - 2 * ADDRESSES) % (sizeof(others) / sizeof(others[0]));

        (void)snprintf(label, FIXTURE_TEXT_SIZE, "%s", others[other]);
    }
}

static void assert_name_served_alike(const struct snapshot *left, const struct snapshot *right,
                                     const char *name)
{
    static const uint16_t types[] = {RECORD_A,   RECORD_TXT, RECORD_AAAA,
                                     RECORD_SRV, RECORD_ANY, RECORD_CNAME};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct lookup one = fixture_lookup(left, name, types[i]);
        struct lookup other = fixture_lookup(right, name, types[i]);

        if (one.result != other.result || (one.zone == NULL) != (other.zone == NULL) ||
            (one.zone != NULL && !name_equals(&one.zone->origin, &other.zone->origin))) {
            fail_msg("%s type %u: %d and %d", name, types[i], one.result, other.result);
        }
        if (one.result == LOOKUP_ANSWER && !answer_equals(one.answer, other.answer)) {
            fail_msg("%s type %u: other octets", name, types[i]);
        }
    }
}

static void assert_served_alike(const struct snapshot *left, const struct snapshot *right)
{
    for (size_t i = 0; i < LABELS_MAX; i++) {
        char label[FIXTURE_TEXT_SIZE];

        label_write(label, i);
        for (size_t zone = 0; zone < ZONES; zone++) {
            char name[2 * FIXTURE_TEXT_SIZE];

            (void)snprintf(name, sizeof(name), "%s.%s", label, ORIGINS[zone]);
            assert_name_served_alike(left, right, name);
        }
        if (i < ADDRESSES) {
            char name[FIXTURE_TEXT_SIZE];

            (void)snprintf(name, sizeof(name), "10.0.0.%zu", 1 + i);
            assert_name_served_alike(left, right, name);
        }
    }
}

/* The same zone with the same serial, made from nothing. */
static struct snapshot *built_anew(const struct world *world, const struct snapshot *snapshot,
                                   size_t zone)
{
    return world_build(world, NULL, snapshot_zone_serial(snapshot, zone));
}

/* A serial moves when, and only when, the zone made from nothing is another than before. */
static void assert_serials(const struct world *before, const struct snapshot *previous,
                           const struct world *after, const struct snapshot *next)
{
    for (size_t i = 0; i < before->zone_count && i < after->zone_count; i++) {
        struct snapshot *one = built_anew(before, previous, i);
        struct snapshot *other = built_anew(after, previous, i);
        struct snapshot *same = built_anew(after, next, i);
        bool is_same = snapshot_zone_equals(one, i, other, i);

        assert_int_equal(is_same, snapshot_zone_equals(other, i, one, i));
        assert_int_equal(is_same,
                         snapshot_zone_serial(previous, i) == snapshot_zone_serial(next, i));
        assert_true(snapshot_zone_equals(same, i, next, i));
        assert_true(snapshot_zone_equals(next, i, same, i));
        snapshot_unref(one);
        snapshot_unref(other);
        snapshot_unref(same);
    }
}

/* A generation moves when, and only when, the octets of the SRV answer do. */
static void assert_generations(const struct snapshot *previous, const struct snapshot *next)
{
    for (size_t i = 0; i < CLUSTERS; i++) {
        char text[FIXTURE_TEXT_SIZE];
        struct name name;
        struct lookup old;
        struct lookup new;
        uint64_t before = 0;
        uint64_t after = 0;

        (void)snprintf(text, sizeof(text), "_%s._tcp.sd.example.com", NAMES[i]);
        name = fixture_name(text);
        old = fixture_look_up(previous, &name, RECORD_SRV);
        new = fixture_look_up(next, &name, RECORD_SRV);
        if (new.result != LOOKUP_ANSWER) {
            assert_false(snapshot_cluster_generation(next, &name, &after));
            continue;
        }
        assert_true(snapshot_cluster_generation(next, &name, &after));
        if (old.result == LOOKUP_ANSWER && answer_equals(old.answer, new.answer)) {
            assert_true(snapshot_cluster_generation(previous, &name, &before));
            assert_int_equal(after, before);
        } else {
            assert_int_equal(after, snapshot_number(next));
        }
    }
}

/* The copy's members have ids of their own: the world's are written anew. */
static void world_copy(struct world *copy, const struct world *world)
{
    *copy = *world;
    for (size_t zone = 0; zone < ZONES; zone++) {
        for (size_t cluster = 0; cluster < CLUSTERS; cluster++) {
            for (size_t i = 0; i < MEMBERS_MAX; i++) {
                copy->members[zone][cluster][i].id = copy->ids[zone][cluster][i];
            }
        }
    }
}

static void run(enum target_names target_names, enum compress_targets compress, uint64_t seed)
{
    static struct world world;
    static struct world before;
    struct snapshot *previous = NULL;

    world = (struct world){
        .target_names = target_names, .compress = compress, .ttl_seconds = 10, .zone_count = ZONES};
    for (size_t zone = 0; zone < ZONES; zone++) {
        for (size_t cluster = 0; cluster < CLUSTERS; cluster++) {
            cluster_randomize(&world, zone, cluster, &seed);
        }
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct snapshot *next = world_build(&world, previous, 1000 + 10 * round);
        struct snapshot *anew = world_build(&world, NULL, 1);

        assert_served_alike(next, anew);
        assert_served_alike(anew, next);
        snapshot_unref(anew);
        if (previous != NULL) {
            assert_serials(&before, previous, &world, next);
            assert_generations(previous, next);
        }
        snapshot_unref(previous);
        previous = next;
        world_copy(&before, &world);
        world_change(&world, &seed);
    }
    snapshot_unref(previous);
}

static void addresses_as_targets_serve_the_same_with_and_without_a_past(void **state)
{
    (void)state;
    run(TARGET_ADDRESS, COMPRESS_WHEN_NEEDED, 1);
    run(TARGET_ADDRESS, COMPRESS_ALWAYS, 2);
}

static void instances_as_targets_serve_the_same_with_and_without_a_past(void **state)
{
    (void)state;
    run(TARGET_INSTANCE, COMPRESS_WHEN_NEEDED, 3);
    run(TARGET_INSTANCE, COMPRESS_NEVER, 4);
}

static void literal_targets_serve_the_same_with_and_without_a_past(void **state)
{
    (void)state;
    run(TARGET_LITERAL, COMPRESS_WHEN_NEEDED, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_as_targets_serve_the_same_with_and_without_a_past),
        cmocka_unit_test(instances_as_targets_serve_the_same_with_and_without_a_past),
        cmocka_unit_test(literal_targets_serve_the_same_with_and_without_a_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
