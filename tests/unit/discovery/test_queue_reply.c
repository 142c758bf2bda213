/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_queue_reply.c - answers of SQS, good and bad.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/queue_reply.h"

/* Acceptance group 31: what a message says is not read, whatever it is. */
static void messages_come_down_to_their_handles(void **state)
{
    static const struct {
        const char *why;
        const char *body;
        size_t count;
        const char *handles; /* with a space behind each */
    } cases[] = {
        {"nothing came",                                         "{}",                                                                            0, ""  },
        {"nothing came, in other words",                         "{\"Messages\":[]}",                                                             0, ""  },
        {"one",                                                  "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"a\",\"Body\":\"x\"}]}", 1,
         "a "                                                                                                                                            },
        {"an empty body and none",
         "{\"Messages\":[{\"ReceiptHandle\":\"a\",\"Body\":\"\"},{\"ReceiptHandle\":\"b\"}]}",                                                    2,
         "a b "                                                                                                                                          },
        {"JSON in a text",
         "{\"Messages\":[{\"ReceiptHandle\":\"a\",\"Body\":\"{\\\"Message\\\":\\\"{}\\\"}\"}]}",                                                  1,
         "a "                                                                                                                                            },
        {"a body that is no text",                               "{\"Messages\":[{\"Body\":[1],\"ReceiptHandle\":\"a\"}]}",                       1,
         "a "                                                                                                                                            },
        {"one that cannot be deleted is a message all the same",
         "{\"Messages\":[{},{\"ReceiptHandle\":\"b\"}]}",                                                                                         2, "b "},
        {"members that we do not know",                          "{\"New\":1,\"Messages\":[{\"ReceiptHandle\":\"a\"}]}",                          1,
         "a "                                                                                                                                            },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct queue_messages messages;
        struct arena arena;
        struct error error;
        char handles[64] = "";

        arena_init(&arena);
        if (!queue_messages_parse(cases[i].body, strlen(cases[i].body), &arena, &messages,
                                  &error)) {
            fail_msg("%s: %s", cases[i].why, error.text);
        }
        for (size_t j = 0; j < messages.handle_count; j++) {
            strcat(strcat(handles, messages.handles[j]), " ");
        }
        if (messages.count != cases[i].count || strcmp(handles, cases[i].handles) != 0) {
            fail_msg("%s: %zu messages, handles %s", cases[i].why, messages.count, handles);
        }
        arena_free(&arena);
    }
}

static void what_is_no_answer_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "<html/>",
        "[]",
        "{",
        "{\"Messages\":{}}",
        "{\"Messages\":[1]}",
        "{\"Messages\":[{\"ReceiptHandle\":1}]}",
        "{\"Messages\":[{\"ReceiptHandle\":\"a\"}]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct queue_messages messages;
        struct arena arena;
        struct error error = {.text = ""};

        arena_init(&arena);
        if (queue_messages_parse(bodies[i], strlen(bodies[i]), &arena, &messages, &error)) {
            fail_msg("%s was taken", bodies[i]);
        }
        assert_true(error.text[0] != '\0');
        arena_free(&arena);
    }
}

static void only_what_sqs_says_is_deleted_counts_as_deleted(void **state)
{
    static const struct {
        const char *why;
        const char *body;
        const char *deleted; /* "+" or "-" for each entry */
        const char *failure;
    } cases[] = {
        {"all",                         "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"9\"}],\"Failed\":[]}",
         "++-------+",                                                                                                                 ""                        },
        {"none is mentioned",           "{}",                                                                            "----------", ""                        },
        {"one failed",
         "{\"Successful\":[{\"Id\":\"1\"}],\"Failed\":[{\"Id\":\"0\",\"Code\":\"InternalError\","
         "\"Message\":\"try later\",\"SenderFault\":false},{\"Id\":\"2\",\"Code\":\"Other\"}]}",                         "-+--------", "InternalError: try later"},
        {"a failure that says nothing", "{\"Failed\":[{\"Id\":\"0\"}]}",                                                 "----------",
         "no code: no message"                                                                                                                                   },
        {"ids that are not ours",
         "{\"Successful\":[{\"Id\":\"10\"},{\"Id\":\"\"},{\"Id\":\"x\"},{\"Id\":\"03\"}]}",                              "----------", ""                        },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct queue_deletion deletion;
        struct error error;
        char deleted[QUEUE_BATCH_MAX + 1] = "";

        if (!queue_deletion_parse(cases[i].body, strlen(cases[i].body), &deletion, &error)) {
            fail_msg("%s: %s", cases[i].why, error.text);
        }
        for (size_t j = 0; j < QUEUE_BATCH_MAX; j++) {
            deleted[j] = deletion.is_deleted[j] ? '+' : '-';
        }
        if (strcmp(deleted, cases[i].deleted) != 0 ||
            strcmp(deletion.first_failure.text, cases[i].failure) != 0) {
            fail_msg("%s: %s %s", cases[i].why, deleted, deletion.first_failure.text);
        }
    }
}

static void what_is_no_answer_to_a_batch_is_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "null",
        "{\"Successful\":1}",
        "{\"Successful\":[\"0\"]}",
        "{\"Successful\":[{}]}",
        "{\"Successful\":[{\"Id\":0}]}",
        "{\"Failed\":[[]]}",
        "{\"Failed\":[{\"Code\":1}]}",
        "{\"Failed\":\"0\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct queue_deletion deletion;
        struct error error = {.text = ""};

        if (queue_deletion_parse(bodies[i], strlen(bodies[i]), &deletion, &error)) {
            fail_msg("%s was taken", bodies[i]);
        }
        assert_true(error.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_down_to_their_handles),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(only_what_sqs_says_is_deleted_counts_as_deleted),
        cmocka_unit_test(what_is_no_answer_to_a_batch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
