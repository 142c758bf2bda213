/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_table.c - the hash table of names. */

#include "fixture.h"
#include "zones/table.h"

enum { MANY = 5000 };

static struct name numbered_name(unsigned number)
{
    char text[FIXTURE_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "host-%u.example.com", number);
    return fixture_name(text);
}

static void fill(struct table *table, struct name *names, bool same_hash)
{
    for (unsigned i = 0; i < MANY; i++) {
        struct node node = {.zone = (uint16_t)i};

        names[i] = numbered_name(i);
        node.name = names[i].octets;
        node.name_length = names[i].length;
        node.hash = same_hash ? 7 : name_hash(names[i].octets, names[i].length);
        assert_int_equal(table_add(table, &node), i);
    }
}

static void check(const struct table *table, const struct name *names)
{
    for (unsigned i = 0; i < MANY; i++) {
        struct name absent = numbered_name(MANY + i);
        const struct node *node = table_find(table, names[i].octets, names[i].length,
                                             name_hash(names[i].octets, names[i].length));

        assert_non_null(node);
        assert_int_equal(node->zone, i);
        assert_null(table_find(table, absent.octets, absent.length,
                               name_hash(absent.octets, absent.length)));
    }
}

static void every_name_is_found_and_no_other(void **state)
{
    static struct name names[MANY];
    struct table table;

    (void)state;
    table_init(&table);
    assert_null(table_find(&table, (const uint8_t *)"", 1, 0));
    fill(&table, names, false);
    check(&table, names);
    assert_true(table.slot_count >= 2 * table.node_count);
    table_free(&table);
}

static void a_table_in_an_arena_takes_what_it_was_made_for(void **state)
{
    static struct name names[MANY];
    struct table table;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    table_init_in(&table, MANY, &arena);
    fill(&table, names, false);
    check(&table, names);
    assert_int_equal(table.node_capacity, MANY);
    assert_true(table.slot_count >= 2 * table.node_count);
    arena_free(&arena);
}

static void names_with_one_hash_are_kept_apart(void **state)
{
    static struct name names[MANY];
    struct table table;

    (void)state;
    table_init(&table);
    fill(&table, names, true);
    for (unsigned i = 0; i < MANY; i += 97) {
        assert_int_equal(table_find(&table, names[i].octets, names[i].length, 7)->zone, i);
        assert_null(table_find(&table, names[i].octets, names[i].length - 1U, 7));
    }
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
        cmocka_unit_test(a_table_in_an_arena_takes_what_it_was_made_for),
        cmocka_unit_test(names_with_one_hash_are_kept_apart),
        cmocka_unit_test(rrsets_are_found_by_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
