/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_generation.c - when a cluster's generation changes, and when it does not.
 */

#include "fixture.h"

/* What one table is built from. */
struct stage {
    struct member web[3];
    size_t web_count;
    struct member api;
    uint32_t ttl_seconds;
};

static struct stage stage_new(void)
{
    return (struct stage){
        .web = {fixture_member("i-1", "10.0.0.1", 65535), fixture_member("i-2", "10.0.0.2", 65535),
                fixture_member("i-3", "10.0.0.3", 65535)},
        .web_count = 2,
        .api = fixture_member("i-9", "10.0.9.1", 100),
        .ttl_seconds = 10,
    };
}

/* Build the stage on `previous`, whose reference goes over to the result. */
static struct snapshot *stage_build(const struct stage *stage, struct snapshot *previous)
{
    struct builder *builder = builder_new(previous);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);
    struct snapshot *snapshot = NULL;

    zone.ttl_seconds = stage->ttl_seconds;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    fixture_add_cluster(builder, "web", stage->web, stage->web_count);
    fixture_add_cluster(builder, "api", &stage->api, 1);
    snapshot = builder_finish(builder, FIXTURE_NOW);
    snapshot_unref(previous);
    return snapshot;
}

/* 0: no such cluster. */
static uint64_t generation_of(const struct snapshot *snapshot, const char *owner)
{
    const struct name name = fixture_name(owner);
    uint64_t generation = 0;

    return snapshot_cluster_generation(snapshot, &name, &generation) ? generation : 0;
}

static uint64_t web_generation(const struct snapshot *snapshot)
{
    return generation_of(snapshot, "_web._tcp.sd.example.com");
}

static uint64_t api_generation(const struct snapshot *snapshot)
{
    return generation_of(snapshot, "_api._tcp.sd.example.com");
}

static void the_first_table_is_number_1_and_each_next_one_counts_on(void **state)
{
    const struct stage stage = stage_new();
    struct snapshot *snapshot = stage_build(&stage, NULL);

    (void)state;
    assert_int_equal(snapshot_number(snapshot), 1);
    assert_int_equal(web_generation(snapshot), 1);
    for (uint64_t number = 2; number < 5; number++) {
        snapshot = stage_build(&stage, snapshot);
        assert_int_equal(snapshot_number(snapshot), number);
    }
    snapshot_unref(snapshot);
}

static void an_unchanged_cluster_keeps_its_generation_over_100_tables(void **state)
{
    struct stage stage = stage_new();
    struct snapshot *snapshot = stage_build(&stage, NULL);

    (void)state;
    for (uint16_t i = 0; i < 100; i++) {
        stage.api.weight = (uint16_t)(1000 + i);
        snapshot = stage_build(&stage, snapshot);
        assert_int_equal(web_generation(snapshot), 1);
        assert_int_equal(api_generation(snapshot), 2U + i);
    }
    snapshot_unref(snapshot);
}

static void change_weight(struct stage *stage)
{
    stage->web[1].weight = 0;
}

static void change_port(struct stage *stage)
{
    stage->web[0].port = 8443;
}

static void change_address(struct stage *stage)
{
    stage->web[0] = fixture_member("i-1", "10.0.0.77", 65535);
}

static void add_member(struct stage *stage)
{
    stage->web_count = 3;
}

static void remove_member(struct stage *stage)
{
    stage->web_count = 1;
}

static void change_ttl(struct stage *stage)
{
    stage->ttl_seconds = 11;
}

static void change_hold(struct stage *stage)
{
    stage->web[0].hold = "drain by=alice";
}

static void change_az(struct stage *stage)
{
    stage->web[0].az = "eu-west-1b";
}

/* The members come in another order; they are served in the same one. */
static void change_order(struct stage *stage)
{
    const struct member first = stage->web[0];

    stage->web[0] = stage->web[1];
    stage->web[1] = first;
}

static void change_another_cluster(struct stage *stage)
{
    stage->api.weight = 1;
}

static void change_nothing(struct stage *stage)
{
    (void)stage;
}

static void only_what_the_srv_answer_holds_makes_a_new_generation(void **state)
{
    static const struct {
        const char *why;
        void (*change)(struct stage *stage);
        uint64_t expected;
    } rows[] = {
        {"nothing",              change_nothing,         1},
        {"a weight",             change_weight,          2},
        {"a port",               change_port,            2},
        {"an address",           change_address,         2},
        {"one member more",      add_member,             2},
        {"one member less",      remove_member,          2},
        {"the TTL",              change_ttl,             2},
        {"a hold's text",        change_hold,            1},
        {"an availability zone", change_az,              1},
        {"the order given",      change_order,           1},
        {"another cluster",      change_another_cluster, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stage stage = stage_new();
        struct snapshot *snapshot = stage_build(&stage, NULL);

        rows[i].change(&stage);
        snapshot = stage_build(&stage, snapshot);
        if (web_generation(snapshot) != rows[i].expected) {
            fail_msg("%s: generation %lu, expected %lu", rows[i].why,
                     (unsigned long)web_generation(snapshot), (unsigned long)rows[i].expected);
        }
        snapshot_unref(snapshot);
    }
}

static void a_change_and_its_reversal_are_two_generations(void **state)
{
    struct stage stage = stage_new();
    struct snapshot *snapshot = stage_build(&stage, NULL);

    (void)state;
    change_weight(&stage);
    snapshot = stage_build(&stage, snapshot);
    stage = stage_new();
    snapshot = stage_build(&stage, snapshot);
    assert_int_equal(web_generation(snapshot), 3);
    snapshot_unref(snapshot);
}

static void a_cluster_that_comes_back_has_a_new_generation(void **state)
{
    struct stage stage = stage_new();
    struct snapshot *snapshot = stage_build(&stage, NULL);

    (void)state;
    stage.web_count = 0;
    snapshot = stage_build(&stage, snapshot);
    assert_int_equal(web_generation(snapshot), 0);
    stage.web_count = 2;
    snapshot = stage_build(&stage, snapshot);
    assert_int_equal(web_generation(snapshot), 3);
    snapshot_unref(snapshot);
}

static void only_srv_answers_of_clusters_are_marked(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
    } unmarked[] = {
        {"web.sd.example.com",         RECORD_A  },
        {"ip-10-0-0-1.sd.example.com", RECORD_A  },
        {"ip-10-0-0-1.sd.example.com", RECORD_TXT},
        {"sd.example.com",             RECORD_SOA},
        {"_ldap._tcp.sd.example.com",  RECORD_SRV},
    };
    const struct name owner = fixture_name("_web._tcp.sd.example.com");
    const struct name absent = fixture_name("_no._tcp.sd.example.com");
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", &member, 1);
    assert_true(fixture_add_records(builder, "sd.example.com",
                                    "_ldap._tcp 60 IN SRV 0 1 389 ldap\nldap 60 IN A 10.0.0.8\n",
                                    NULL));
    snapshot = fixture_finish(builder);
    for (size_t i = 0; i < sizeof(unmarked) / sizeof(unmarked[0]); i++) {
        assert_null(fixture_answer(snapshot, unmarked[i].name, unmarked[i].type)->mark);
    }
    answer = fixture_answer(snapshot, "_web._tcp.sd.example.com", RECORD_SRV);
    assert_non_null(answer->mark);
    assert_int_equal(answer->mark->generation, 1);
    assert_int_equal(answer->mark->cluster_key, snapshot_cluster_key(&owner));
    assert_int_not_equal(snapshot_cluster_key(&absent), snapshot_cluster_key(&owner));
    assert_int_equal(generation_of(snapshot, "_no._tcp.sd.example.com"), 0);
    assert_int_equal(generation_of(snapshot, "_ldap._tcp.sd.example.com"), 0);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_table_is_number_1_and_each_next_one_counts_on),
        cmocka_unit_test(an_unchanged_cluster_keeps_its_generation_over_100_tables),
        cmocka_unit_test(only_what_the_srv_answer_holds_makes_a_new_generation),
        cmocka_unit_test(a_change_and_its_reversal_are_two_generations),
        cmocka_unit_test(a_cluster_that_comes_back_has_a_new_generation),
        cmocka_unit_test(only_srv_answers_of_clusters_are_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
