/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_zone_fork.c - a snapshot that is made out of the one before
 * answers what one made out of nothing answers, whatever happened in between.
 *
 * A world of clusters, records and zone settings changes at random, step by step. After each step
 * it is built twice; every name of either snapshot, and some that do not exist, must give the same
 * octets, and every call must have said the same. What serials and generations should be follows
 * from comparing the answers of two steps.
 */

#include "alike.h"
#include "world.h"
#include "zones/image_target.h"

enum {
    RUNS = 48,
    STEPS = 40,
    HOLES_MAX = 3 * CLUSTERS, /* all have gone, two numbers each and some that were holes before */
};

/* Every slot is where a look-up finds it, and has a cluster that is there. */
static void assert_table_is_sound(const struct snapshot *snapshot)
{
    const struct table *table = &snapshot->table;
    size_t used = 0;

    for (size_t i = 0; i < table->slot_count; i++) {
        size_t cluster = 0;
        size_t offset = 0;

        if (slot_target(table->slots[i], &cluster, &offset)) {
            const uint8_t *name = table->bases[cluster] + offset;
            size_t length = target_length(name);

            used++;
            assert_true(cluster < table->cluster_count);
            assert_non_null(snapshot->clusters[cluster].image);
            assert_ptr_equal(snapshot->clusters[cluster].image->names, table->bases[cluster]);
            assert_ptr_equal(table_slot(table, name, length, name_hash(name, length)),
                             &table->slots[i]);
        }
    }
    assert_int_equal(table->target_count, used);
    for (size_t i = 0; i < table->cluster_count; i++) {
        assert_int_equal(table->bases[i] == NULL, snapshot->clusters[i].image == NULL);
    }
}

static size_t holes(const struct snapshot *snapshot)
{
    size_t count = 0;

    for (size_t i = 0; i < snapshot->table.cluster_count; i++) {
        count += snapshot->clusters[i].image == NULL ? 1 : 0;
    }
    return count;
}

/* A generation is new when, and only when, the SRV answer is. */
static void assert_generations_follow(const struct snapshot *snapshot,
                                      const struct snapshot *previous)
{
    for (size_t i = 0; i < snapshot->table.node_count; i++) {
        const struct node *node = &snapshot->table.nodes[i];
        struct name name = {.length = node->name_length};
        uint64_t generation = 0;
        uint64_t before = 0;

        memcpy(name.octets, node->name, node->name_length);
        if (!snapshot_cluster_generation(snapshot, &name, &generation)) {
            continue;
        }
        if (snapshot_cluster_generation(previous, &name, &before) &&
            alike_answers(fixture_look_up(previous, &name, RECORD_SRV).answer,
                          fixture_look_up(snapshot, &name, RECORD_SRV).answer, false)) {
            assert_int_equal(generation, before);
        } else {
            assert_int_equal(generation, snapshot_number(snapshot));
        }
    }
}

static void assert_follows(const struct snapshot *snapshot, const struct snapshot *previous)
{
    assert_generations_follow(snapshot, previous);
    if (snapshot_zone_count(snapshot) == 1 && snapshot_zone_count(previous) == 1) {
        assert_int_equal(snapshot_zone_serial(snapshot, 0) == snapshot_zone_serial(previous, 0),
                         alike(snapshot, previous));
    }
}

/* Serials and generations against the snapshot before; and a builder that comes to nothing. */
static void step_check(const struct world *world, const struct snapshot *next,
                       const struct snapshot *fresh, const struct snapshot *previous)
{
    static struct said said;

    assert_int_equal(table_name_count(&next->table), table_name_count(&fresh->table));
    assert_table_is_sound(next);
    assert_true(holes(next) <= HOLES_MAX);
    for (size_t i = 0; i < snapshot_zone_count(next); i++) {
        assert_int_equal(snapshot_zone(next, i)->udp_size_octets,
                         snapshot_zone(fresh, i)->udp_size_octets);
    }
    if (previous != NULL) {
        assert_follows(next, previous);
        builder_free(world_put(world, previous, &said));
    }
}

/* Returns in how many steps there were numbers that are nobody's. */
static size_t world_run(uint64_t seed)
{
    static struct world world;
    static struct said said;
    static struct said said_of_fresh;
    struct snapshot *snapshot = NULL;
    size_t holes_seen = 0;

    world_begin(&world, seed);
    for (uint32_t step = 0; step < STEPS; step++) {
        struct snapshot *next = world_build(&world, snapshot, FIXTURE_NOW + step, &said);
        struct snapshot *fresh = world_build(&world, NULL, FIXTURE_NOW + step, &said_of_fresh);

        assert_string_equal(said.text, said_of_fresh.text);
        step_check(&world, next, fresh, snapshot);
        snapshot_unref(snapshot); /* nothing of it may be needed any more */
        if (!alike(next, fresh)) {
            fail_msg("seed %u, step %u", (unsigned)seed, (unsigned)step);
        }
        holes_seen += holes(next) > 0 ? 1 : 0;
        snapshot_unref(fresh);
        snapshot = next;
        world_step(&world);
    }
    snapshot_unref(snapshot);
    return holes_seen;
}

static void a_table_made_out_of_the_one_before_answers_as_one_made_out_of_nothing(void **state)
{
    size_t holes_seen = 0;

    (void)state;
    for (uint64_t run = 1; run <= RUNS; run++) {
        holes_seen += world_run(run);
    }
    /* Numbers that are nobody's are left only by clusters that were taken over in one piece. */
    assert_true(holes_seen > RUNS * STEPS / 20);
}

/* ---- many members ---- */

enum { CROWD = 120, CROWD_MEMBERS = 30, CROWD_IDS = CROWD * (CROWD_MEMBERS + 1) };

/* Clusters of up to 31 members each, whose ids and addresses are nobody else's. */
struct crowd {
    struct member members[CROWD_IDS];
    char ids[CROWD_IDS][16];
    char names[CROWD][16];
    struct cluster clusters[CROWD];
};

static void crowd_fill(struct crowd *crowd)
{
    for (size_t i = 0; i < CROWD_IDS; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(crowd->ids[i], sizeof(crowd->ids[i]), "i-%07zu", i);
        (void)snprintf(address, sizeof(address), "10.3.%zu.%zu", i / 250, 1 + i % 250);
        crowd->members[i] = fixture_member(crowd->ids[i], address, 1);
    }
    for (size_t i = 0; i < CROWD; i++) {
        (void)snprintf(crowd->names[i], sizeof(crowd->names[i]), "c%03zu", i);
        crowd->clusters[i] = (struct cluster){.name = crowd->names[i],
                                              .members = &crowd->members[i * (CROWD_MEMBERS + 1)],
                                              .member_count = CROWD_MEMBERS,
                                              .version = 1};
    }
}

/* With the clusters from `first` on. */
static struct snapshot *crowd_build(const struct crowd *crowd, size_t first,
                                    const struct snapshot *previous, uint32_t ttl_seconds)
{
    struct builder *builder = builder_new(previous);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    zone.target_names = TARGET_INSTANCE;
    zone.ttl_seconds = ttl_seconds;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    for (size_t i = first; i < CROWD; i++) {
        assert_true(builder_add_cluster(builder, &crowd->clusters[i], NULL));
    }
    return fixture_finish(builder);
}

static void assert_is_as_fresh(const struct snapshot *snapshot, const struct crowd *crowd,
                               size_t first, uint32_t ttl_seconds)
{
    struct snapshot *fresh = crowd_build(crowd, first, NULL, ttl_seconds);

    assert_true(alike(snapshot, fresh));
    assert_int_equal(table_name_count(&snapshot->table), table_name_count(&fresh->table));
    assert_table_is_sound(snapshot);
    /* The room that a table keeps to itself is less than what it would take to have none. */
    assert_true(snapshot_size_octets(snapshot) + snapshot_shared_octets(snapshot) <=
                (snapshot_size_octets(fresh) + snapshot_shared_octets(fresh)) * 21 / 20);
    snapshot_unref(fresh);
}

static void a_steady_stream_of_changes_leaves_no_holes(void **state)
{
    enum { CHANGES = 1000, HOLES = 2, CHECK_EVERY = 100 };
    static struct crowd crowd;
    struct snapshot *snapshot = NULL;
    uint64_t seed = 11;

    (void)state;
    crowd_fill(&crowd);
    for (unsigned i = 0; i < CHANGES; i++) {
        struct cluster *cluster = &crowd.clusters[fixture_random(&seed) % CROWD];
        struct snapshot *next = crowd_build(&crowd, 0, snapshot, 10);

        assert_true(next->table.cluster_count <= CROWD + HOLES);
        if (i % CHECK_EVERY == 0) {
            assert_is_as_fresh(next, &crowd, 0, 10);
        }
        snapshot_unref(snapshot);
        snapshot = next;
        cluster->member_count = CROWD_MEMBERS - 1 + fixture_random(&seed) % 3;
        cluster->version++;
    }
    snapshot_unref(snapshot);
}

/* What one leaves is there for the next: else the table after this one were made anew. */
static void clusters_that_change_at_once_take_each_others_numbers(void **state)
{
    static struct crowd crowd;
    struct snapshot *snapshot = NULL;
    struct snapshot *next = NULL;

    (void)state;
    crowd_fill(&crowd);
    snapshot = crowd_build(&crowd, 0, NULL, 10);
    for (size_t i = 0; i < CROWD / 3; i++) {
        crowd.clusters[i].members++; /* one comes, one goes */
        crowd.clusters[i].version++;
    }
    next = crowd_build(&crowd, 0, snapshot, 10);
    assert_int_equal(next->table.cluster_count, CROWD + 1);
    assert_is_as_fresh(next, &crowd, 0, 10);
    snapshot_unref(snapshot);
    snapshot_unref(next);
}

/* More at once than is worth keeping book of. */
static void many_changes_at_once_are_placed_name_by_name(void **state)
{
    static struct crowd crowd;
    struct snapshot *snapshot = NULL;
    struct snapshot *next = NULL;

    (void)state;
    crowd_fill(&crowd);
    snapshot = crowd_build(&crowd, 0, NULL, 10);
    for (size_t i = CROWD / 4; i < CROWD; i++) {
        crowd.clusters[i].members++; /* one comes, one goes */
        crowd.clusters[i].version++;
    }
    next = crowd_build(&crowd, 0, snapshot, 10);
    assert_is_as_fresh(next, &crowd, 0, 10);
    snapshot_unref(snapshot);
    snapshot = next;
    next = crowd_build(&crowd, CROWD / 2, snapshot, 10); /* half of the clusters go */
    assert_is_as_fresh(next, &crowd, CROWD / 2, 10);
    snapshot_unref(snapshot);
    snapshot = next;
    next = crowd_build(&crowd, 0, snapshot, 10); /* and come back */
    assert_is_as_fresh(next, &crowd, 0, 10);
    snapshot_unref(snapshot);
    snapshot_unref(next);
}

/* No member is looked at, and every target stays where it is. */
static void a_version_that_is_known_keeps_the_octets(void **state)
{
    static struct crowd crowd;
    struct snapshot *snapshot = NULL;
    struct snapshot *next = NULL;

    (void)state;
    crowd_fill(&crowd);
    snapshot = crowd_build(&crowd, 0, NULL, 10);
    crowd.clusters[5].members = NULL; /* who looked would crash */
    next = crowd_build(&crowd, 0, snapshot, 10);
    for (size_t i = 0; i < CROWD; i++) {
        assert_ptr_equal(next->clusters[i].image, snapshot->clusters[i].image);
    }
    assert_int_equal(snapshot_zone_serial(next, 0), snapshot_zone_serial(snapshot, 0));
    snapshot_unref(snapshot);
    snapshot_unref(next);
}

/* The version is the members', and not the zone's. */
static void a_zone_with_other_settings_is_made_anew(void **state)
{
    static struct crowd crowd;
    struct snapshot *snapshot = NULL;
    struct snapshot *next = NULL;

    (void)state;
    crowd_fill(&crowd);
    snapshot = crowd_build(&crowd, 0, NULL, 10);
    next = crowd_build(&crowd, 0, snapshot, 20);
    assert_is_as_fresh(next, &crowd, 0, 20);
    assert_int_not_equal(snapshot_zone_serial(next, 0), snapshot_zone_serial(snapshot, 0));
    snapshot_unref(snapshot);
    snapshot_unref(next);
}

/* ---- names that clusters share or lose ---- */

static struct snapshot *pair_build(const struct snapshot *previous, const struct cluster *clusters,
                                   size_t count, struct said *said)
{
    struct builder *builder = fixture_builder_after(previous, TARGET_INSTANCE);

    said->length = 0;
    for (size_t i = 0; i < count; i++) {
        struct error error;

        said_add(said, builder_add_cluster(builder, &clusters[i], &error), &error);
    }
    return builder_finish(builder, FIXTURE_NOW);
}

/* The text that sorts first is served: when it goes, that of a cluster that did not change is. */
static void a_shared_text_that_changes_hands_changes_the_serial(void **state)
{
    struct member api = fixture_member("i-1", "10.0.0.1", 1);
    const struct member web = fixture_member("i-1", "10.0.0.1", 1);
    struct cluster clusters[] = {
        {.name = "api", .members = &api, .member_count = 1, .version = 1},
        {.name = "web", .members = &web, .member_count = 1, .version = 1}
    };
    struct snapshot *snapshot = NULL;
    struct snapshot *next = NULL;
    struct said said;

    (void)state;
    api.hold = "a"; /* before "none" */
    snapshot = pair_build(NULL, clusters, 2, &said);
    api.hold = "will follow it";
    clusters[0].version++;
    next = pair_build(snapshot, clusters, 2, &said);
    fixture_assert_records(next, "i-1.sd.example.com", RECORD_TXT,
                           "i-1.sd.example.com. 10 IN TXT \"instance=i-1\" \"zone=eu-west-1a\" "
                           "\"weight=1\" \"hold=none\"\n");
    assert_int_not_equal(snapshot_zone_serial(next, 0), snapshot_zone_serial(snapshot, 0));
    snapshot_unref(snapshot);
    snapshot_unref(next);
}

/* "web" has not changed, but loses its only name to a cluster before it; and comes twice. */
static void a_cluster_that_comes_to_nothing_may_come_again(void **state)
{
    const struct member thief = fixture_member("i-1", "10.0.0.9", 1);
    const struct member web[] = {fixture_member("i-1", "10.0.0.1", 1),
                                 fixture_member("i-2", "10.0.0.2", 1)};
    struct cluster clusters[] = {
        {.name = "api", .members = &web[1], .member_count = 1, .version = 1},
        {.name = "web", .members = web,     .member_count = 1, .version = 1},
        {.name = "web", .members = web,     .member_count = 1, .version = 1}
    };

    (void)state;
    for (uint64_t version = 1; version <= 2; version++) {
        struct said said;
        struct said said_of_fresh;
        struct snapshot *snapshot = NULL;
        struct snapshot *next = NULL;
        struct snapshot *fresh = NULL;

        clusters[0].members = &web[1];
        clusters[0].version = 1;
        clusters[1].version = clusters[2].version = 1;
        snapshot = pair_build(NULL, clusters, 2, &said);
        clusters[0].members = &thief;
        clusters[0].version = 2;
        clusters[1].version = clusters[2].version = version;
        next = pair_build(snapshot, clusters, 3, &said);
        fresh = pair_build(NULL, clusters, 3, &said_of_fresh);
        assert_string_equal(said.text, said_of_fresh.text);
        assert_non_null(strstr(said.text, "left out"));
        assert_true(alike(next, fresh));
        assert_table_is_sound(next);
        snapshot_unref(snapshot);
        snapshot_unref(next);
        snapshot_unref(fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_made_out_of_the_one_before_answers_as_one_made_out_of_nothing),
        cmocka_unit_test(a_shared_text_that_changes_hands_changes_the_serial),
        cmocka_unit_test(a_cluster_that_comes_to_nothing_may_come_again),
        cmocka_unit_test(a_steady_stream_of_changes_leaves_no_holes),
        cmocka_unit_test(clusters_that_change_at_once_take_each_others_numbers),
        cmocka_unit_test(many_changes_at_once_are_placed_name_by_name),
        cmocka_unit_test(a_version_that_is_known_keeps_the_octets),
        cmocka_unit_test(a_zone_with_other_settings_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
