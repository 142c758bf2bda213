/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_crowd.c - hundreds of members that come and go in the same polls:
 * a view's arrays, groups and counts agree with each other after each.
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

#include "tests/unit/discovery/fixture.h"

enum { CROWD = 700, CROWD_GROUPS = 9, STEPS = 400, STEP_MS = 2500 };

struct crowd {
    char ids[CROWD][8];
    char addresses[CROWD][16];
    struct instance instances[CROWD];
    bool is_shown[CROWD];
    uint64_t random;
};

static size_t crowd_random(struct crowd *crowd, size_t limit)
{
    crowd->random = crowd->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(crowd->random >> 33) % limit;
}

static const char *const crowd_groups[CROWD_GROUPS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};

static void crowd_init(struct crowd *crowd)
{
    for (size_t i = 0; i < CROWD; i++) {
        (void)snprintf(crowd->ids[i], sizeof(crowd->ids[i]), "i-%03zu", i);
        (void)snprintf(crowd->addresses[i], sizeof(crowd->addresses[i]), "10.0.%zu.%zu", i / 250,
                       i % 250);
        crowd->instances[i] = fixture_instance(
            crowd->ids[i], crowd_groups[crowd_random(crowd, CROWD_GROUPS)], crowd->addresses[i]);
    }
}

/* From one instance to all of them come, go, move, or change. */
static void crowd_change(struct crowd *crowd)
{
    static const char *const holds[] = {NULL, "drain", "maint until=2031-01-01T00:00:00Z"};
    size_t share = crowd_random(crowd, 4) == 0 ? 2 : 200;

    for (size_t i = 0; i < CROWD; i++) {
        struct instance *instance = &crowd->instances[i];

        if (crowd_random(crowd, share) != 0) {
            continue;
        }
        switch (crowd_random(crowd, 5)) {
        case 0:
            instance->group = crowd_groups[crowd_random(crowd, CROWD_GROUPS)];
            break;
        case 1:
            instance->hold_tag = holds[crowd_random(crowd, 3)];
            break;
        case 2:
            instance->state = crowd_random(crowd, 2) == 0 ? STATE_TERMINATED : STATE_RUNNING;
            break;
        default:
            crowd->is_shown[i] = !crowd->is_shown[i];
            break;
        }
    }
}

static struct inventory *crowd_poll(const struct crowd *crowd)
{
    struct inventory *poll = inventory_new();

    for (size_t i = CROWD; i > 0; i--) { /* the order in which EC2 gives them means nothing */
        if (crowd->is_shown[i - 1]) {
            *inventory_add(poll) = crowd->instances[i - 1];
        }
    }
    (void)inventory_finish(poll);
    return poll;
}

static void group_check(const struct view_group *group)
{
    assert_true(group->count > 0);
    assert_true(group->count <= group->capacity);
    for (size_t i = 0; i < group->count; i++) {
        const struct view_entry *entry = group->members[i];

        assert_ptr_equal(entry->home, group);
        assert_string_equal(entry->accepted.group, group->name);
        assert_true(i == 0 || strcmp(group->members[i - 1]->accepted.id, entry->accepted.id) < 0);
    }
}

static void view_check(const struct view *view)
{
    size_t grouped = 0;
    size_t timed = 0;

    assert_true(view->count <= view->capacity);
    for (size_t i = 0; i < view->count; i++) {
        const struct view_entry *entry = view->entries[i];

        assert_true(i == 0 || strcmp(view->entries[i - 1]->accepted.id, entry->accepted.id) < 0);
        assert_ptr_equal(view_find(view, entry->accepted.id), entry);
        assert_int_equal(entry->references, 1);
        assert_false(entry->is_judged);
        timed += entry->accepted.hold.until_s != 0;
        if (entry->wanted != NULL || entry->missing_polls > 0 || entry->is_frozen) {
            assert_int_equal(view->prints[i], 0);
        }
    }
    for (size_t i = 0; i < view->group_count; i++) {
        assert_true(i == 0 || strcmp(view->groups[i - 1]->name, view->groups[i]->name) < 0);
        group_check(view->groups[i]);
        grouped += view->groups[i]->count;
    }
    for (size_t i = 0; i < view->outsider_count; i++) {
        assert_true(i == 0 || strcmp(view->outsiders[i - 1].id, view->outsiders[i].id) < 0);
        assert_false(view->outsiders[i].is_repeated);
    }
    assert_int_equal(grouped, view->count);
    assert_int_equal(timed, view->timed_hold_count);
}

static bool versions_are_equal(const struct view *view, const uint64_t before[CROWD_GROUPS],
                               const char *group, size_t place)
{
    const struct view_group *found = view_find_group(view, group);

    return found != NULL && found->version == before[place];
}

/* A group keeps its version when, and only when, nobody came, went or changed. */
struct touched {
    bool groups[CROWD_GROUPS];
};

static void group_touch(struct touched *touched, const struct accepted *accepted)
{
    if (accepted != NULL) {
        touched->groups[accepted->group[0] - 'a'] = true;
    }
}

static void on_event(void *owner, const struct view_event *event)
{
    if (event->kind == EVENT_ADDED || event->kind == EVENT_REMOVED ||
        event->kind == EVENT_CHANGED) {
        group_touch(owner, event->before);
        group_touch(owner, event->after);
    }
}

static void a_crowd_comes_and_goes(void **state)
{
    static struct crowd crowd = {.random = 1};
    struct guard_rules rules = *fixture_guard_rules();
    struct view *view = NULL;

    (void)state;
    rules.flap_ms = 5000;
    crowd_init(&crowd);
    for (int64_t step = 0; step < STEPS; step++) {
        uint64_t before[CROWD_GROUPS] = {0};
        struct touched touched = {{false}};
        struct inventory *poll = NULL;

        for (size_t i = 0; view != NULL && i < CROWD_GROUPS; i++) {
            const struct view_group *group = view_find_group(view, crowd_groups[i]);

            before[i] = group == NULL ? 0 : group->version;
        }
        crowd_change(&crowd);
        poll = crowd_poll(&crowd);
        view = guard_apply(view, poll, &rules, step * STEP_MS, on_event, &touched);
        if (step % 50 == 49) {
            (void)guard_accept(view, crowd_groups[step % CROWD_GROUPS], &rules, on_event, &touched);
        }
        inventory_free(poll);
        view_check(view);
        for (size_t i = 0; i < CROWD_GROUPS; i++) {
            if (before[i] != 0) {
                assert_int_equal(versions_are_equal(view, before, crowd_groups[i], i),
                                 !touched.groups[i]);
            }
        }
    }
    view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
