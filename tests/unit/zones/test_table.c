/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_table.c - the hash table of names. */

#include "fixture.h"
#include "zones/table.h"
#include "zones/target_name.h"

enum { MANY = 5000 };

static struct name numbered_name(unsigned number)
{
    char text[FIXTURE_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "host-%u.example.com", number);
    return fixture_name(text);
}

static void fill(struct table *table, struct name *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct node node = {
            .zone = (uint16_t)i, .name = names[i].octets, .name_length = names[i].length};

        assert_int_equal(table_add(table, &node), i);
    }
}

static const struct node *find(const struct table *table, const struct name *name)
{
    return table_find(table, name->octets, name->length, name_hash(name->octets, name->length));
}

static void check(const struct table *table, const struct name *names)
{
    for (unsigned i = 0; i < MANY; i++) {
        const struct name absent = numbered_name(MANY + i);

        assert_non_null(find(table, &names[i]));
        assert_int_equal(find(table, &names[i])->zone, i);
        assert_null(find(table, &absent));
    }
}

static void number_names(struct name *names)
{
    for (unsigned i = 0; i < MANY; i++) {
        names[i] = numbered_name(i);
    }
}

static void every_name_is_found_and_no_other(void **state)
{
    static struct name names[MANY];
    struct table table;

    (void)state;
    table_init(&table);
    assert_null(table_find(&table, (const uint8_t *)"", 1, 0));
    number_names(names);
    fill(&table, names, MANY);
    check(&table, names);
    assert_true(table.slot_count > table.used_count);
    table_fit(&table);
    check(&table, names);
    assert_in_range(table.slot_count, MANY + MANY / 4, MANY + MANY / 2);
    assert_int_equal(table.node_capacity, MANY);
    table_free(&table);
}

static void a_table_with_room_does_not_move(void **state)
{
    static struct name names[MANY];
    struct table table;
    const uint64_t *slots = NULL;

    (void)state;
    table_init(&table);
    table_reserve(&table, MANY);
    slots = table.slots;
    number_names(names);
    fill(&table, names, MANY);
    assert_ptr_equal(table.slots, slots);
    check(&table, names);
    table_free(&table);
}

/* Names whose hashes begin and end alike: they have one place and one tag. */
static void names_that_want_one_slot_are_kept_apart(void **state)
{
    enum { COLLIDING = 40, PLACE_SHIFT = 24, TAG_MASK = 0xff };
    static struct name names[COLLIDING];
    const struct name first = numbered_name(0);
    uint32_t wanted = name_hash(first.octets, first.length);
    struct table table;
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; count < COLLIDING; i++) {
        struct name name = numbered_name(i);
        uint32_t difference = name_hash(name.octets, name.length) ^ wanted;

        if (difference >> PLACE_SHIFT == 0 && (difference & TAG_MASK) == 0) {
            names[count++] = name;
        }
    }
    table_init(&table);
    fill(&table, names, COLLIDING - 1);
    for (unsigned i = 0; i < COLLIDING - 1; i++) {
        assert_int_equal(find(&table, &names[i])->zone, i);
    }
    assert_null(find(&table, &names[COLLIDING - 1]));
    table_free(&table);
}

/* A target has a slot and no node; its name lies among its cluster's octets. */
static void targets_are_found_by_cluster_and_offset(void **state)
{
    static uint8_t octets[MANY * (TARGET_HEAD_LENGTH + 32)];
    static size_t offsets[MANY];
    const struct name absent = numbered_name(MANY);
    struct table table;
    size_t used = 0;

    (void)state;
    table_init(&table);
    table_reserve(&table, MANY);
    assert_int_equal(table_add_cluster(&table, octets), 0);
    assert_int_equal(table_add_cluster(&table, octets), 1);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct name name = numbered_name(i);
        uint32_t hash = name_hash(name.octets, name.length);

        wire_store_u16(octets + used, (uint16_t)(SRV_FIXED_LENGTH + name.length));
        offsets[i] = used + TARGET_HEAD_LENGTH;
        memcpy(octets + offsets[i], name.octets, name.length);
        used = offsets[i] + name.length;
        table_set_target(&table, table_slot(&table, name.octets, name.length, hash), hash, 1,
                         offsets[i]);
    }
    table_reserve(&table, MANY); /* finds every name anew */
    for (uint32_t i = 0; i < MANY; i++) {
        const struct name name = numbered_name(i);
        uint64_t slot =
            *table_slot(&table, name.octets, name.length, name_hash(name.octets, name.length));
        size_t number = 0;
        size_t offset = 0;

        assert_true(slot_target(slot, &number, &offset));
        assert_int_equal(number, 1);
        assert_int_equal(offset, offsets[i]);
        assert_null(slot_node(&table, slot));
        assert_null(find(&table, &name));
    }
    assert_true(slot_is_free(*table_slot(&table, absent.octets, absent.length,
                                         name_hash(absent.octets, absent.length))));
    assert_int_equal(table.used_count, MANY);
    table_free(&table);
}

static void rrsets_are_found_by_type(void **state)
{
    struct rrset rrsets[] = {{.type = RECORD_A}, {.type = RECORD_TXT}};
    struct node node = {.rrsets = rrsets, .rrset_count = 2};

    (void)state;
    assert_ptr_equal(node_rrset(&node, RECORD_A), &rrsets[0]);
    assert_ptr_equal(node_rrset(&node, RECORD_TXT), &rrsets[1]);
    assert_null(node_rrset(&node, RECORD_AAAA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_found_and_no_other),
        cmocka_unit_test(a_table_with_room_does_not_move),
        cmocka_unit_test(names_that_want_one_slot_are_kept_apart),
        cmocka_unit_test(targets_are_found_by_cluster_and_offset),
        cmocka_unit_test(rrsets_are_found_by_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
