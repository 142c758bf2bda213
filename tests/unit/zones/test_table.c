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

        assert_int_equal(table_add(table, &node, name_hash(names[i].octets, names[i].length)), i);
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
    assert_true(table.node_slot_count > table.node_count);
    table_fit(&table);
    check(&table, names);
    assert_in_range(table.node_slot_count, 2 * MANY, 3 * MANY);
    assert_int_equal(table.node_capacity, MANY);
    table_free(&table);
}

static void a_table_with_room_does_not_move(void **state)
{
    static struct name names[MANY];
    struct table table;
    const uint64_t *slots = NULL;
    const struct node *nodes = NULL;

    (void)state;
    table_init(&table);
    table_reserve_nodes(&table, MANY);
    slots = table.node_slots;
    nodes = table.nodes;
    number_names(names);
    fill(&table, names, MANY);
    assert_ptr_equal(table.node_slots, slots);
    assert_ptr_equal(table.nodes, nodes);
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
        assert_null(find(&table, &name));
    }
    assert_true(slot_is_free(*table_slot(&table, absent.octets, absent.length,
                                         name_hash(absent.octets, absent.length))));
    assert_int_equal(table.target_count, MANY);
    table_free(&table);
}

/* Names of targets, with what stands in front of them, one after the other. */
struct target_names_block {
    uint8_t octets[MANY * (TARGET_HEAD_LENGTH + 32)];
    size_t offsets[MANY];
    uint32_t hashes[MANY];
};

static void block_fill(struct target_names_block *block, const struct name *names, unsigned count)
{
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        wire_store_u16(block->octets + used, (uint16_t)(SRV_FIXED_LENGTH + names[i].length));
        block->offsets[i] = used + TARGET_HEAD_LENGTH;
        memcpy(block->octets + block->offsets[i], names[i].octets, names[i].length);
        block->hashes[i] = name_hash(names[i].octets, names[i].length);
        used = block->offsets[i] + names[i].length;
    }
}

static bool target_is_there(const struct table *table, const struct target_names_block *block,
                            unsigned target)
{
    const uint8_t *name = block->octets + block->offsets[target];
    const uint64_t *slot = table_slot(table, name, target_length(name), block->hashes[target]);
    size_t cluster = 0;
    size_t offset = 0;

    return slot_target(*slot, &cluster, &offset) && offset == block->offsets[target];
}

static void target_put(struct table *table, const struct target_names_block *block, unsigned target)
{
    const uint8_t *name = block->octets + block->offsets[target];

    table_set_target(table, table_slot(table, name, target_length(name), block->hashes[target]),
                     block->hashes[target], 0, block->offsets[target]);
}

/*
 * A few targets in a table without a slot too many, put in and taken out at random: runs grow
 * together and come apart, and go over the end of the array.
 */
static void targets_that_are_taken_out_leave_the_others_findable(void **state)
{
    enum { FEW = 60, ROUNDS = 20000 };
    static struct target_names_block block;
    static struct name names[FEW];
    bool is_there[FEW] = {false};
    struct table table;
    size_t count = 0;
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < FEW; i++) {
        names[i] = numbered_name(i);
    }
    block_fill(&block, names, FEW);
    table_init(&table);
    table_reserve(&table, FEW);
    (void)table_add_cluster(&table, block.octets);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned target = fixture_random(&seed) % FEW;

        if (is_there[target]) {
            assert_true(table_take_out(&table, block.hashes[target], 0, block.offsets[target]));
            count--;
        } else {
            target_put(&table, &block, target);
            count++;
        }
        is_there[target] = !is_there[target];
        assert_int_equal(table.target_count, count);
        for (unsigned i = 0; i < FEW; i++) {
            assert_int_equal(target_is_there(&table, &block, i), is_there[i]);
        }
    }
    table_free(&table);
}

/* The last slots of the array: what does not fit goes on at its beginning, and comes back. */
static void a_run_over_the_end_of_the_array_closes(void **state)
{
    enum { RUN = 5, LAST_SHIFT = 32 };
    static struct target_names_block block;
    static struct name names[RUN];
    struct table table;
    unsigned count = 0;

    (void)state;
    table_init(&table);
    table_reserve(&table, 2 * RUN);
    for (unsigned i = 0; count < RUN; i++) {
        struct name name = numbered_name(i);
        uint64_t home = name_hash(name.octets, name.length) * (uint64_t)table.slot_count;

        if (home >> LAST_SHIFT == table.slot_count - 1) {
            names[count++] = name;
        }
    }
    block_fill(&block, names, RUN);
    (void)table_add_cluster(&table, block.octets);
    for (unsigned i = 0; i < RUN; i++) {
        target_put(&table, &block, i);
    }
    assert_false(slot_is_free(table.slots[RUN - 2]));
    for (unsigned i = 0; i < RUN; i++) {
        assert_true(table_take_out(&table, block.hashes[i], 0, block.offsets[i]));
        assert_false(table_take_out(&table, block.hashes[i], 0, block.offsets[i]));
        assert_true(slot_is_free(table.slots[RUN - 2 - (i < RUN - 1 ? i : RUN - 2)]));
        for (unsigned j = 0; j < RUN; j++) {
            assert_int_equal(target_is_there(&table, &block, j), j > i);
        }
    }
    assert_int_equal(table.target_count, 0);
    table_free(&table);
}

/* Only what is meant goes: another cluster's target of the same name is left alone. */
static void a_target_that_is_another_clusters_by_now_is_not_taken_out(void **state)
{
    static struct target_names_block block;
    const struct name name = numbered_name(1);
    struct table table;

    (void)state;
    block_fill(&block, &name, 1);
    table_init(&table);
    table_reserve(&table, 1);
    (void)table_add_cluster(&table, block.octets);
    (void)table_add_cluster(&table, block.octets);
    target_put(&table, &block, 0);
    assert_false(table_take_out(&table, block.hashes[0], 1, block.offsets[0]));
    assert_false(table_take_out(&table, block.hashes[0], 0, block.offsets[0] + 1));
    assert_true(target_is_there(&table, &block, 0));
    table_free(&table);
}

static void a_copy_has_the_targets_and_not_the_nodes(void **state)
{
    enum { FEW = 100 };
    static struct target_names_block block;
    static struct name names[FEW];
    struct table table;
    struct table copy;

    (void)state;
    for (unsigned i = 0; i < FEW; i++) {
        names[i] = numbered_name(i);
    }
    block_fill(&block, names, FEW);
    table_init(&table);
    table_reserve(&table, FEW);
    (void)table_add_cluster(&table, block.octets);
    fill(&table, names, FEW / 2);
    for (unsigned i = FEW / 2; i < FEW; i++) {
        target_put(&table, &block, i);
    }
    table_init(&copy);
    table_copy_targets(&copy, &table);
    table_free(&table);
    assert_int_equal(table_name_count(&copy), FEW / 2);
    for (unsigned i = 0; i < FEW; i++) {
        assert_int_equal(target_is_there(&copy, &block, i), i >= FEW / 2);
        assert_null(find(&copy, &names[i]));
    }
    table_clear_targets(&copy, FEW);
    assert_int_equal(copy.target_count, 0);
    assert_false(target_is_there(&copy, &block, FEW - 1));
    table_free(&copy);
}

/* Nobody finds a node whose name became a target, also when its slot has been moved since. */
static void a_node_that_gave_way_is_gone(void **state)
{
    static struct name names[MANY];
    struct table table;

    (void)state;
    table_init(&table);
    number_names(names);
    fill(&table, names, MANY / 2);
    table_give_way(&table, &table.nodes[1]);
    assert_null(find(&table, &names[1]));
    table_reserve_nodes(&table, MANY);
    assert_null(find(&table, &names[1]));
    assert_non_null(find(&table, &names[2]));
    assert_int_equal(table_name_count(&table), MANY / 2 - 1);
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
        cmocka_unit_test(targets_that_are_taken_out_leave_the_others_findable),
        cmocka_unit_test(a_run_over_the_end_of_the_array_closes),
        cmocka_unit_test(a_target_that_is_another_clusters_by_now_is_not_taken_out),
        cmocka_unit_test(a_copy_has_the_targets_and_not_the_nodes),
        cmocka_unit_test(a_node_that_gave_way_is_gone),
        cmocka_unit_test(rrsets_are_found_by_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
