/* SPDX-License-Identifier: MIT */

/*
 * The exposition of a hand-made picture: two zones, clusters in every state, two sources.
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

#include "server/metrics.h"

static const struct view_entry present = {.is_frozen = false};
static const struct view_entry frozen = {.is_frozen = true};

static const struct fleet_member members[] = {
    {.entry = &present, .standing = STANDING_SERVED,     .weight = 65535},
    {.entry = &frozen,  .standing = STANDING_SERVED,     .weight = 1    },
    {.entry = &frozen,  .standing = STANDING_SERVED,     .weight = 0    },
    {.entry = &present, .standing = STANDING_MAINT,      .weight = 100  },
    {.entry = &present, .standing = STANDING_NAME_TAKEN, .weight = 100  },
    {.entry = &present, .standing = STANDING_OVERLAP,    .weight = 0    },
};

static const struct seen_client load_balancers[] = {
    {.port = 1, .generation = 7, .is_gone = false},
    {.port = 2, .generation = 7, .is_gone = false},
    {.port = 3, .generation = 6, .is_gone = false},
    {.port = 4, .generation = 0, .is_gone = false},
    {.port = 5, .generation = 7, .is_gone = true },
    {.port = 6, .generation = 8, .is_gone = false},
};

static const struct served_cluster clusters[] = {
    {.name = "web",
     .generation = 7,
     .answer_octets = 512,
     .members = members,
     .member_count = 6,
     .load_balancers = load_balancers,
     .load_balancer_count = 6},
    {.name = "all-maint",
     .generation = 0,
     .answer_octets = 0,
     .members = &members[3],
     .member_count = 1,
     .load_balancers = load_balancers,
     .load_balancer_count = 1},
};

static const struct served_zone zones[] = {
    {.origin = "a.example",
     .state = ZONE_PARTIAL,
     .serial = 4294967295,
     .clusters = clusters,
     .cluster_count = 2},
    {.origin = "b.example",
     .state = ZONE_COMPLETE,
     .serial = 5,
     .clusters = NULL,
     .cluster_count = 0},
};

static const struct site_source pasts[] = {
    {.look_count = 12,
     .failure_count = 3,
     .looked_ms = 10000,
     .has_queue = true,
     .queue_message_count = 7,
     .queue_failure_count = 1},
    {.look_count = 0, .failure_count = 9, .looked_ms = 0, .queue_message_count = 5},
};

static const struct aws_usage usage[] = {
    {.action = "DescribeInstances",       .calls = 120, .throttles = 3, .failures = 1},
    {.action = "CompleteLifecycleAction", .calls = 2,   .throttles = 0, .failures = 0},
};

static struct view_entry *entries[] = {
    &(struct view_entry){.reason = REASON_MEMBER},
    &(struct view_entry){.reason = REASON_BAD_WEIGHT},
    &(struct view_entry){.reason = REASON_STATE_UNKNOWN},
};
static struct view_outsider outsiders[] = {
    {.reason = REASON_STATE_UNKNOWN},
    {.reason = REASON_STATE_GONE},
    {.reason = REASON_BAD_ADDRESS},
};
static const struct view view = {
    .entries = entries, .count = 3, .outsiders = outsiders, .outsider_count = 3};

static const struct served_source sources[] = {
    {.name = "ec2 main", .past = &pasts[0], .view = &view, .usage = usage, .usage_count = 2},
    {.name = "file b",    .past = &pasts[1]    },
};

static const struct served picture = {.now_ms = 12045,
                                      .zones = zones,
                                      .zone_count = 2,
                                      .sources = sources,
                                      .source_count = 2,
                                      .seen_lost_count = 4};

static char *text_of(const struct served *served)
{
    static struct counters first;
    static struct counters second;
    static const struct counters *const workers[] = {&first, &second};

    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    counters_add(&first, COUNTER_QUERIES_UDP, 5);
    counters_add(&second, COUNTER_QUERIES_UDP, (uint64_t)1 << 40);
    counters_add(&second, COUNTER_TRUNCATED, 2);
    counters_add(&first, COUNTER_TCP_BAD_LENGTH, 1);
    return metrics_to_text(served, workers, 2);
}

/* `line` stands in `text` as a whole line. */
static void assert_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == text || at[-1] == '\n') && at[length] == '\n') {
            return;
        }
    }
    fail_msg("not there: %s\nin: %s", line, text);
}

static void assert_lines(const struct served *served, const char *const *lines, size_t count)
{
    char *text = text_of(served);

    for (size_t i = 0; i < count; i++) {
        assert_line(text, lines[i]);
    }
    free(text);
}

#define ASSERT_LINES(lines) assert_lines(&picture, lines, sizeof(lines) / sizeof((lines)[0]))

static void counters_are_summed_over_the_workers(void **state)
{
    static const char *const lines[] = {
        "# TYPE rollcall_queries_total counter",
        "rollcall_queries_total{transport=\"udp\"} 1099511627781",
        "rollcall_queries_total{transport=\"tcp\"} 0",
        "rollcall_answers_total{rcode=\"NXDOMAIN\"} 0",
        "rollcall_answers_truncated_total 2",
        "rollcall_drops_total{reason=\"source-port\"} 0",
        "rollcall_tcp_connections_total{fate=\"bad-length\"} 1",
        "rollcall_seen_lost_total 4",
    };

    (void)state;
    ASSERT_LINES(lines);
}

static void a_zone_is_in_one_state_and_not_in_the_others(void **state)
{
    static const char *const lines[] = {
        "rollcall_zone_serial{zone=\"a.example\"} 4294967295",
        "rollcall_zone_serial{zone=\"b.example\"} 5",
        "rollcall_zone_state{zone=\"a.example\",state=\"loading\"} 0",
        "rollcall_zone_state{zone=\"a.example\",state=\"partial\"} 1",
        "rollcall_zone_state{zone=\"a.example\",state=\"complete\"} 0",
        "rollcall_zone_state{zone=\"b.example\",state=\"complete\"} 1",
    };

    (void)state;
    ASSERT_LINES(lines);
}

static void members_are_counted_by_how_they_are_served(void **state)
{
    static const char *const lines[] = {
        "# TYPE rollcall_cluster_members gauge",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"web\",state=\"served\"} 2",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"web\",state=\"drained\"} 1",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"web\",state=\"maint\"} 1",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"web\",state=\"overlap\"} 1",
        "rollcall_cluster_frozen_members{zone=\"a.example\",cluster=\"web\"} 2",
        "rollcall_cluster_frozen_members{zone=\"a.example\",cluster=\"all-maint\"} 0",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"all-maint\",state=\"served\"} 0",
        "rollcall_cluster_members{zone=\"a.example\",cluster=\"all-maint\",state=\"maint\"} 1",
        "rollcall_cluster_answer_octets{zone=\"a.example\",cluster=\"web\"} 512",
        "rollcall_cluster_answer_octets{zone=\"a.example\",cluster=\"all-maint\"} 0",
    };

    (void)state;
    ASSERT_LINES(lines);
}

static void load_balancers_are_counted_by_what_they_have_got(void **state)
{
    static const char *const lines[] = {
        "rollcall_cluster_generation{zone=\"a.example\",cluster=\"web\"} 7",
        "rollcall_cluster_load_balancers{zone=\"a.example\",cluster=\"web\",seen=\"newest\"} 3",
        "rollcall_cluster_load_balancers{zone=\"a.example\",cluster=\"web\",seen=\"older\"} 2",
        "rollcall_cluster_load_balancers{zone=\"a.example\",cluster=\"web\",seen=\"gone\"} 1",
    };

    (void)state;
    ASSERT_LINES(lines);
}

static void nobody_is_known_to_have_got_an_answer_that_is_not_there(void **state)
{
    static const char *const lines[] = {
        "rollcall_cluster_generation{zone=\"a.example\",cluster=\"all-maint\"} 0",
        "rollcall_cluster_load_balancers{zone=\"a.example\",cluster=\"all-maint\",seen=\"newest\"} "
        "0",
        "rollcall_cluster_load_balancers{zone=\"a.example\",cluster=\"all-maint\",seen=\"older\"} "
        "1",
    };

    (void)state;
    ASSERT_LINES(lines);
}

static void a_source_has_an_age_once_it_has_delivered(void **state)
{
    static const char *const lines[] = {
        "rollcall_source_looks_total{source=\"ec2 main\"} 12",
        "rollcall_source_looks_total{source=\"file b\"} 0",
        "rollcall_source_failures_total{source=\"ec2 main\"} 3",
        "rollcall_source_failures_total{source=\"file b\"} 9",
        "rollcall_source_age_seconds{source=\"ec2 main\"} 2.045",
        "rollcall_queue_messages_total{source=\"ec2 main\"} 7",
        "rollcall_queue_failures_total{source=\"ec2 main\"} 1",
    };
    char *text = text_of(&picture);

    (void)state;
    ASSERT_LINES(lines);
    assert_null(strstr(text, "rollcall_source_age_seconds{source=\"file b\"}"));
    assert_null(strstr(text, "rollcall_queue_messages_total{source=\"file b\"}")); /* it has none */
    free(text);
}

static void calls_to_aws_are_counted_by_source_and_action(void **state)
{
    static const char *const lines[] = {
        "# TYPE rollcall_aws_calls_total counter",
        "rollcall_aws_calls_total{source=\"ec2 main\",action=\"DescribeInstances\"} 120",
        "rollcall_aws_calls_total{source=\"ec2 main\",action=\"CompleteLifecycleAction\"} 2",
        "rollcall_aws_throttles_total{source=\"ec2 main\",action=\"DescribeInstances\"} 3",
        "rollcall_aws_failures_total{source=\"ec2 main\",action=\"DescribeInstances\"} 1",
    };
    char *text = text_of(&picture);

    (void)state;
    ASSERT_LINES(lines);
    assert_null(strstr(text, "rollcall_aws_calls_total{source=\"file b\""));
    free(text);
}

/* Promise P10: what is unknown is ignored, and counted. */
static void instances_with_problems_are_counted_by_reason(void **state)
{
    static const char *const lines[] = {
        "rollcall_source_problem_instances{source=\"ec2 main\",reason=\"state-unknown\"} 2",
        "rollcall_source_problem_instances{source=\"ec2 main\",reason=\"bad-weight\"} 1",
        "rollcall_source_problem_instances{source=\"ec2 main\",reason=\"bad-address\"} 1",
        "rollcall_source_problem_instances{source=\"ec2 main\",reason=\"bad-port\"} 0",
        "rollcall_source_problem_instances{source=\"file b\",reason=\"bad-weight\"} 0",
    };
    char *text = text_of(&picture);

    (void)state;
    ASSERT_LINES(lines);
    assert_null(strstr(text, "state-gone"));
    free(text);
}

static void label_values_are_escaped(void **state)
{
    static const struct {
        const char *why;
        const char *name;
        const char *line;
    } rows[] = {
        {"plain",             "file a",            "{source=\"file a\"} 12"               },
        {"nothing",           "",                  "{source=\"\"} 12"                     },
        {"a quote",           "file \"a\"",        "{source=\"file \\\"a\\\"\"} 12"       },
        {"a backslash",       "a\\nb\\",           "{source=\"a\\\\nb\\\\\"} 12"          },
        {"a line break",      "a\nb",              "{source=\"a\\nb\"} 12"                },
        {"a carriage return", "a\rb",              "{source=\"a?b\"} 12"                  },
        {"an injected line",  "a\"} 1\nevil 1\n#", "{source=\"a\\\"} 1\\nevil 1\\n#\"} 12"},
        {"UTF-8",             "k\xc3\xb6ln",       "{source=\"k\xc3\xb6ln\"} 12"          },
        {"not UTF-8",         "k\xf6ln \xc3",      "{source=\"k?ln ?\"} 12"               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct served_source source = {.name = rows[i].name, .past = &pasts[0]};
        const struct served served = {.sources = &source, .source_count = 1};
        char *text = text_of(&served);
        char line[128];

        (void)snprintf(line, sizeof(line), "rollcall_source_looks_total%s", rows[i].line);
        assert_line(text, line);
        free(text);
    }
}

static void nothing_served_still_makes_a_whole_exposition(void **state)
{
    static const char *const lines[] = {
        "# TYPE rollcall_cluster_members gauge",
        "# TYPE rollcall_zone_serial gauge",
        "rollcall_queries_total{transport=\"udp\"} 0",
        "rollcall_seen_lost_total 0",
    };
    const struct served nothing = {.zone_count = 0};
    char *text = metrics_to_text(&nothing, NULL, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_line(text, lines[i]);
    }
    assert_null(strstr(text, "rollcall_cluster_members{"));
    free(text);
}

/* The metric that a sample line is of: "NAME{" or "NAME ". */
static void metric_of(const char *line, char *metric, size_t size)
{
    (void)snprintf(metric, size, "%.*s", (int)strcspn(line, "{ "), line);
}

/* HELP, TYPE, samples; every metric once, with its type fitting its name. */
static void every_metric_is_announced_once_before_its_samples(void **state)
{
    char *text = text_of(&picture);
    char seen[4096] = " ";
    char current[128] = "";
    char *rest = text;
    char *line = NULL;

    (void)state;
    assert_int_equal(text[strlen(text) - 1], '\n');
    while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
        char metric[128];
        char word[160];

        if (strncmp(line, "# HELP ", 7) == 0) {
            const char *suffix = NULL;

            metric_of(line + 7, current, sizeof(current));
            (void)snprintf(word, sizeof(word), " %s ", current);
            assert_null(strstr(seen, word));
            (void)strncat(seen, word + 1, sizeof(seen) - strlen(seen) - 1);
            assert_null(strstr(line, "Counted by the workers.")); /* it needs words of its own */
            line = strsep(&rest, "\n");
            suffix = strlen(current) > 6 ? current + strlen(current) - 6 : "";
            (void)snprintf(word, sizeof(word), "# TYPE %s %s", current,
                           strcmp(suffix, "_total") == 0 ? "counter" : "gauge");
            assert_string_equal(line, word);
        } else {
            metric_of(line, metric, sizeof(metric));
            assert_string_equal(metric, current);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_summed_over_the_workers),
        cmocka_unit_test(a_zone_is_in_one_state_and_not_in_the_others),
        cmocka_unit_test(members_are_counted_by_how_they_are_served),
        cmocka_unit_test(load_balancers_are_counted_by_what_they_have_got),
        cmocka_unit_test(nobody_is_known_to_have_got_an_answer_that_is_not_there),
        cmocka_unit_test(a_source_has_an_age_once_it_has_delivered),
        cmocka_unit_test(calls_to_aws_are_counted_by_source_and_action),
        cmocka_unit_test(instances_with_problems_are_counted_by_reason),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(nothing_served_still_makes_a_whole_exposition),
        cmocka_unit_test(every_metric_is_announced_once_before_its_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
