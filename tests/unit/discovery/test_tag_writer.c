/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_tag_writer.c - spans, halves, attempts and outcomes of the tag writer.
 *
 * The functions of discovery/aws/call.h are played here: a small EC2 that knows which ids are bad
 * and fails in an order that the test gives. So is discovery/backoff.h, so that nothing waits.
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

#include "discovery/aws/failure.h"
#include "discovery/backoff.h"
#include "discovery/tag_writer.h"

enum { IDS_MAX = 2500, SCRIPT_MAX = 32 };

struct aws_call {
    aws_done done;
    void *owner;
};

/* ---- EC2, as the test plays it ---- */

/* How the calls fail, one after the other; NULL code: it goes as the ids say. */
struct scripted {
    enum aws_failure_kind kind;
    const char *code;
};

static struct {
    struct scripted script[SCRIPT_MAX];
    bool is_bad[IDS_MAX];
    bool is_written[IDS_MAX];
    size_t calls;
    size_t cancelled;
    size_t largest; /* ids in one call */
    size_t waits;
    unsigned last_failures;
    struct aws_call *open;
    size_t asked[IDS_MAX]; /* of the open call */
    size_t asked_count;
    char action[32];
} ec2;

int64_t backoff_next_ms(const struct backoff *backoff, int64_t started_ms, int64_t now_ms,
                        unsigned failures, uint32_t random)
{
    (void)started_ms;
    (void)random;
    assert_true(backoff->interval_ms >= 1000);
    ec2.waits++;
    ec2.last_failures = failures;
    return now_ms;
}

struct aws_call *aws_call_start(struct aws_client *client, enum aws_service service,
                                const struct aws_parameter *parameters, size_t parameter_count,
                                aws_done done, void *owner)
{
    struct aws_call *call = memory_new(sizeof(*call));

    (void)client;
    assert_int_equal(service, AWS_EC2);
    assert_null(ec2.open);
    *call = (struct aws_call){done, owner};
    ec2.open = call;
    ec2.calls++;
    ec2.asked_count = 0;
    snprintf(ec2.action, sizeof(ec2.action), "%s", parameters[0].value);
    for (size_t i = 0; i < parameter_count; i++) {
        if (strncmp(parameters[i].name, "ResourceId.", strlen("ResourceId.")) == 0) {
            ec2.asked[ec2.asked_count++] = strtoul(parameters[i].value + 2, NULL, 10);
        }
    }
    ec2.largest = ec2.asked_count > ec2.largest ? ec2.asked_count : ec2.largest;
    return call;
}

void aws_call_cancel(struct aws_call *call)
{
    assert_ptr_equal(call, ec2.open);
    ec2.open = NULL;
    ec2.cancelled++;
    free(call);
}

static bool asked_are_good(void)
{
    for (size_t i = 0; i < ec2.asked_count; i++) {
        if (ec2.is_bad[ec2.asked[i]]) {
            return false;
        }
    }
    return true;
}

static void call_answer(void)
{
    struct aws_call *call = ec2.open;
    const struct scripted *scripted = &ec2.script[(ec2.calls - 1) % SCRIPT_MAX];
    struct aws_failure failure = {.kind = AWS_OTHER};
    struct aws_result result = {.body = ""};

    if (scripted->code != NULL) {
        failure.kind = scripted->kind;
        snprintf(failure.code, sizeof(failure.code), "%s", scripted->code);
        result.failure = &failure;
    } else if (!asked_are_good()) {
        snprintf(failure.code, sizeof(failure.code), "InvalidInstanceID.NotFound");
        result.failure = &failure;
    } else {
        for (size_t i = 0; i < ec2.asked_count; i++) {
            ec2.is_written[ec2.asked[i]] = true;
        }
    }
    error_set(&failure.error, "ec2: call %zu: %s", ec2.calls, failure.code);
    ec2.open = NULL;
    call->done(call->owner, &result);
    free(call);
}

/* ---- the writing ---- */

struct fixture {
    uv_loop_t loop;
    char names[IDS_MAX][16];
    const char *ids[IDS_MAX];
    enum tag_outcome outcomes[IDS_MAX];
    size_t count;
    size_t ends;
    struct error error;
};

static void on_done(void *owner, const enum tag_outcome *outcomes, const struct error *error)
{
    struct fixture *fixture = owner;

    memcpy(fixture->outcomes, outcomes, fixture->count * sizeof(*outcomes));
    fixture->error = *error;
    fixture->ends++;
}

static int setup(void **state)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));

    uv_loop_init(&fixture->loop);
    memset(&ec2, 0, sizeof(ec2));
    for (size_t i = 0; i < IDS_MAX; i++) {
        snprintf(fixture->names[i], sizeof(fixture->names[i]), "i-%zu", i);
        fixture->ids[i] = fixture->names[i];
    }
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    assert_null(ec2.open);
    free(fixture);
    return 0;
}

static struct tag_writer *writer_start(struct fixture *fixture, size_t count, const char *value)
{
    const struct tag tag = {"srv_hold", value};
    const struct tag_order order = {fixture->ids, count, &tag, 1};

    fixture->count = count;
    return tag_writer_start(&fixture->loop, NULL, &order, on_done, fixture);
}

static void write_all(struct fixture *fixture, size_t count)
{
    (void)writer_start(fixture, count, "drain");
    assert_int_equal(fixture->ends, 0);
    while (uv_run(&fixture->loop, UV_RUN_NOWAIT) != 0 || ec2.open != NULL) {
        if (ec2.open != NULL) {
            call_answer();
        }
    }
    assert_int_equal(fixture->ends, 1);
}

static size_t outcome_count(const struct fixture *fixture, enum tag_outcome outcome)
{
    size_t count = 0;

    for (size_t i = 0; i < fixture->count; i++) {
        count += fixture->outcomes[i] == outcome;
    }
    return count;
}

static void many_ids_go_in_few_calls(void **state)
{
    static const struct {
        size_t ids;
        size_t calls;
    } rows[] = {
        {0,    0},
        {1,    1},
        {300,  1},
        {1000, 1},
        {1001, 2},
        {2500, 3},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *fixture = *state;

        memset(&ec2, 0, sizeof(ec2));
        fixture->ends = 0;
        write_all(fixture, rows[i].ids);
        assert_int_equal(ec2.calls, rows[i].calls);
        assert_true(ec2.largest <= TAG_WRITE_MAX);
        assert_int_equal(outcome_count(fixture, TAG_WRITTEN), rows[i].ids);
        assert_string_equal(fixture->error.text, "");
    }
}

static void bad_ids_end_up_alone_and_all_others_are_written(void **state)
{
    static const size_t bad[] = {0, 7, 8, 299, 1000, 1499};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ec2.is_bad[bad[i]] = true;
    }
    write_all(fixture, 1500);
    for (size_t i = 0; i < 1500; i++) {
        assert_int_equal(fixture->outcomes[i], ec2.is_bad[i] ? TAG_NOT_FOUND : TAG_WRITTEN);
        assert_int_equal(ec2.is_written[i], !ec2.is_bad[i]);
    }
    assert_true(ec2.calls < 2 * 6 * 11); /* two calls a halving, 2^10 > 1000 */
    assert_non_null(strstr(fixture->error.text, "NotFound"));
}

static void every_code_about_an_id_splits(void **state)
{
    static const char *const codes[] = {"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed",
                                        "InvalidID"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        memset(&ec2, 0, sizeof(ec2));
        fixture->ends = 0;
        ec2.script[0] = (struct scripted){AWS_OTHER, codes[i]};
        write_all(fixture, 4);
        assert_int_equal(ec2.calls, 3);
        assert_int_equal(outcome_count(fixture, TAG_WRITTEN), 4);
        assert_string_equal(fixture->error.text, "");
    }
}

static void throttles_and_server_errors_are_tried_again(void **state)
{
    static const enum aws_failure_kind kinds[] = {AWS_THROTTLED, AWS_SERVER};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        memset(&ec2, 0, sizeof(ec2));
        fixture->ends = 0;
        for (size_t j = 0; j < TAG_WRITE_ATTEMPTS - 1; j++) {
            ec2.script[j] = (struct scripted){kinds[i], "Later"};
        }
        write_all(fixture, 3);
        assert_int_equal(ec2.calls, TAG_WRITE_ATTEMPTS);
        assert_int_equal(ec2.waits, TAG_WRITE_ATTEMPTS - 1);
        assert_int_equal(ec2.last_failures, TAG_WRITE_ATTEMPTS - 1); /* waits grow by it */
        assert_int_equal(outcome_count(fixture, TAG_WRITTEN), 3);
        assert_string_equal(fixture->error.text, "");
    }
}

static void an_answer_that_passes_ends_no_order(void **state)
{
    static const struct http_response answers[] = {
        {.status = 400,
         .body = "<Response><Errors><Error><Code>ConcurrentTagAccess</Code></Error></Errors>"
                 "</Response>"                             },
        {.status = 400,
         .body = "<Response><Errors><Error><Code>IncorrectInstanceState</Code></Error></Errors>"
                 "</Response>"                             },
        {.status = 302, .body = "<html><p>Found</html>"    },
        {.status = 404, .body = "<html><p>Not found</html>"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct http_response answer = answers[i];
        struct aws_failure failure;

        answer.body_length = strlen(answer.body);
        aws_failure_read("ec2", &answer, &failure);
        memset(&ec2, 0, sizeof(ec2));
        fixture->ends = 0;
        ec2.script[0] = (struct scripted){failure.kind, failure.code};
        write_all(fixture, 1500);
        assert_int_equal(ec2.calls, 3);
        assert_int_equal(ec2.waits, 1);
        assert_int_equal(outcome_count(fixture, TAG_WRITTEN), 1500);
    }
}

static void the_truth_is_told_when_it_ends_in_the_middle(void **state)
{
    static const struct {
        const char *why;
        struct scripted failures; /* from the second call on */
        size_t calls;
        enum tag_outcome second; /* of ids 1000 to 1999; before them written, after not tried */
        const char *said;
    } rows[] = {
        {"no rights",          {AWS_DENIED, "UnauthorizedOperation"}, 2, TAG_REFUSED, "ec2:CreateTags"  },
        {"too many tags",      {AWS_OTHER, "TagLimitExceeded"},       2, TAG_REFUSED, "TagLimit"        },
        {"no answer",          {AWS_TRANSPORT, ""},                   2, TAG_UNKNOWN, "call 2"          },
        {"expired",            {AWS_EXPIRED, "ExpiredToken"},         2, TAG_REFUSED, "Expired"         },
        {"throttled for ever",
         {AWS_THROTTLED, "RequestLimitExceeded"},
         1 + TAG_WRITE_ATTEMPTS,
         TAG_REFUSED,                                                                 "given up after 6"},
        {"500 for ever",
         {AWS_SERVER, "InternalError"},
         1 + TAG_WRITE_ATTEMPTS,
         TAG_UNKNOWN,                                                                 "given up after 6"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&ec2, 0, sizeof(ec2));
        fixture->ends = 0;
        for (size_t j = 1; j < SCRIPT_MAX; j++) {
            ec2.script[j] = rows[i].failures;
        }
        write_all(fixture, 2500);
        if (ec2.calls != rows[i].calls || fixture->outcomes[1000] != rows[i].second ||
            strstr(fixture->error.text, rows[i].said) == NULL) {
            fail_msg("%s: %zu calls, %s, %s", rows[i].why, ec2.calls,
                     tag_outcome_name(fixture->outcomes[1000]), fixture->error.text);
        }
        assert_int_equal(outcome_count(fixture, TAG_WRITTEN), 1000);
        assert_int_equal(outcome_count(fixture, rows[i].second), 1000);
        assert_int_equal(outcome_count(fixture, TAG_NOT_TRIED), 500);
    }
}

static void after_a_server_error_a_refusal_leaves_doubt(void **state)
{
    struct fixture *fixture = *state;

    ec2.script[0] = (struct scripted){AWS_SERVER, "InternalError"};
    ec2.script[1] = (struct scripted){AWS_DENIED, "UnauthorizedOperation"};
    write_all(fixture, 2);
    assert_int_equal(outcome_count(fixture, TAG_UNKNOWN), 2);
}

static void taking_off_names_the_other_right(void **state)
{
    struct fixture *fixture = *state;

    ec2.script[0] = (struct scripted){AWS_DENIED, "UnauthorizedOperation"};
    (void)writer_start(fixture, 2, NULL);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_string_equal(ec2.action, "DeleteTags");
    call_answer();
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_non_null(strstr(fixture->error.text, "ec2:DeleteTags"));
}

static void an_order_without_keys_asks_nobody(void **state)
{
    struct fixture *fixture = *state;
    const struct tag_order order = {fixture->ids, 3, NULL, 0};

    fixture->count = 3;
    (void)tag_writer_start(&fixture->loop, NULL, &order, on_done, fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->ends, 1);
    assert_int_equal(ec2.calls, 0);
    assert_int_equal(outcome_count(fixture, TAG_REFUSED), 3);
}

static void a_cancelled_writing_tells_nobody(void **state)
{
    struct fixture *fixture = *state;

    tag_writer_cancel(writer_start(fixture, 3, "drain"));
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(ec2.calls, 0);

    struct tag_writer *writer = writer_start(fixture, 3, "drain");
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_non_null(ec2.open);
    tag_writer_cancel(writer);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(ec2.cancelled, 1);
    assert_int_equal(fixture->ends, 0);
}

#define WRITER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITER_TEST(many_ids_go_in_few_calls),
        WRITER_TEST(bad_ids_end_up_alone_and_all_others_are_written),
        WRITER_TEST(every_code_about_an_id_splits),
        WRITER_TEST(throttles_and_server_errors_are_tried_again),
        WRITER_TEST(an_answer_that_passes_ends_no_order),
        WRITER_TEST(the_truth_is_told_when_it_ends_in_the_middle),
        WRITER_TEST(after_a_server_error_a_refusal_leaves_doubt),
        WRITER_TEST(taking_off_names_the_other_right),
        WRITER_TEST(an_order_without_keys_asks_nobody),
        WRITER_TEST(a_cancelled_writing_tells_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
