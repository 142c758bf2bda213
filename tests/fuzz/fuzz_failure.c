/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_failure.c - any octets as an answer of AWS that is no answer: the first two are
 * the status, then a header line up to a line end, then the body.
 */

#include "discovery/aws/failure.h"
#include "discovery/aws/http_header.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/reply.h"

enum { HEADER_VALUE_SIZE = 16 };

static int status;

static void failure_read(struct outcome *outcome, const char *body, size_t length)
{
    /* What the client reads is followed by a NUL. */
    char *text = memory_new(length + 1);
    struct http_response response = {.status = status, .body = text, .body_length = length};
    struct aws_failure failure = {.kind = AWS_OTHER};

    if (length > 0) {
        memcpy(text, body, length);
    }
    aws_failure_read("EC2", &response, &failure);
    expect(failure.status == status, "a failure has the status of its answer");
    expect(memchr(failure.code, '\0', sizeof(failure.code)) != NULL, "a code is a text");
    expect(failure.kind != AWS_OTHER || failure.code[0] != '\0', "only AWS itself is final");
    expect(failure.error.text[0] != '\0' && strchr(failure.error.text, '\n') == NULL,
           "a failure is told in one line");
    outcome->is_taken = true;
    outcome_add_number(outcome, (int64_t)failure.kind);
    outcome_add_number(outcome, aws_failure_may_be_clock(&failure));
    outcome_add(outcome, failure.code);
    outcome_add(outcome, failure.error.text);
    free(text);
}

static void header_read(const char *line, size_t length)
{
    char value[HEADER_VALUE_SIZE];
    char *text = text_of((const uint8_t *)line, length);
    int64_t wait_ms = -1;

    if (http_header_value(line, length, "Date", value, sizeof(value))) {
        expect(memchr(value, '\0', sizeof(value)) != NULL, "a value is a text");
    }
    if (http_header_wait_ms(line, length, &wait_ms)) {
        expect(wait_ms >= 0, "nobody waits for the past");
    }
    expect(!http_header_valid(text) || strpbrk(text, "\r\n") == NULL,
           "no line end may stand in a header");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct input input = {octets, length};
    const uint8_t *line = NULL;
    const uint8_t *end = NULL;

    status = 100 + input_u16(&input) % 500;
    line = input.octets;
    end = input.left == 0 ? NULL : memchr(line, '\n', input.left);
    if (end != NULL) {
        header_read((const char *)line, (size_t)(end - line));
        input.left -= (size_t)(end - line) + 1;
        input.octets = end + 1;
    }
    reply_try(failure_read, input.octets, input.left);
    return 0;
}
