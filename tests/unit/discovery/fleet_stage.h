/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/fleet_stage.h - a small fleet to play with, for the tests of the fleet.
 */

#ifndef TESTS_UNIT_DISCOVERY_FLEET_STAGE_H
#define TESTS_UNIT_DISCOVERY_FLEET_STAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/fleet.h"
#include "tests/unit/discovery/fixture.h"

/* A fleet of one zone and two sources with some settings, and what came out of it last. */
struct stage {
    struct fleet_zone zone;
    struct cluster_rule rules[2];
    struct fleet_source sources[2];
    struct fleet_settings settings;
    struct fleet *fleet;
    struct arena arena;
    struct fleet_moment now; /* holds end by it */
    const struct cluster *clusters;
    size_t count;
    size_t complaints;
    struct error complaint; /* the last */
};

static const char *const rename_rules[] = {"^prod-(.*)$ -> \\1"};

static inline int stage_setup(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    stage->zone = (struct fleet_zone){
        .origin = "sd.example.com",
        .rename = rename_rules,
        .rename_count = 1,
        .clusters = stage->rules,
        .cluster_count = 2,
    };
    stage->rules[0] = (struct cluster_rule){.name = "web", .port = 8443};
    stage->rules[1] = (struct cluster_rule){.name = "both", .merge = true};
    stage->sources[0] = (struct fleet_source){.name = "ec2 main", .rules = *fixture_rules()};
    stage->sources[1] = (struct fleet_source){.name = "file on-prem", .rules = *fixture_rules()};
    stage->sources[1].rules.port = 5432;
    stage->settings = (struct fleet_settings){&stage->zone, 1, stage->sources, 2};
    assert_true(fleet_new(&stage->fleet, &stage->settings, NULL));
    arena_init(&stage->arena);
    *state = stage;
    return 0;
}

static inline int stage_teardown(void **state)
{
    struct stage *stage = *state;

    fleet_free(stage->fleet);
    arena_free(&stage->arena);
    free(stage);
    return 0;
}

static inline void stage_poll(struct stage *stage, size_t source, const struct instance *instances,
                              size_t count)
{
    struct inventory *poll = fixture_poll(instances, count);

    fleet_apply(stage->fleet, source, poll, 1, NULL, NULL);
    inventory_free(poll);
}

static inline void stage_hear(void *owner, const char *origin, const struct error *error)
{
    struct stage *stage = owner;

    assert_string_equal(origin, "sd.example.com");
    stage->complaints++;
    stage->complaint = *error;
}

static inline void stage_assemble(struct stage *stage)
{
    const struct fleet_listener listener = {stage_hear, stage};

    arena_free(&stage->arena);
    stage->complaints = 0;
    stage->complaint.text[0] = '\0';
    stage->count =
        fleet_clusters(stage->fleet, 0, &stage->now, &stage->arena, &stage->clusters, &listener);
}

/* "api:i-1,i-2 web:i-3": names and ids as they came out. */
static inline void assert_served(struct stage *stage, const char *expected)
{
    char text[512] = "";
    size_t length = 0;

    stage_assemble(stage);
    for (size_t i = 0; i < stage->count; i++) {
        length += (size_t)snprintf(&text[length], sizeof(text) - length, "%s%s:", i == 0 ? "" : " ",
                                   stage->clusters[i].name);
        for (size_t j = 0; j < stage->clusters[i].member_count; j++) {
            length += (size_t)snprintf(&text[length], sizeof(text) - length, "%s%s",
                                       j == 0 ? "" : ",", stage->clusters[i].members[j].id);
        }
    }
    assert_string_equal(text, expected);
}

#define STAGE_TEST(test) cmocka_unit_test_setup_teardown(test, stage_setup, stage_teardown)

#endif
