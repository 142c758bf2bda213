/* SPDX-License-Identifier: MIT */

/*
 * The command line: verbs, options, help, and what is said of a wrong one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/config.h"
#include "server/options.h"
#include "server/verbs.h"

enum { ARGUMENTS_LIMIT = 12 };

struct outcome {
    enum options_verdict verdict;
    struct options options;
    char *out;
    char *err;
};

static void outcome_free(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

/* Read "rollcall" and the words of `line`, which must outlive the outcome. */
static struct outcome parse(char *line)
{
    static char program[] = "rollcall";
    struct outcome outcome;
    char *argv[ARGUMENTS_LIMIT + 1] = {program};
    int argc = 1;
    size_t length = 0;
    FILE *out = open_memstream(&outcome.out, &length);
    FILE *err = open_memstream(&outcome.err, &length);
    char *place = NULL;

    for (char *word = strtok_r(line, " ", &place); word != NULL;
         word = strtok_r(NULL, " ", &place)) {
        assert_true(argc < ARGUMENTS_LIMIT);
        argv[argc++] = word;
    }
    outcome.verdict = options_parse(&outcome.options, argc, argv, out, err);
    fclose(out);
    fclose(err);
    return outcome;
}

static void each_verb_is_dispatched_to_its_function(void **state)
{
    static const struct {
        const char *name;
        enum exit_status (*run)(const struct options *options);
    } rows[] = {
        {"serve",   verb_serve  },
        {"check",   verb_check  },
        {"drain",   verb_drain  },
        {"maint",   verb_maint  },
        {"ready",   verb_ready  },
        {"weight",  verb_weight },
        {"status",  verb_status },
        {"refresh", verb_refresh},
        {"reload",  verb_reload }
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[16];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", rows[i].name);
        outcome = parse(line);
        assert_int_equal(outcome.verdict, OPTIONS_RUN);
        assert_string_equal(outcome.options.verb->name, rows[i].name);
        assert_ptr_equal(outcome.options.verb->run, rows[i].run);
        assert_string_equal(outcome.options.config_path, CONFIG_DEFAULT_PATH);
        assert_false(outcome.options.prints_config);
        outcome_free(&outcome);
    }
}

static void options_are_taken_in_every_form_and_place(void **state)
{
    static const char *const lines[] = {
        "check -c a.conf --print-config",     "check --print-config -c a.conf",
        "check -ca.conf --print-config",      "check --config a.conf --print-config",
        "check --config=a.conf --print-conf",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[64];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", lines[i]);
        outcome = parse(line);
        if (outcome.verdict != OPTIONS_RUN) {
            fail_msg("%s: %s", lines[i], outcome.err);
        }
        assert_string_equal(outcome.options.config_path, "a.conf");
        assert_true(outcome.options.prints_config);
        assert_false(outcome.options.prints_reference);
        outcome_free(&outcome);
    }
}

static void the_output_is_text_unless_json_is_asked_for(void **state)
{
    static const struct {
        const char *line;
        bool is_json;
        size_t argument_count;
    } rows[] = {
        {"status",               false, 0},
        {"status -o text",       false, 0},
        {"status -o json",       true,  0},
        {"status --output=json", true,  0},
        {"status web -o json",   true,  1},
        {"status -o json web",   true,  1},
        {"status -c a.conf web", false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[64];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", rows[i].line);
        outcome = parse(line);
        if (outcome.verdict != OPTIONS_RUN || outcome.options.is_json != rows[i].is_json ||
            outcome.options.argument_count != rows[i].argument_count) {
            fail_msg("%s: %s", rows[i].line, outcome.err);
        }
        outcome_free(&outcome);
    }
}

static void the_arguments_are_those_words_that_are_no_options(void **state)
{
    char line[] = "status -o json web -c a.conf";
    char *expected = strstr(line, "web");
    struct outcome outcome = parse(line);

    (void)state;
    assert_int_equal(outcome.verdict, OPTIONS_RUN);
    assert_int_equal(outcome.options.argument_count, 1);
    assert_ptr_equal(outcome.options.arguments[0], expected);
    assert_string_equal(outcome.options.config_path, "a.conf");
    outcome_free(&outcome);
}

static void a_wrong_command_line_is_told_on_the_error_stream(void **state)
{
    static const struct {
        const char *why;
        const char *line;
        const char *said;
    } rows[] = {
        {"nothing at all",                        "",                       "usage: rollcall VERB"                                 },
        {"no such verb",                          "sevre",                  "rollcall: no such verb: sevre\nTry: rollcall --help\n"},
        {"no such option before a verb",          "--verbose serve",        "no such option: --verbose"                            },
        {"no such option",                        "serve --nope",           "no such option, or a value"                           },
        {"an option of another verb",             "serve --print-config",   "no such option, or a value"                           },
        {"a value that is missing",               "serve -c",               "a value is missing after -c"                          },
        {"a long option without its value",       "serve --config",         "missing after --config"                               },
        {"a value for an option that takes none", "check --print-config=x", "a value that it does"                                 },
        {"an argument",                           "serve rollcall.conf",    "too many arguments, first: rollcall.conf"             },
        {"an argument too many",                  "status web api",         "too many arguments, first: api"                       },
        {"a format that there is not",            "status -o yaml",         "not text or json: yaml"                               },
        {"an option of another verb",             "refresh -o json",        "no such option, or a value"                           },
        {"the letter that is none, of a word",    "status -xo json",
         "not take: -x\nTry: rollcall help status\n"                                                                               },
        {"a letter within a word",                "status -ox",
         "not text or json: x\nTry: rollcall help status\n"                                                                        },
        {"help about nothing known",              "help me",                "no such verb: me"                                     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[64];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", rows[i].line);
        outcome = parse(line);
        if (outcome.verdict != OPTIONS_WRONG || strstr(outcome.err, rows[i].said) == NULL) {
            fail_msg("%s: verdict %d, said: %s", rows[i].why, outcome.verdict, outcome.err);
        }
        assert_string_equal(outcome.out, "");
        outcome_free(&outcome);
    }
}

static void help_names_every_verb_and_the_exit_codes(void **state)
{
    static const char *const lines[] = {"--help", "-h", "help"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[16];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", lines[i]);
        outcome = parse(line);
        assert_int_equal(outcome.verdict, OPTIONS_DONE);
        assert_non_null(strstr(outcome.out, "\n  serve "));
        assert_non_null(strstr(outcome.out, "\n  check "));
        assert_non_null(strstr(outcome.out, "Exit status: 0 done, 1 failed, 2 wrong usage"));
        assert_string_equal(outcome.err, "");
        outcome_free(&outcome);
    }
}

static void help_about_a_verb_shows_its_own_options_only(void **state)
{
    static const char *const lines[] = {"help serve", "serve --help", "serve -c x -h"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[16];
        struct outcome outcome;

        snprintf(line, sizeof(line), "%s", lines[i]);
        outcome = parse(line);
        assert_int_equal(outcome.verdict, OPTIONS_DONE);
        assert_non_null(strstr(outcome.out, "usage: rollcall serve [OPTION...]"));
        assert_non_null(strstr(outcome.out, "-c, --config FILE"));
        assert_null(strstr(outcome.out, "--print-config"));
        outcome_free(&outcome);
    }
}

static void help_about_a_verb_shows_its_arguments(void **state)
{
    char line[] = "status --help";
    struct outcome outcome = parse(line);

    (void)state;
    assert_int_equal(outcome.verdict, OPTIONS_DONE);
    assert_non_null(strstr(outcome.out, "usage: rollcall status [OPTION...] [CLUSTER]\n"));
    assert_non_null(strstr(outcome.out, "-o, --output FORMAT"));
    outcome_free(&outcome);
}

static void the_option_for_the_makers_is_taken_and_not_shown(void **state)
{
    char check[] = "check --print-reference";
    char help[] = "help check";
    struct outcome outcome = parse(check);

    (void)state;
    assert_int_equal(outcome.verdict, OPTIONS_RUN);
    assert_true(outcome.options.prints_reference);
    outcome_free(&outcome);
    outcome = parse(help);
    assert_non_null(strstr(outcome.out, "--print-config"));
    assert_null(strstr(outcome.out, "--print-reference"));
    outcome_free(&outcome);
}

static void orders_take_ids_and_their_options_in_any_order(void **state)
{
    char line[] = "drain i-1 --cluster web --for 2h i-2 --wait";
    struct outcome outcome = parse(line);
    const struct order_options *order = &outcome.options.order;

    (void)state;
    assert_int_equal(outcome.verdict, OPTIONS_RUN);
    assert_int_equal(outcome.options.argument_count, 2);
    assert_string_equal(outcome.options.arguments[0], "i-1");
    assert_string_equal(outcome.options.arguments[1], "i-2");
    assert_string_equal(order->cluster, "web");
    assert_string_equal(order->duration, "2h");
    assert_true(order->waits);
    assert_false(order->is_forced || order->is_dry_run);
    assert_null(order->percent);
    outcome_free(&outcome);
}

static void each_option_of_an_order_has_its_place(void **state)
{
    char first[] = "maint --az a --percent 7 --reason because --force --dry-run";
    char second[] = "weight 5 --wait-timeout 9s --resolve 3s -o json";
    struct outcome outcome = parse(first);

    (void)state;
    assert_string_equal(outcome.options.order.az, "a");
    assert_string_equal(outcome.options.order.percent, "7");
    assert_string_equal(outcome.options.order.reason, "because");
    assert_true(outcome.options.order.is_forced);
    assert_true(outcome.options.order.is_dry_run);
    outcome_free(&outcome);
    outcome = parse(second);
    assert_string_equal(outcome.options.order.wait_timeout, "9s");
    assert_string_equal(outcome.options.order.resolve, "3s");
    assert_true(outcome.options.is_json);
    outcome_free(&outcome);
}

static void the_version_is_one_line(void **state)
{
    char version[] = "--version";
    struct outcome outcome = parse(version);

    (void)state;
    assert_int_equal(outcome.verdict, OPTIONS_DONE);
    assert_memory_equal(outcome.out, "rollcall ", strlen("rollcall "));
    assert_ptr_equal(strchr(outcome.out, '\n'), outcome.out + strlen(outcome.out) - 1);
    outcome_free(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verb_is_dispatched_to_its_function),
        cmocka_unit_test(options_are_taken_in_every_form_and_place),
        cmocka_unit_test(the_output_is_text_unless_json_is_asked_for),
        cmocka_unit_test(the_arguments_are_those_words_that_are_no_options),
        cmocka_unit_test(a_wrong_command_line_is_told_on_the_error_stream),
        cmocka_unit_test(help_names_every_verb_and_the_exit_codes),
        cmocka_unit_test(help_about_a_verb_shows_its_own_options_only),
        cmocka_unit_test(help_about_a_verb_shows_its_arguments),
        cmocka_unit_test(the_option_for_the_makers_is_taken_and_not_shown),
        cmocka_unit_test(orders_take_ids_and_their_options_in_any_order),
        cmocka_unit_test(each_option_of_an_order_has_its_place),
        cmocka_unit_test(the_version_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
