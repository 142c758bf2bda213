/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_view.c - a view's entries, groups and versions.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/view_edit.h"

static struct view_entry entry_of(const char *id, const char *group, uint16_t weight)
{
    return (struct view_entry){
        .accepted = {.id = id,
                     .group = group,
                     .az = "eu-west-1a",
                     .address = {ADDRESS_V4_LENGTH, {10, 0, 0, 1}},
                     .weight = weight,
                     .hold = {HOLD_NONE, 0, "", ""}}
    };
}

static struct view *view_of(const char *const *ids, size_t count)
{
    struct view *view = view_new();

    for (size_t i = 0; i < count; i++) {
        const struct view_entry entry = entry_of(ids[i], i % 2 == 0 ? "web" : "api", 7);

        (void)view_add(view, &entry);
    }
    return view;
}

static const char *const five[] = {"i-1", "i-2", "i-3", "i-4", "i-5"};

static void an_entry_is_found_by_id_and_by_group(void **state)
{
    struct view *view = view_of(five, 5);
    const struct view_group *web = view_find_group(view, "web");

    (void)state;
    assert_int_equal(view->count, 5);
    assert_int_equal(view->group_count, 2);
    assert_string_equal(view->groups[0]->name, "api");
    assert_int_equal(web->count, 3);
    assert_ptr_equal(web->members[1], view_find(view, "i-3"));
    assert_ptr_equal(web->members[1]->home, web);
    assert_null(view_find(view, "i-6"));
    assert_null(view_find(view, ""));
    assert_null(view_find_group(view, "we"));
    view_free(view);
    view_free(NULL);
}

/* Everything that an entry points to is copied, and goes with it. */
static void a_copy_borrows_nothing(void **state)
{
    char texts[6][300] = {"i-1", "web", "eu-west-1a", "ann", "kernel update", "x"};
    struct accepted wanted = {
        .id = texts[0],
        .group = texts[1],
        .az = texts[2],
        .hold = {HOLD_MAINT, 0, texts[3], texts[4]}
    };
    const struct view_entry entry = {.accepted = wanted, .value = texts[5], .wanted = &wanted};
    struct view_entry *copy = NULL;

    (void)state;
    memset(texts[5], 'v', sizeof(texts[5]) - 1);
    copy = view_entry_new(&entry);
    memset(texts, 'z', sizeof(texts));
    wanted = (struct accepted){0};
    assert_string_equal(copy->accepted.id, "i-1");
    assert_string_equal(copy->accepted.group, "web");
    assert_string_equal(copy->accepted.hold.reason, "kernel update");
    assert_string_equal(copy->wanted->az, "eu-west-1a");
    assert_string_equal(copy->wanted->hold.by, "ann");
    assert_int_equal(strlen(copy->value), 256); /* what is kept of a tag's value */
    view_entry_unref(copy);
}

static void what_is_null_or_empty_stays_so(void **state)
{
    const struct view_entry entry = {
        .accepted = {.id = "i-1", .group = "", .az = ""}
    };
    struct view_entry *copy = view_entry_new(&entry);

    (void)state;
    assert_string_equal(copy->accepted.group, "");
    assert_null(copy->accepted.hold.by);
    assert_null(copy->value);
    assert_null(copy->wanted);
    view_entry_unref(copy);
}

static void an_entry_lives_as_long_as_somebody_holds_it(void **state)
{
    struct view *view = view_of(five, 1);
    struct view_entry *held = view_entry_ref(view_find(view, "i-1"));

    (void)state;
    view_free(view);
    assert_string_equal(held->accepted.group, "web");
    view_entry_unref(held);
}

/* A version tells of every change of what is accepted, and of nothing else. */
static void a_groups_version_tells_of_changes(void **state)
{
    static const struct {
        const char *why;
        struct view_entry entry;
        bool is_change;
    } rows[] = {
        {"nothing differs",    {.accepted = {.weight = 7, .az = "a", .group = "web"}},             false},
        {"a look missed it",
         {.accepted = {.weight = 7, .az = "a", .group = "web"}, .missing_polls = 1},
         false                                                                                          },
        {"a value is bridged",
         {.accepted = {.weight = 7, .az = "a", .group = "web"}, .reason = REASON_BAD_WEIGHT},
         false                                                                                          },
        {"another weight",     {.accepted = {.weight = 8, .az = "a", .group = "web"}},             true },
        {"another zone",       {.accepted = {.weight = 7, .az = "b", .group = "web"}},             true },
        {"another port",       {.accepted = {.weight = 7, .az = "a", .group = "web", .port = 80}}, true },
        {"a hold",
         {.accepted = {.weight = 7, .az = "a", .group = "web", .hold = {HOLD_DRAIN, 0, "", ""}}},
         true                                                                                           },
        {"another group",      {.accepted = {.weight = 7, .az = "a", .group = "api"}},             true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct view *view = view_new();
        struct view_entry first = rows[0].entry;
        struct view_entry next = rows[i].entry;
        struct view_entry *old = NULL;
        uint64_t version = 0;

        first.accepted.id = next.accepted.id = "i-1";
        first.accepted.hold.by = first.accepted.hold.reason = "";
        next.accepted.hold.by = next.accepted.hold.reason = "";
        old = view_add(view, &first);
        version = view_find_group(view, "web")->version;
        view->entries[0] = view_entry_new(&next);
        view_group_replace(view, old, view->entries[0]);
        view_entry_unref(old);
        if ((view_find_group(view, "web")->version != version) != rows[i].is_change) {
            fail_msg("%s", rows[i].why);
        }
        view_free(view);
    }
}

static bool id_is_even(const void *owner, const struct view_entry *entry)
{
    (void)owner;
    return (entry->accepted.id[2] - '0') % 2 == 0;
}

static void a_filter_keeps_order_and_drops_empty_groups(void **state)
{
    struct view *view = view_of(five, 5);
    uint64_t version = view->last_version;

    (void)state;
    assert_int_equal(view_filter(view, id_is_even, NULL), 3);
    assert_int_equal(view->count, 2);
    assert_string_equal(view->entries[0]->accepted.id, "i-2");
    assert_string_equal(view->entries[1]->accepted.id, "i-4");
    assert_int_equal(view->group_count, 1);
    assert_null(view_find_group(view, "web"));
    assert_true(view->last_version > version);
    view_free(view);
}

/* In any order of coming and going a group has its members in the order of their ids. */
static void groups_stay_sorted(void **state)
{
    static const int order[] = {5, 2, 8, 1, 9, 4, 7, 3, 6, 0};
    struct view *view = view_new();
    struct view_entry *entries[10];

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        char id[8];
        struct view_entry entry;

        (void)snprintf(id, sizeof(id), "i-%d", order[i]);
        entry = entry_of(id, "web", 1);
        entries[i] = view_entry_new(&entry);
        view_group_enter(view, entries[i]);
    }
    for (size_t gone = 0; gone < 10; gone++) {
        const struct view_group *web = view_find_group(view, "web");

        assert_int_equal(web->count, 10 - gone);
        for (size_t i = 1; i < web->count; i++) {
            assert_true(strcmp(web->members[i - 1]->accepted.id, web->members[i]->accepted.id) < 0);
        }
        view_group_leave(view, entries[gone]);
        view_entry_unref(entries[gone]);
    }
    view_drop_empty_groups(view);
    assert_int_equal(view->group_count, 0);
    view_free(view);
}

static void holds_with_an_end_are_counted(void **state)
{
    struct view *view = view_new();
    struct view_entry entry = entry_of("i-1", "web", 1);
    struct view_entry *old = NULL;

    (void)state;
    entry.accepted.hold = (struct hold){HOLD_DRAIN, 1000, "", ""};
    old = view_add(view, &entry);
    assert_int_equal(view->timed_hold_count, 1);
    entry.accepted.hold.until_s = 0;
    view->entries[0] = view_entry_new(&entry);
    view_group_replace(view, old, view->entries[0]);
    view_entry_unref(old);
    assert_int_equal(view->timed_hold_count, 0);
    view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_found_by_id_and_by_group),
        cmocka_unit_test(a_copy_borrows_nothing),
        cmocka_unit_test(what_is_null_or_empty_stays_so),
        cmocka_unit_test(an_entry_lives_as_long_as_somebody_holds_it),
        cmocka_unit_test(a_groups_version_tells_of_changes),
        cmocka_unit_test(a_filter_keeps_order_and_drops_empty_groups),
        cmocka_unit_test(groups_stay_sorted),
        cmocka_unit_test(holds_with_an_end_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
