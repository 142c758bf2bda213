/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_snapshot_prefetch.c - asking for memory must be harmless whatever is asked
 * for; that it helps is measured by tests/bench.
 */

#include "fixture.h"
#include "zones/builder.h"
#include "zones/snapshot.h"
#include "zones/snapshot_internal.h"

enum { MEMBERS_MANY = 5000, HASHES = 100000 };

static struct snapshot *snapshot_make(size_t member_count)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver = fixture_name("ns1.example.com");
    struct zone zone = {.origin = fixture_name("example.com"),
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = TARGET_ADDRESS,
                        .udp_size_octets = 8192};

    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    for (size_t i = 0; i < member_count; i++) {
        char name[FIXTURE_TEXT_SIZE];
        struct member member = {
            .id = "i-1",
            .az = "az-a",
            .hold = "none",
            .port = 443,
            .address = {.length = ADDRESS_V4_LENGTH,
                        .octets = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}}
        };
        struct cluster cluster = {.name = name, .members = &member, .member_count = 1};

        (void)snprintf(name, sizeof(name), "c%zu", i);
        assert_true(builder_add_cluster(builder, &cluster, NULL));
    }
    return builder_finish(builder, 1);
}

static void any_hash_may_be_asked_for(void **state)
{
    struct snapshot *snapshots[] = {builder_finish(builder_new(NULL), 1), snapshot_make(0),
                                    snapshot_make(1), snapshot_make(MEMBERS_MANY)};
    uint32_t hashes[SNAPSHOT_PREFETCH_MAX];
    uint32_t hash = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(snapshots) / sizeof(snapshots[0]); i++) {
        for (size_t j = 0; j < HASHES; j++) {
            /* all over the range, with both ends of the table */
            hash = j == 0 ? UINT32_MAX : hash + UINT32_C(0x9e3779b9);
            hashes[j % SNAPSHOT_PREFETCH_MAX] = hash;
            snapshot_prefetch(snapshots[i], hashes, j % (SNAPSHOT_PREFETCH_MAX + 1));
        }
        snapshot_unref(snapshots[i]);
    }
}

static void only_a_table_of_thousands_of_names_is_large(void **state)
{
    struct snapshot *small = snapshot_make(100);
    struct snapshot *large = snapshot_make(MEMBERS_MANY);

    (void)state;
    assert_false(snapshot_is_large(small));
    assert_true(snapshot_is_large(large));
    snapshot_unref(small);
    snapshot_unref(large);
}

/* A guess that was mostly wrong would be of no use. */
static void the_guess_is_most_often_the_node(void **state)
{
    struct snapshot *snapshot = snapshot_make(MEMBERS_MANY);
    size_t right = 0;

    (void)state;
    for (size_t i = 0; i < snapshot->table.node_count; i++) {
        const struct node *node = &snapshot->table.nodes[i];

        right +=
            table_likely_node(&snapshot->table, name_hash(node->name, node->name_length)) == node;
    }
    assert_true(right > snapshot->table.node_count - snapshot->table.node_count / 20);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_hash_may_be_asked_for),
        cmocka_unit_test(only_a_table_of_thousands_of_names_is_large),
        cmocka_unit_test(the_guess_is_most_often_the_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
