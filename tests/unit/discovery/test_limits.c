/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_limits.c - one below each limit, at it, one above, and ten times it:
 * what is beyond is refused or left out, and never costs what was there before. Promise P11.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/aws/ec2_reply.h"
#include "discovery/aws/xml.h"
#include "tests/unit/discovery/fleet_stage.h"

enum { AROUND_COUNT = 4, PAGE_SIZE = 1000 };

/* The four numbers to try of a limit. */
static void around(size_t limit, size_t numbers[AROUND_COUNT])
{
    numbers[0] = limit - 1;
    numbers[1] = limit;
    numbers[2] = limit + 1;
    numbers[3] = 10 * limit;
}

/* ---- instances in a poll ---- */

static char *page_of(size_t first, size_t count)
{
    size_t size = 256 + count * 64;
    char *text = memory_new(size);
    char *end = stpcpy(text, "<DescribeInstancesResponse><reservationSet><item><instancesSet>");

    for (size_t i = first; i < first + count; i++) {
        end += snprintf(end, 64, "<item><instanceId>i-%06zu</instanceId></item>", i);
    }
    stpcpy(end, "</instancesSet></item></reservationSet></DescribeInstancesResponse>");
    return text;
}

/* Whether a poll of `count` instances, page by page, is taken. */
static bool poll_is_taken(size_t count)
{
    static const struct ec2_tag_names tags = {"g", "w", "a", "p", NULL, NULL};
    struct inventory *inventory = inventory_new();
    bool is_taken = true;

    for (size_t first = 0; is_taken && first < count; first += PAGE_SIZE) {
        char *page = page_of(first, count - first < PAGE_SIZE ? count - first : PAGE_SIZE);
        struct ec2_page read;
        struct error error;

        is_taken = ec2_reply_parse(page, strlen(page), &tags, inventory, &read, &error);
        if (!is_taken) {
            assert_non_null(strstr(error.text, "more than 20000 instances"));
        }
        free(page);
    }
    assert_true(!is_taken || inventory->count == count);
    inventory_free(inventory);
    return is_taken;
}

static void a_poll_beyond_its_limit_is_refused(void **state)
{
    size_t numbers[AROUND_COUNT];

    (void)state;
    around(EC2_INSTANCE_LIMIT, numbers);
    for (size_t i = 0; i < AROUND_COUNT; i++) {
        assert_int_equal(poll_is_taken(numbers[i]), numbers[i] <= EC2_INSTANCE_LIMIT);
    }
}

/* ---- clusters of a zone ---- */

static struct inventory *groups_new(size_t count)
{
    struct inventory *poll = inventory_new();

    for (size_t i = 0; i < count; i++) {
        struct instance *instance = inventory_add(poll);

        *instance = fixture_instance(arena_format(&poll->arena, "i-%05zu", i),
                                     arena_format(&poll->arena, "g-%05zu", i), "10.0.0.1");
    }
    (void)inventory_finish(poll);
    return poll;
}

static void clusters_beyond_the_limit_cost_none_that_is_served(void **state)
{
    struct stage *stage = *state;
    size_t numbers[AROUND_COUNT];

    around(FLEET_MAX_CLUSTERS, numbers);
    for (size_t i = 0; i < AROUND_COUNT; i++) {
        struct inventory *poll = groups_new(numbers[i]);
        bool is_over = numbers[i] > FLEET_MAX_CLUSTERS;

        fleet_apply(stage->fleet, 0, poll, (int64_t)i, NULL, NULL);
        stage_assemble(stage);
        assert_int_equal(stage->count, is_over ? FLEET_MAX_CLUSTERS : numbers[i]);
        assert_int_equal(stage->complaints, is_over);
        assert_string_equal(stage->clusters[0].name, "g-00000");
        assert_string_equal(stage->clusters[FLEET_MAX_CLUSTERS - 2].name, "g-01022");
        inventory_free(poll);
    }
}

/* ---- of a reply's text ---- */

static bool hear(void *owner, const struct xml_event *event, struct error *error)
{
    size_t *length = owner;

    (void)error;
    *length = event->length;
    return true;
}

/* `open` so many times, then `close` so many times, in "<R>"; whether it is taken. */
static bool document_is_taken(const char *open, const char *close, size_t count, const char *around,
                              size_t *length)
{
    static const struct xml_row rows[] = {
        {"R/t", 1, XML_ROW_TEXT},
    };
    static const struct xml_grammar grammar = {rows, 1};
    size_t size = count * (strlen(open) + strlen(close)) + 32;
    char *text = memory_new(size);
    char *end = stpcpy(stpcpy(text, "<R>"), around);
    struct error error;
    bool is_taken = false;

    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, open);
    }
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, close);
    }
    end = stpcpy(end, around[0] == '\0' ? "" : "</t>");
    end = stpcpy(end, "</R>");
    is_taken = xml_parse(text, (size_t)(end - text), &grammar, hear, length, &error);
    free(text);
    return is_taken;
}

static void a_text_beyond_its_limit_is_refused(void **state)
{
    size_t numbers[AROUND_COUNT];

    (void)state;
    around(XML_TEXT_LIMIT, numbers);
    for (size_t i = 0; i < AROUND_COUNT; i++) {
        size_t length = 0;
        bool is_taken = document_is_taken("x", "", numbers[i], "<t>", &length);

        assert_int_equal(is_taken, numbers[i] <= XML_TEXT_LIMIT);
        assert_true(!is_taken || length == numbers[i]);
    }
}

static void elements_nested_beyond_the_limit_are_refused(void **state)
{
    size_t numbers[AROUND_COUNT];

    (void)state;
    around(XML_DEPTH_LIMIT - 1, numbers); /* one is the root */
    for (size_t i = 0; i < AROUND_COUNT; i++) {
        size_t length = 0;

        assert_int_equal(document_is_taken("<x>", "</x>", numbers[i], "", &length),
                         numbers[i] <= XML_DEPTH_LIMIT - 1);
    }
}

static void elements_beyond_the_limit_are_refused(void **state)
{
    static const size_t numbers[] = {XML_ELEMENT_LIMIT - 1, XML_ELEMENT_LIMIT,
                                     XML_ELEMENT_LIMIT + 1}; /* ten times would be too large */

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        size_t length = 0;

        assert_int_equal(document_is_taken("<x/>", "", numbers[i] - 1, "", &length),
                         numbers[i] <= XML_ELEMENT_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_beyond_its_limit_is_refused),
        cmocka_unit_test_setup_teardown(clusters_beyond_the_limit_cost_none_that_is_served,
                                        stage_setup, stage_teardown),
        cmocka_unit_test(a_text_beyond_its_limit_is_refused),
        cmocka_unit_test(elements_nested_beyond_the_limit_are_refused),
        cmocka_unit_test(elements_beyond_the_limit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
