/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_inventory.c - collecting, sorting and finding instances.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>

#include "discovery/inventory.h"

static struct instance *add(struct inventory *inventory, const char *id, const char *group)
{
    struct instance *instance = inventory_add(inventory);

    instance->id = arena_string(&inventory->arena, id);
    instance->group = arena_string(&inventory->arena, group);
    return instance;
}

static void a_new_instance_has_nothing(void **state)
{
    struct inventory *inventory = inventory_new();
    const struct instance *instance = inventory_add(inventory);

    (void)state;
    assert_null(instance->id);
    assert_null(instance->group);
    assert_null(instance->weight_tag);
    assert_int_equal(instance->state, STATE_UNKNOWN);
    inventory_free(inventory);
}

static void a_finished_inventory_is_sorted_by_id(void **state)
{
    enum { COUNT = 1000 };
    struct inventory *inventory = inventory_new();
    char id[16];

    (void)state;
    /* 617 and 1000 have no common divisor: every number once, far from sorted. */
    for (unsigned index = 0; index < COUNT; index++) {
        snprintf(id, sizeof(id), "i-%04u", index * 617 % COUNT);
        add(inventory, id, "web");
    }
    assert_int_equal(inventory_finish(inventory), 0);
    assert_int_equal(inventory->count, COUNT);
    for (unsigned index = 0; index < COUNT; index++) {
        snprintf(id, sizeof(id), "i-%04u", index);
        assert_string_equal(inventory->instances[index].id, id);
        assert_ptr_equal(inventory_find(inventory, id), &inventory->instances[index]);
    }
    assert_null(inventory_find(inventory, "i-"));
    assert_null(inventory_find(inventory, "i-1000"));
    assert_null(inventory_find(inventory, ""));
    inventory_free(inventory);
}

static void of_two_entries_with_one_id_the_later_stays(void **state)
{
    struct inventory *inventory = inventory_new();

    (void)state;
    add(inventory, "i-2", "old");
    add(inventory, "i-1", "one");
    add(inventory, "i-2", "middle");
    add(inventory, "i-3", "three");
    add(inventory, "i-2", "new");
    assert_int_equal(inventory_finish(inventory), 2);
    assert_int_equal(inventory->count, 3);
    assert_string_equal(inventory_find(inventory, "i-1")->group, "one");
    assert_string_equal(inventory_find(inventory, "i-2")->group, "new");
    assert_string_equal(inventory_find(inventory, "i-3")->group, "three");
    inventory_free(inventory);
}

static void a_page_that_came_twice_changes_nothing(void **state)
{
    struct inventory *inventory = inventory_new();

    (void)state;
    for (int page = 0; page < 2; page++) {
        add(inventory, "i-1", "web");
        add(inventory, "i-2", "web");
    }
    assert_int_equal(inventory_finish(inventory), 2);
    assert_int_equal(inventory->count, 2);
    inventory_free(inventory);
}

static void an_empty_inventory_can_be_finished_searched_and_filled(void **state)
{
    struct inventory *inventory = inventory_new();

    (void)state;
    assert_null(inventory_find(inventory, "i-1"));
    assert_int_equal(inventory_finish(inventory), 0);
    assert_null(inventory_find(inventory, "i-1"));
    add(inventory, "i-1", "web");
    assert_non_null(inventory_find(inventory, "i-1"));
    inventory_free(inventory);
    inventory_free(NULL);
}

static void an_instance_without_id_is_sorted_like_any_other(void **state)
{
    struct inventory *inventory = inventory_new();

    (void)state;
    add(inventory, "i-1", "web");
    inventory_add(inventory);
    inventory_add(inventory);
    assert_int_equal(inventory_finish(inventory), 1);
    assert_non_null(inventory_find(inventory, "i-1"));
    inventory_free(inventory);
}

static void states_have_the_names_that_ec2_gives_them(void **state)
{
    static const struct {
        const char *text;
        enum instance_state state;
    } cases[] = {
        {"pending",       STATE_PENDING      },
        {"running",       STATE_RUNNING      },
        {"shutting-down", STATE_SHUTTING_DOWN},
        {"terminated",    STATE_TERMINATED   },
        {"stopping",      STATE_STOPPING     },
        {"stopped",       STATE_STOPPED      },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        assert_int_equal(instance_state_from_text(cases[index].text), cases[index].state);
        assert_string_equal(instance_state_name(cases[index].state), cases[index].text);
    }
    assert_int_equal(instance_state_from_text("Running"), STATE_UNKNOWN);
    assert_int_equal(instance_state_from_text("running "), STATE_UNKNOWN);
    assert_int_equal(instance_state_from_text(""), STATE_UNKNOWN);
    assert_int_equal(instance_state_from_text(NULL), STATE_UNKNOWN);
    assert_string_equal(instance_state_name(STATE_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_instance_has_nothing),
        cmocka_unit_test(a_finished_inventory_is_sorted_by_id),
        cmocka_unit_test(of_two_entries_with_one_id_the_later_stays),
        cmocka_unit_test(a_page_that_came_twice_changes_nothing),
        cmocka_unit_test(an_empty_inventory_can_be_finished_searched_and_filled),
        cmocka_unit_test(an_instance_without_id_is_sorted_like_any_other),
        cmocka_unit_test(states_have_the_names_that_ec2_gives_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
