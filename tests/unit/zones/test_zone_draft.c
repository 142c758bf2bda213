/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_zone_draft.c - names of a zone under construction. */

#include "fixture.h"
#include "zones/zone_draft.h"

static struct arena arena;
static struct encoder encoder;
static struct name nameserver;
static struct zone_draft *draft;

static int draft_setup(void **state)
{
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    (void)state;
    arena_init(&arena);
    encoder_init(&encoder, &arena);
    draft = zone_draft_new(&zone, 3, &encoder);
    return 0;
}

static int draft_teardown(void **state)
{
    (void)state;
    zone_draft_free(draft);
    arena_free(&arena);
    return 0;
}

static ptrdiff_t find(const char *text)
{
    const struct name name = fixture_name(text);

    return zone_draft_find(draft, &name);
}

static size_t make(const char *text)
{
    const struct name name = fixture_name(text);

    return zone_draft_make(draft, &name, &encoder);
}

static bool shows(ptrdiff_t index)
{
    const struct node *node = &draft->names.nodes[index];

    return zone_draft_shows(draft, node->name, node->name_length);
}

static void a_new_zone_has_its_apex(void **state)
{
    (void)state;
    assert_int_equal(find("sd.example.com"), 0);
    assert_int_equal(find("example.com"), NAME_ABSENT);
    assert_int_equal(draft->names.node_count, 1);
    assert_int_equal(draft->names.nodes[0].zone, 3);
}

static void names_between_are_made_once(void **state)
{
    size_t index = make("a.b.c.sd.example.com");

    (void)state;
    assert_int_equal(draft->names.node_count, 4);
    assert_int_not_equal(find("b.c.sd.example.com"), NAME_ABSENT);
    assert_int_not_equal(find("c.sd.example.com"), NAME_ABSENT);
    assert_int_equal(make("a.b.c.sd.example.com"), index);
    (void)make("x.b.c.sd.example.com");
    assert_int_equal(draft->names.node_count, 5);
    assert_int_equal(draft->drafts[index].use, NAME_EMPTY);
}

static void names_outside_have_nothing_above_them(void **state)
{
    (void)state;
    (void)make("10.0.0.4");
    assert_int_equal(draft->names.node_count, 2);
    assert_int_equal(find("0.0.4"), NAME_ABSENT);
}

static void uses_survive_growth(void **state)
{
    size_t index = make("first.sd.example.com");
    size_t made = 0;

    (void)state;
    draft->drafts[index].use = NAME_TARGET;
    for (int i = 0; i < 1000; i++) {
        char text[FIXTURE_TEXT_SIZE];

        (void)snprintf(text, sizeof(text), "n%d.sd.example.com", i);
        made = make(text);
        assert_int_equal(draft->drafts[made].use, NAME_EMPTY);
    }
    assert_int_equal(draft->drafts[index].use, NAME_TARGET);
    assert_int_equal((size_t)find("first.sd.example.com"), index);
}

static void other_zones_hide_names_and_leave_the_way_to_them(void **state)
{
    const struct name other = fixture_name("deep.down.sd.example.com");
    size_t inside = 0;
    size_t beside = 0;

    (void)state;
    zone_draft_add_other(draft, &other, &encoder);
    assert_int_not_equal(find("down.sd.example.com"), NAME_ABSENT);
    inside = make("x.deep.down.sd.example.com");
    beside = make("x-deep.down.sd.example.com");
    assert_false(shows((ptrdiff_t)inside));
    assert_false(shows(find("deep.down.sd.example.com")));
    assert_true(shows((ptrdiff_t)beside));
    assert_true(shows(find("down.sd.example.com")));
    assert_true(shows(0));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, draft_setup, draft_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_zone_has_its_apex),
        TEST(names_between_are_made_once),
        TEST(names_outside_have_nothing_above_them),
        TEST(uses_survive_growth),
        TEST(other_zones_hide_names_and_leave_the_way_to_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
