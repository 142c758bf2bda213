/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_image_target.c - targets are found in images of every shape. */

#include "fleet.h"
#include "zones/image_target.h"
#include "zones/target.h"
#include "zones/target_name.h"

static const char SRV[] = "_web._tcp.sd.example.com";

static const struct cluster_image *image_of(const struct snapshot *snapshot)
{
    const struct name name = fixture_name(SRV);
    const struct snapshot_cluster *cluster = snapshot_cluster(snapshot, &name);

    assert_non_null(cluster);
    return cluster->image;
}

static struct snapshot *snapshot_of(const struct fleet *fleet, enum target_names target_names,
                                    enum compress_targets compress)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    zone.target_names = target_names;
    zone.compress_targets = compress;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    fixture_add_cluster(builder, "web", fleet->members, fleet->count);
    return fixture_finish(builder);
}

/* The member whose target has this name; repeated ones have one address. */
static const struct member *member_named(const struct fleet *fleet, const struct zone *zone,
                                         const uint8_t *name)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct name target;

        assert_true(target_name(&target, zone, &fleet->members[i], NULL));
        if (target.length == target_length(name) &&
            memcmp(target.octets, name, target.length) == 0) {
            return &fleet->members[i];
        }
    }
    fail_msg("a target that no member has");
    return NULL;
}

static void assert_targets(const struct fleet *fleet, const struct snapshot *snapshot)
{
    const struct cluster_image *image = image_of(snapshot);

    for (size_t i = 0, offset = 0; i < image->target_count; i++) {
        const struct member *member = NULL;

        offset = image_name_offset(image, i, offset);
        assert_int_equal(image_target_at(image, offset), i);
        assert_ptr_equal(image_target_name(image, i), image->names + offset);
        member = member_named(fleet, snapshot_zone(snapshot, 0), image->names + offset);
        assert_true(image_target_has(image, i, &member->address));
        assert_int_equal(image_target_type(image, i),
                         member->address.length == ADDRESS_V4_LENGTH ? RECORD_A : RECORD_AAAA);
        assert_int_equal(image_text_compare(image, i, image, i), 0);
        assert_true(image_addresses_equal(image, i, image, i));
    }
}

static void targets_are_found_in_images_of_every_shape(void **state)
{
    static struct fleet fleet;
    static const enum compress_targets compress[] = {COMPRESS_WHEN_NEEDED, COMPRESS_NEVER,
                                                     COMPRESS_ALWAYS};
    uint64_t seed = 7;

    (void)state;
    for (size_t round = 0; round < 30; round++) {
        struct snapshot *snapshot = NULL;

        if (round % 2 == 0) {
            fleet_fill(&fleet, 1 + fixture_random(&seed) % 200);
        } else {
            fleet_randomize(&fleet, 1 + fixture_random(&seed) % 200, &seed);
        }
        snapshot = snapshot_of(&fleet, round % 5 == 4 ? TARGET_LITERAL : TARGET_ADDRESS,
                               compress[round % 3]);
        assert_targets(&fleet, snapshot);
        snapshot_unref(snapshot);
    }
}

/* More than a message holds: names that stand in no answer are kept apart. */
static void targets_beyond_the_largest_message_are_found_too(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;

    (void)state;
    fleet_fill(&fleet, MAX_MEMBERS);
    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, COMPRESS_WHEN_NEEDED);
    assert_int_equal(image_of(snapshot)->target_count, MAX_MEMBERS);
    assert_targets(&fleet, snapshot);
    snapshot_unref(snapshot);
}

static void an_image_knows_its_members_and_no_others(void **state)
{
    enum { COUNT = 3 };
    const struct member members[COUNT] = {fixture_member("i-0123456789abcdef0", "10.0.0.1", 1),
                                          fixture_member("i-0123456789abcdef1", "10.0.0.2", 2),
                                          fixture_member("i-0123456789abcdef2", "fd00::1", 3)};
    static const struct {
        const char *why;
        const char *id;
        const char *address;
        uint16_t weight;
        uint16_t port;
        const char *az;
        const char *hold;
        bool is_same;
    } rows[] = {
        {"nothing",     "i-0123456789abcdef1", "10.0.0.2", 2, 443, "eu-west-1a", "none",  true },
        {"the id",      "i-0123456789abcdef9", "10.0.0.2", 2, 443, "eu-west-1a", "none",  false},
        {"the address", "i-0123456789abcdef1", "10.0.0.3", 2, 443, "eu-west-1a", "none",  false},
        {"the family",  "i-0123456789abcdef1", "fd00::2",  2, 443, "eu-west-1a", "none",  false},
        {"the weight",  "i-0123456789abcdef1", "10.0.0.2", 3, 443, "eu-west-1a", "none",  false},
        {"the port",    "i-0123456789abcdef1", "10.0.0.2", 2, 444, "eu-west-1a", "none",  false},
        {"the zone",    "i-0123456789abcdef1", "10.0.0.2", 2, 443, "eu-west-1b", "none",  false},
        {"the hold",    "i-0123456789abcdef1", "10.0.0.2", 2, 443, "eu-west-1a", "drain", false},
        {"no address",  "i-0123456789abcdef1", NULL,       2, 443, "eu-west-1a", "none",  false},
    };
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;

    (void)state;
    fixture_add_cluster(builder, "web", members, COUNT);
    snapshot = fixture_finish(builder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct member changed = fixture_member(
            rows[i].id, rows[i].address == NULL ? "10.0.0.2" : rows[i].address, rows[i].weight);
        const struct ranked_member ranked[COUNT] = {
            {.member = &members[0]}, {.member = &changed}, {.member = &members[2]}};

        changed.port = rows[i].port;
        changed.az = rows[i].az;
        changed.hold = rows[i].hold;
        if (rows[i].address == NULL) {
            changed.address = (struct address){.length = 0};
        }
        if (image_is_of(image_of(snapshot), ranked, COUNT) != rows[i].is_same) {
            fail_msg("%s", rows[i].why);
        }
        assert_false(image_is_of(image_of(snapshot), ranked, COUNT - 1));
    }
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_found_in_images_of_every_shape),
        cmocka_unit_test(targets_beyond_the_largest_message_are_found_too),
        cmocka_unit_test(an_image_knows_its_members_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
