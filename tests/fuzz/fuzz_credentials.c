/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_credentials.c - any octets as what gives credentials: the JSON of an instance or
 * a container, and the XML of STS. What is taken is whole.
 */

#include "discovery/aws/credentials_document.h"
#include "discovery/aws/sts_reply.h"
#include "tests/fuzz/reply.h"

static void found_digest(struct outcome *outcome, const struct credentials *found)
{
    if (!outcome->is_taken) {
        return;
    }
    expect(found->access_key != NULL && found->access_key[0] != '\0', "there is an access key");
    expect(found->secret_key != NULL && found->secret_key[0] != '\0', "there is a secret key");
    outcome_add(outcome, found->access_key);
    outcome_add(outcome, found->secret_key);
    outcome_add(outcome, found->session_token);
    outcome_add_number(outcome, found->ends_s);
}

static void instance_read(struct outcome *outcome, const char *body, size_t length)
{
    struct arena arena;
    struct credentials found = {.provider = "instance"};

    arena_init(&arena);
    outcome->is_taken =
        credentials_document_read(body, length, true, &arena, &found, &outcome->error);
    found_digest(outcome, &found);
    arena_free(&arena);
}

static void container_read(struct outcome *outcome, const char *body, size_t length)
{
    struct arena arena;
    struct credentials found = {.provider = "container"};

    arena_init(&arena);
    outcome->is_taken =
        credentials_document_read(body, length, false, &arena, &found, &outcome->error);
    found_digest(outcome, &found);
    arena_free(&arena);
}

static void sts_read(struct outcome *outcome, const char *body, size_t length)
{
    struct arena arena;
    struct credentials found = {.provider = "role"};

    arena_init(&arena);
    outcome->is_taken = sts_reply_parse(body, length, &arena, &found, &outcome->error);
    found_digest(outcome, &found);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(instance_read, octets, length);
    reply_try(container_read, octets, length);
    reply_try(sts_read, octets, length);
    return 0;
}
