/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_convergence.c - statuses one after the other, and what is known then.
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

#include "server/convergence.h"

static const struct convergence_target targets[] = {
    {"z", "web", "i-1"},
    {"z", "web", "i-2"},
};

/* i-1 and i-2 drained. */
static const struct convergence_goal goal = {.targets = targets,
                                             .target_count = 2,
                                             .wish = WISH_HELD,
                                             .kind = HOLD_DRAIN,
                                             .resolve_ms = 1000};

#define DRAINED "{\"kind\":\"drain\",\"active\":true}"
#define ENDED "{\"kind\":\"drain\",\"active\":false}"
#define MAINT "{\"kind\":\"maint\",\"active\":true}"

/* A status of cluster web of zone z: holds of the two targets, generation, load balancers. */
static const char *status_of(const char *one, const char *two, int generation,
                             const char *balancers)
{
    static char text[2048];

    snprintf(text, sizeof(text),
             "{\"zones\":[{\"origin\":\"other\",\"clusters\":[{\"name\":\"web\"}]},"
             "{\"origin\":\"z\",\"clusters\":[{\"name\":\"api\"},{\"name\":\"web\","
             "\"generation\":%d,\"members\":[{\"id\":\"i-1\",\"weight\":7,\"hold\":%s},"
             "{\"id\":\"i-2\",\"weight\":7,\"hold\":%s},{\"id\":\"i-3\",\"hold\":null}],"
             "\"load_balancers\":[%s]}]}]}",
             generation, one, two, balancers);
    return text;
}

/* "1:5" is port 1 with generation 5, first given 300 ms ago; a '-' in front: gone. */
static const char *balancers_of(const char *text)
{
    static char json[1024];
    size_t length = 0;
    char copy[128];
    char *place = NULL;

    json[0] = '\0';
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, " ", &place); word != NULL;
         word = strtok_r(NULL, " ", &place)) {
        int port = 0;
        int generation = 0;

        assert_int_equal(sscanf(word + (word[0] == '-'), "%d:%d", &port, &generation), 2);
        length += (size_t)snprintf(&json[length], sizeof(json) - length,
                                   "%s{\"address\":\"10.0.0.1\",\"port\":%d,\"generation\":%d,"
                                   "\"age_ms\":1,\"is_gone\":%s,\"first_ms_ago\":300}",
                                   length == 0 ? "" : ",", port, generation,
                                   word[0] == '-' ? "true" : "false");
    }
    return json;
}

struct step {
    const char *why;
    int64_t now_ms;
    const char *one;
    const char *two;
    int generation;
    const char *balancers;
    size_t unserved;
    size_t seen;
    size_t total;
};

static void steps_walk(const struct convergence_goal *wanted, const struct step *steps,
                       size_t count)
{
    struct convergence *convergence = convergence_new(wanted);

    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        struct convergence_state state;
        struct error error = {0};
        const char *text =
            status_of(step->one, step->two, step->generation, balancers_of(step->balancers));

        if (!convergence_update(convergence, text, strlen(text), step->now_ms, &state, &error)) {
            fail_msg("%s: %s", step->why, error.text);
        }
        if (state.unserved != step->unserved || state.seen != step->seen ||
            state.total != step->total) {
            fail_msg("%s: unserved %zu, seen %zu of %zu", step->why, state.unserved, state.seen,
                     state.total);
        }
        assert_int_equal(convergence_is_over(&state),
                         step->unserved == 0 && step->seen == step->total);
    }
    convergence_free(convergence);
}

#define WALK(wanted, ...)                                                                          \
    steps_walk(wanted, (const struct step[]){__VA_ARGS__},                                         \
               sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void seen_is_fetched_and_one_resolve_interval_more(void **state)
{
    (void)state;
    WALK(&goal, {"nothing yet", 10000, "null", "null", 4, "1:4 2:4", 2, 0, 2},
         {"one instance shows it", 10100, DRAINED, "null", 5, "1:5 2:4", 1, 0, 2},
         {"both do, one has it", 10200, DRAINED, DRAINED, 6, "1:6 2:5", 0, 0, 2},
         {"not yet applied", 10899, DRAINED, DRAINED, 6, "1:6 2:6", 0, 0, 2},
         {"first_ms_ago counts", 10900, DRAINED, DRAINED, 6, "1:6 2:6", 0, 1, 2},
         {"and of the other", 11599, DRAINED, DRAINED, 6, "1:6 2:6", 0, 2, 2});
}

static void further_changes_neither_raise_the_goal_nor_restart_the_wait(void **state)
{
    (void)state;
    WALK(&goal, {"served", 10000, DRAINED, DRAINED, 6, "1:6", 0, 0, 1},
         {"another table", 10500, DRAINED, DRAINED, 7, "1:7", 0, 0, 1},
         {"and another", 10701, DRAINED, DRAINED, 8, "1:8", 0, 1, 1},
         {"taken back by somebody", 10800, "null", DRAINED, 9, "1:9", 1, 1, 1});
}

static void who_comes_later_has_to_see_it_and_who_goes_does_not(void **state)
{
    (void)state;
    WALK(&goal, {"served", 10000, DRAINED, DRAINED, 6, "1:6 2:5", 0, 0, 2},
         {"2 has gone, 3 is new", 11000, DRAINED, DRAINED, 6, "1:6 -2:5 3:5", 0, 1, 2},
         {"2 is forgotten", 11100, DRAINED, DRAINED, 6, "1:6 3:6", 0, 1, 2},
         {"3 has it", 11800, DRAINED, DRAINED, 6, "1:6 3:6", 0, 2, 2});
}

static void after_a_restart_of_the_server_low_numbers_count(void **state)
{
    (void)state;
    WALK(&goal, {"served", 10000, DRAINED, DRAINED, 600, "1:599", 0, 0, 1},
         {"a new process", 10500, DRAINED, DRAINED, 1, "1:1", 0, 0, 1},
         {"as before", 11300, DRAINED, DRAINED, 1, "1:1", 0, 1, 1});
}

/* NXDOMAIN is noted for nobody: an old answer must not pass for the proof. */
static void a_cluster_without_an_answer_is_seen_by_nobody(void **state)
{
    (void)state;
    WALK(&goal, {"before the change", 1000, "null", "null", 4, "1:4", 2, 0, 1},
         {"both are out, none is left", 2000, DRAINED, DRAINED, 0, "1:4", 0, 0, 1},
         {"and a long time later", 9000, DRAINED, DRAINED, 0, "1:4", 0, 0, 1});
}

static void without_load_balancers_being_served_is_all(void **state)
{
    (void)state;
    WALK(&goal, {"not yet", 1, "null", DRAINED, 1, "", 1, 0, 0},
         {"now", 2, DRAINED, DRAINED, 2, "", 0, 0, 0});
}

static void one_that_was_replaced_meanwhile_is_not_waited_for(void **state)
{
    static const struct step steps[] = {
        {"not drained, as it is gone",   0, "null,\"state\":\"overlap\"", DRAINED, 3, "", 0, 0, 0},
        {"not drained, and still there", 0, "null,\"state\":\"served\"",  DRAINED, 3, "", 1, 0, 0},
    };

    (void)state;
    steps_walk(&goal, steps, 1);
    steps_walk(&goal, &steps[1], 1);
}

static void each_wish_looks_at_its_own_field(void **state)
{
    static const struct {
        const char *why;
        enum convergence_wish wish;
        enum hold_kind kind;
        uint16_t weight;
        const char *hold;
        size_t unserved;
    } rows[] = {
        {"held",                  WISH_HELD,   HOLD_DRAIN, 0, DRAINED, 0},
        {"held otherwise",        WISH_HELD,   HOLD_DRAIN, 0, MAINT,   2},
        {"maint",                 WISH_HELD,   HOLD_MAINT, 0, MAINT,   0},
        {"a hold that has ended", WISH_HELD,   HOLD_DRAIN, 0, ENDED,   2},
        {"ready",                 WISH_READY,  HOLD_NONE,  0, "null",  0},
        {"ready by expiry",       WISH_READY,  HOLD_NONE,  0, ENDED,   0},
        {"still held",            WISH_READY,  HOLD_NONE,  0, DRAINED, 2},
        {"weight",                WISH_WEIGHT, HOLD_NONE,  7, "null",  0},
        {"weight, held or not",   WISH_WEIGHT, HOLD_NONE,  7, DRAINED, 0},
        {"another weight",        WISH_WEIGHT, HOLD_NONE,  8, "null",  2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct convergence_goal wanted = {.targets = targets,
                                                .target_count = 2,
                                                .wish = rows[i].wish,
                                                .kind = rows[i].kind,
                                                .weight = rows[i].weight,
                                                .resolve_ms = 1000};

        WALK(&wanted, {rows[i].why, 1, rows[i].hold, rows[i].hold, 1, "", rows[i].unserved, 0, 0});
    }
}

static void the_missing_are_named(void **state)
{
    struct convergence *convergence = convergence_new(&goal);
    struct convergence_state known;
    struct arena arena;
    const char **missing = NULL;
    const char *text = status_of(DRAINED, DRAINED, 6, balancers_of("0:5 4242:6 5353:5 -9:5"));

    (void)state;
    arena_init(&arena);
    assert_true(convergence_update(convergence, text, strlen(text), 5000, &known, NULL));
    assert_true(convergence_update(convergence, text, strlen(text), 6000, &known, NULL));
    assert_int_equal(convergence_missing(convergence, &arena, &missing), 2);
    assert_string_equal(missing[0], "10.0.0.1");
    assert_string_equal(missing[1], "10.0.0.1 port 5353");
    arena_free(&arena);
    convergence_free(convergence);
}

static void assert_ends(const char *balancers, struct convergence_state expected, bool is_reached)
{
    struct convergence *convergence = convergence_new(&goal);
    struct convergence_state known;
    const char *text = status_of(DRAINED, DRAINED, 6, balancers_of(balancers));

    assert_true(convergence_update(convergence, text, strlen(text), 5000, &known, NULL));
    assert_true(convergence_update(convergence, text, strlen(text), 6000, &known, NULL));
    if (memcmp(&known, &expected, sizeof(known)) != 0) {
        fail_msg("%s: unserved %zu, seen %zu of %zu, gone %zu, left %zu", balancers, known.unserved,
                 known.seen, known.total, known.gone, known.left);
    }
    assert_true(convergence_is_over(&known));
    assert_int_equal(convergence_is_reached(&known), is_reached);
    convergence_free(convergence);
}

static void nobody_left_is_no_success_when_one_went_without_it(void **state)
{
    (void)state;
    assert_ends("", (struct convergence_state){0}, true);
    assert_ends("-1:5", (struct convergence_state){.gone = 1}, false);
    assert_ends("-1:5 -2:6", (struct convergence_state){.gone = 1, .left = 1}, false);
    assert_ends("-1:6", (struct convergence_state){.left = 1}, true);
    assert_ends("-1:5 2:6", (struct convergence_state){.seen = 1, .total = 1, .gone = 1}, true);
}

static void those_that_went_without_it_are_named(void **state)
{
    struct convergence *convergence = convergence_new(&goal);
    struct convergence_gone *gone = NULL;
    struct convergence_state known;
    struct arena arena;
    const char *text = status_of("null", DRAINED, 6, balancers_of("-9:5"));

    (void)state;
    arena_init(&arena);
    assert_true(convergence_update(convergence, text, strlen(text), 4000, &known, NULL));
    assert_int_equal(known.gone, 0); /* there is nothing to be without yet */
    text = status_of(DRAINED, DRAINED, 6,
                     "{\"address\":\"10.0.0.1\",\"port\":9,\"generation\":5,\"age_ms\":10900,"
                     "\"is_gone\":true},{\"address\":\"::1\",\"port\":53,\"generation\":5,"
                     "\"age_ms\":70000,\"is_gone\":true},{\"address\":\"::1\",\"port\":0,"
                     "\"generation\":5,\"age_ms\":11000,\"is_gone\":true},{\"address\":\"::2\","
                     "\"port\":0,\"generation\":6,\"age_ms\":11000,\"is_gone\":true}");
    assert_true(convergence_update(convergence, text, strlen(text), 5000, &known, NULL));
    assert_int_equal(convergence_gone(convergence, &arena, &gone), 3);
    assert_string_equal(gone[0].name, "10.0.0.1 port 9");
    assert_string_equal(gone[0].text, "10.0.0.1:9 (10 s ago)");
    assert_string_equal(gone[1].text, "[::1]:53 (70 s ago)");
    assert_string_equal(gone[2].name, "::1");
    assert_string_equal(gone[2].text, "::1 (11 s ago)");
    arena_free(&arena);
    convergence_free(convergence);
}

static void one_who_asks_for_two_clusters_counts_once_and_needs_both(void **state)
{
    static const struct convergence_target both[] = {
        {"z", "web", "i-1"},
        {"z", "api", "i-9"},
    };
    static const struct convergence_goal wanted = {
        .targets = both, .target_count = 2, .wish = WISH_READY, .resolve_ms = 100};
    static const char format[] = "{\"zones\":[{\"origin\":\"z\",\"clusters\":["
                                 "{\"name\":\"web\",\"generation\":3,\"members\":[],\"load_"
                                 "balancers\":[{\"address\":\"::1\","
                                 "\"port\":5,\"generation\":3,\"is_gone\":false}]},"
                                 "{\"name\":\"api\",\"generation\":3,\"members\":[],\"load_"
                                 "balancers\":[{\"address\":\"::1\","
                                 "\"port\":5,\"generation\":%d,\"is_gone\":false}]}]}]}";
    struct convergence *convergence = convergence_new(&wanted);
    struct convergence_state known;

    (void)state;
    for (int64_t now_ms = 1000; now_ms <= 1200; now_ms += 100) {
        char text[1024];

        snprintf(text, sizeof(text), format, now_ms > 1000 ? 3 : 2);
        assert_true(convergence_update(convergence, text, strlen(text), now_ms, &known, NULL));
        assert_int_equal(known.total, 1);
        assert_int_equal(known.seen, now_ms == 1200);
    }
    convergence_free(convergence);
}

static void what_is_no_status_is_told_and_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"zones\":3}",
        "{\"zones\":[3]}",
        "{\"zones\":[{\"origin\":\"z\"}]}",
        "{\"zones\":[{\"origin\":\"z\",\"clusters\":[{\"name\":\"web\"}]}]}",
        "{\"zones\":[{\"origin\":\"z\",\"clusters\":[{\"name\":\"web\",\"generation\":1,"
        "\"members\":[{\"id\":\"i-1\",\"hold\":{}}],\"load_balancers\":[]}]}]}",
        "{\"zones\":[{\"origin\":\"z\",\"clusters\":[{\"name\":\"web\",\"generation\":1,"
        "\"members\":[],\"load_balancers\":[{\"address\":\"::1\",\"port\":70000,"
        "\"generation\":1,\"is_gone\":false}]}]}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct convergence *convergence = convergence_new(&goal);
        struct convergence_state known;
        struct error error = {0};

        if (convergence_update(convergence, texts[i], strlen(texts[i]), 1, &known, &error)) {
            fail_msg("taken: %s", texts[i]);
        }
        assert_string_not_equal(error.text, "");
        convergence_free(convergence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_is_fetched_and_one_resolve_interval_more),
        cmocka_unit_test(further_changes_neither_raise_the_goal_nor_restart_the_wait),
        cmocka_unit_test(who_comes_later_has_to_see_it_and_who_goes_does_not),
        cmocka_unit_test(after_a_restart_of_the_server_low_numbers_count),
        cmocka_unit_test(a_cluster_without_an_answer_is_seen_by_nobody),
        cmocka_unit_test(without_load_balancers_being_served_is_all),
        cmocka_unit_test(one_that_was_replaced_meanwhile_is_not_waited_for),
        cmocka_unit_test(each_wish_looks_at_its_own_field),
        cmocka_unit_test(the_missing_are_named),
        cmocka_unit_test(nobody_left_is_no_success_when_one_went_without_it),
        cmocka_unit_test(those_that_went_without_it_are_named),
        cmocka_unit_test(one_who_asks_for_two_clusters_counts_once_and_needs_both),
        cmocka_unit_test(what_is_no_status_is_told_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
