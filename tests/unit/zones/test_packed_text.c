/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_packed_text.c - texts that are packed and written again as they were. */

#include "fixture.h"
#include "zones/packed_text.h"
#include "zones/target.h"
#include "zones/target_name.h"
#include "zones/wire.h"

static const char X32[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
static const char X33[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
static const char X63[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
static const char X64[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/* A name with an SRV record's head in front; returns the name. */
static const uint8_t *name_with_weight(uint8_t octets[TARGET_HEAD_LENGTH + NAME_MAX_LENGTH],
                                       const char *text, uint16_t weight)
{
    const struct name name = fixture_name(text);

    wire_store_u16(octets, (uint16_t)(SRV_FIXED_LENGTH + name.length));
    wire_store_u16(octets + 4, weight);
    memcpy(octets + TARGET_HEAD_LENGTH, name.octets, name.length);
    return octets + TARGET_HEAD_LENGTH;
}

static void every_text_reads_as_it_would_have_been_written(void **state)
{
    char hold128[129] = "";
    char hold129[130] = "";
    const struct {
        const char *why;
        const char *id;
        const char *az;
        const char *hold;
        uint16_t weight;
        size_t expected; /* octets */
    } rows[] = {
        {"an id of EC2",            "i-0123456789abcdef0",  "eu-west-1a", "none",  65535, 10},
        {"all digits",              "i-fedcba98765432100",  "eu-west-1a", "none",  0,     10},
        {"an old id of EC2",        "i-1234abcd",           "eu-west-1a", "none",  7,     12},
        {"a digit short",           "i-0123456789abcdef",   "eu-west-1a", "none",  7,     20},
        {"a digit more",            "i-0123456789abcdef01", "eu-west-1a", "none",  7,     22},
        {"a digit that is none",    "i-0123456789abcdefg",  "eu-west-1a", "none",  7,     21},
        {"capitals",                "i-0123456789ABCDEF0",  "eu-west-1a", "none",  7,     21},
        {"another prefix",          "j-0123456789abcdef0",  "eu-west-1a", "none",  7,     21},
        {"the name's label",        "host-7",               "eu-west-1a", "none",  7,     2 },
        {"its beginning",           "host-",                "eu-west-1a", "none",  7,     7 },
        {"more than the label",     "host-77",              "eu-west-1a", "none",  7,     9 },
        {"the label in capitals",   "HOST-7",               "eu-west-1a", "none",  7,     8 },
        {"no zone and no hold",     "db",                   "",           "",      10,    4 },
        {"the longest id",          X63,                    "a",          "none",  1,     65},
        {"an id too long",          X64,                    "a",          "none",  1,     0 },
        {"no id",                   "",                     "a",          "none",  1,     0 },
        {"the longest zone",        "db",                   X32,          "none",  1,     4 },
        {"a zone too long",         "db",                   X33,          "none",  1,     0 },
        {"the longest hold",        "db",                   "a",          hold128, 1,     4 },
        {"a hold too long",         "db",                   "a",          hold129, 1,     0 },
        {"octets that are no text", "\x01\xff;\"\\",        "\t",         "\n",    1,     7 },
    };

    (void)state;
    memset(hold128, 'h', sizeof(hold128) - 1);
    memset(hold129, 'h', sizeof(hold129) - 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct member member = {
            .id = rows[i].id, .az = rows[i].az, .hold = rows[i].hold, .weight = rows[i].weight};
        struct text_pairs pairs = {.zones = {"other"}, .holds = {"none"}, .count = 1};
        uint8_t name_octets[TARGET_HEAD_LENGTH + NAME_MAX_LENGTH];
        const uint8_t *name = name_with_weight(name_octets, "host-7.example", rows[i].weight);
        uint8_t packed[PACKED_TEXT_MAX];
        size_t length = packed_text_make(packed, &pairs, &member, name);
        uint8_t strings[512];
        uint8_t expected[TARGET_TEXT_SIZE];
        uint8_t written[PACKED_RDATA_MAX];

        if (length != rows[i].expected) {
            fail_msg("%s: %zu octets", rows[i].why, length);
        }
        if (length == 0) {
            continue;
        }
        assert_int_equal(packed_text_length(packed), length);
        assert_true(text_pairs_length(&pairs) <= sizeof(strings));
        memset(strings, 0xa5, sizeof(strings));
        text_pairs_write(strings, &pairs);
        assert_int_equal(strings[text_pairs_length(&pairs)], 0xa5);
        length = packed_text_write(written, packed, strings, name);
        assert_int_equal(length, target_text(expected, &member));
        assert_memory_equal(written, expected, length);
    }
}

static void a_cluster_has_room_for_256_pairs(void **state)
{
    static char holds[TEXT_PAIRS_MAX + 1][FIXTURE_TEXT_SIZE];
    static struct text_pairs pairs;
    struct member member = {.id = "db", .az = "a"};
    uint8_t name_octets[TARGET_HEAD_LENGTH + NAME_MAX_LENGTH];
    const uint8_t *name = name_with_weight(name_octets, "host-7.example", 1);
    uint8_t packed[PACKED_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i <= TEXT_PAIRS_MAX; i++) {
        (void)snprintf(holds[i], sizeof(holds[i]), "drain by=%zu", i);
        member.hold = holds[i];
        assert_int_equal(packed_text_make(packed, &pairs, &member, name),
                         i < TEXT_PAIRS_MAX ? 4 : 0);
    }
    member.hold = "drain by=200"; /* equal, and another string */
    assert_int_equal(packed_text_make(packed, &pairs, &member, name), 4);
    assert_int_equal(packed[1], 200);
    assert_int_equal(pairs.count, TEXT_PAIRS_MAX);
}

static void a_packed_text_knows_its_own_id(void **state)
{
    static const char *const ids[] = {"i-0123456789abcdef0",
                                      "i-0123456789abcdef1",
                                      "i-1123456789abcdef0",
                                      "host-7",
                                      "host-8",
                                      "db"};
    enum { COUNT = sizeof(ids) / sizeof(ids[0]) };
    uint8_t name_octets[TARGET_HEAD_LENGTH + NAME_MAX_LENGTH];
    const uint8_t *name = name_with_weight(name_octets, "host-7.example", 1);

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct member member = {.id = ids[i], .az = "a", .hold = "none"};
        struct text_pairs pairs = {.count = 0};
        uint8_t packed[PACKED_TEXT_MAX];
        const uint8_t same_pair[2] = {9, 0};
        const uint8_t other_pair[2] = {9, 1};

        assert_true(packed_text_make(packed, &pairs, &member, name) > 0);
        for (size_t j = 0; j < COUNT; j++) {
            assert_int_equal(packed_text_is_of(packed, same_pair, ids[j], name), i == j);
            assert_false(packed_text_is_of(packed, other_pair, ids[j], name));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_reads_as_it_would_have_been_written),
        cmocka_unit_test(a_cluster_has_room_for_256_pairs),
        cmocka_unit_test(a_packed_text_knows_its_own_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
