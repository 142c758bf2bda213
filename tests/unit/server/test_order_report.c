/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_order_report.c - every outcome stands in the list, the table and the
 * sentence that it belongs to.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

#include "server/order_report.h"

enum { ENTRIES = 7 };

static const struct instance instance;
/* i-6 is in two sources. */
static const struct candidate candidates[ENTRIES] = {
    {.source = 0, .id = "i-1", .cluster = "web", .instance = &instance},
    {.source = 0, .id = "i-2", .cluster = "web", .instance = &instance},
    {.source = 0, .id = "i-3", .cluster = NULL,  .instance = &instance},
    {.source = 0, .id = "i-4", .cluster = NULL,  .instance = &instance},
    {.source = 0, .id = "i-5", .cluster = NULL,  .instance = &instance},
    {.source = 0, .id = "i-6", .cluster = NULL,  .instance = &instance},
    {.source = 1, .id = "i-6", .cluster = NULL,  .instance = &instance},
};

struct scene {
    struct options options;
    struct order order;
    struct plan_entry entries[ENTRIES];
    enum tag_outcome outcomes[ENTRIES];
    struct plan_effect effect;
    const char *not_found[1];
    const char *not_found_why[1];
    struct fleet_member member;
    char *text;
    size_t length;
    char *other;
    size_t other_length;
};

static const struct order_verb verb = {.name = "drain", .outcome = "drained"};

static int setup(void **state)
{
    static const enum tag_outcome outcomes[ENTRIES] = {TAG_WRITTEN,  TAG_WRITTEN, TAG_NOT_FOUND,
                                                       TAG_REFUSED,  TAG_UNKNOWN, TAG_NOT_TRIED,
                                                       TAG_NOT_TRIED};
    struct scene *scene = memory_new(sizeof(*scene));

    for (size_t i = 0; i < ENTRIES; i++) {
        scene->entries[i] = (struct plan_entry){
            .candidate = &candidates[i], .after = "drain by=me", .is_chosen = true};
        scene->outcomes[i] = outcomes[i];
    }
    scene->entries[1].is_chosen = false;
    scene->entries[1].before = "maint \033[2Jby=her";
    scene->effect = (struct plan_effect){"z", "web", 4, 3, 2};
    scene->not_found[0] = "i-404";
    scene->order.request.verb = &verb;
    scene->order.request.options = &scene->options;
    scene->order.request.wait_timeout_ms = 3000;
    scene->order.plan = (struct tag_plan){.entries = scene->entries,
                                          .count = ENTRIES,
                                          .chosen = ENTRIES - 1,
                                          .effects = &scene->effect,
                                          .effect_count = 1};
    scene->order.selection.not_found = scene->not_found;
    scene->order.selection.not_found_count = 1;
    scene->not_found_why[0] = "shutting-down";
    scene->order.selection.not_found_why = scene->not_found_why;
    scene->order.outcomes = scene->outcomes;
    scene->order.is_written = true;
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    free(scene->text);
    free(scene->other);
    free(scene);
    return 0;
}

static const char *json_of(struct scene *scene)
{
    FILE *out = NULL;

    free(scene->text);
    out = open_memstream(&scene->text, &scene->length);
    order_report_json(&scene->order, out);
    fclose(out);
    for (char *read = scene->text, *write = scene->text;; read++) {
        if (*read != ' ' && *read != '\n') {
            *write++ = *read;
        }
        if (*read == '\0') {
            break;
        }
    }
    return scene->text;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no %s in %s", part, text);
    }
}

static void each_id_is_in_the_list_of_its_outcome(void **state)
{
    struct scene *scene = *state;
    const char *json = json_of(scene);

    assert_has(json, "\"changed\":[\"i-1\"]");
    assert_has(json, "\"unchanged\":[\"i-2\"]");
    assert_has(json, "\"not_found\":[\"i-3\",\"i-404\"]");
    assert_has(json, "\"refused\":[\"i-4\",\"i-6\"]");
    assert_has(json, "\"unknown\":[\"i-5\"]");
    assert_has(json, "\"error\":null,\"wait\":null}");
    assert_has(json, "{\"name\":\"web\",\"zone\":\"z\",\"members\":4,\"in_service_before\":3,"
                     "\"in_service_after\":2}");
}

static void a_dry_run_lists_what_would_change(void **state)
{
    struct scene *scene = *state;

    scene->options.order.is_dry_run = true;
    scene->order.is_written = false;
    assert_has(json_of(scene), "\"changed\":[\"i-1\",\"i-3\",\"i-4\",\"i-5\",\"i-6\"]");
    assert_has(scene->text, "\"dry_run\":true");
}

static void an_order_that_was_refused_changed_nothing(void **state)
{
    struct scene *scene = *state;

    scene->order.is_written = false;
    error_set(&scene->order.error, "below the floor");
    assert_has(json_of(scene), "\"changed\":[]");
    assert_has(scene->text, "\"error\":\"belowthefloor\"");
}

static void the_table_shows_before_and_after_and_no_escape(void **state)
{
    struct scene *scene = *state;
    FILE *out = open_memstream(&scene->text, &scene->length);

    order_report_table(&scene->order, out);
    fclose(out);
    assert_has(scene->text, "none -> drain by=me");
    assert_has(scene->text, "maint ?[2Jby=her");
    assert_null(strchr(scene->text, '\033'));
    assert_has(scene->text, "not tried");
    assert_has(scene->text, "i-404");
    assert_has(scene->text, "shutting-down");
}

static void counts_are_of_entries_and_missed_ids(void **state)
{
    struct scene *scene = *state;
    const struct order_counts counts = order_count(&scene->order);

    assert_int_equal(counts.changed, 1);
    assert_int_equal(counts.unchanged, 1);
    assert_int_equal(counts.not_found, 2);
    assert_int_equal(counts.refused, 3);
    assert_int_equal(counts.unknown, 1);
}

static void the_end_of_waiting_is_one_sentence(void **state)
{
    static struct convergence_gone gone[] = {
        {.name = "10.0.0.8 port 53", .text = "10.0.0.8:53 (10 s ago)"},
        {.name = "10.0.0.9",         .text = "10.0.0.9 (99 s ago)"   },
    };
    static const char *missing[] = {"10.0.0.1 port 53", "10.0.0.2"};
    static const struct {
        bool is_reached;
        struct convergence_state known;
        size_t missing_count;
        const char *why; /* the server does not tell */
        const char *out;
        const char *err;
    } rows[] = {
        {true,  {0, 6, 6, 0, 0}, 0, "",     "drained: seen by 6 of 6 load balancers\n",      ""                                                                },
        {true,  {0, 0, 0, 0, 0}, 0, "",     "no load balancer asked within the last 120 s",  ""                                                                },
        {true,  {0, 0, 0, 0, 1}, 0, "",     "drained: got by 1 load balancer, gone since\n", ""                                                                },
        {true,
         {0, 2, 2, 2, 0},
         0,                         "",
         "drained: seen by 2 of 2 load balancers\n2 stopped asking without having got it: "
         "10.0.0.8:53 (10 s ago), 10.0.0.9 (99 s ago)\n",                                    ""                                                                },
        {false,
         {0, 0, 0, 2, 0},
         0,                         "",
         "",                                                                                 "no load balancer is left that has got it\n2 stopped asking without having got it: "
         "10.0.0.8:53 (10 s ago), 10.0.0.9 (99 s ago)\n"                                                                                           },
        {false,
         {0, 4, 6, 0, 0},
         2,                         "",
         "",                                                                                 "4 of 6 load balancers, not by:\n  10.0.0.1 port 53\n  10.0.0.2\n"},
        {false, {1, 0, 6, 0, 0}, 0, "",     "",                                              "1 instance is not drained"                                       },
        {false, {3, 0, 6, 0, 0}, 0, "",     "",                                              "3 instances are not drained"                                     },
        {false, {0, 0, 0, 0, 0}, 0, "gone", "",                                              "the server does not tell: gone"                                  },
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        FILE *out = NULL;
        FILE *err = NULL;

        free(scene->text);
        free(scene->other);
        out = open_memstream(&scene->text, &scene->length);
        err = open_memstream(&scene->other, &scene->other_length);
        scene->order.wait = (struct order_wait_result){.is_reached = rows[i].is_reached,
                                                       .state = rows[i].known,
                                                       .missing = missing,
                                                       .missing_count = rows[i].missing_count,
                                                       .gone = gone,
                                                       .gone_count = rows[i].known.gone};
        error_set(&scene->order.wait.error, "%s", rows[i].why);
        order_report_wait(&scene->order, out, err);
        fclose(out);
        fclose(err);
        assert_has(scene->text, rows[i].out);
        assert_has(scene->other, rows[i].err);
        assert_int_equal(scene->length == 0, rows[i].out[0] == '\0');
        assert_int_equal(scene->other_length == 0, rows[i].err[0] == '\0');
    }
}

static void those_that_went_are_listed_for_programs(void **state)
{
    static struct convergence_gone gone[] = {
        {.name = "10.0.0.8", .text = ""}
    };
    struct scene *scene = *state;

    scene->order.has_waited = true;
    scene->order.wait = (struct order_wait_result){.gone = gone, .gone_count = 1};
    assert_has(json_of(scene), "\"missing\":[],\"gone\":[\"10.0.0.8\"]}");
}

static void holds_of_the_other_kind_that_count_are_told_of(void **state)
{
    static const struct order_verb drain = {
        .name = "drain", .kind = CHANGE_HOLD, .hold = HOLD_DRAIN};
    struct scene *scene = *state;
    struct candidate held = candidates[1];
    static const struct {
        enum hold_kind hold;
        unsigned percent;
        const char *said;
    } rows[] = {
        {HOLD_MAINT, 50,
         "1 held by maint already counts towards the 50 percent; drain them by id\n"},
        {HOLD_DRAIN, 50,  ""                                                        },
        {HOLD_MAINT, 100, ""                                                        },
    };

    held.member = &scene->member;
    scene->entries[1].candidate = &held;
    scene->entries[1].is_done = true;
    scene->order.request.verb = &drain;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        FILE *out = NULL;

        free(scene->text);
        out = open_memstream(&scene->text, &scene->length);
        scene->member.hold = rows[i].hold;
        scene->order.request.percent = rows[i].percent;
        order_report_others(&scene->order, out);
        fclose(out);
        assert_string_equal(scene->text, rows[i].said);
    }
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(each_id_is_in_the_list_of_its_outcome),
        SCENE_TEST(a_dry_run_lists_what_would_change),
        SCENE_TEST(an_order_that_was_refused_changed_nothing),
        SCENE_TEST(the_table_shows_before_and_after_and_no_escape),
        SCENE_TEST(counts_are_of_entries_and_missed_ids),
        SCENE_TEST(the_end_of_waiting_is_one_sentence),
        SCENE_TEST(those_that_went_are_listed_for_programs),
        SCENE_TEST(holds_of_the_other_kind_that_count_are_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
