/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_profile.c - any octets as the files that the AWS tools share, first by the syntax
 * alone, then as the configuration and the credentials file of a profile at once.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "discovery/aws/ini.h"
#include "discovery/aws/profile.h"
#include "tests/fuzz/reply.h"

static char path[64]; /* of the input as a file */

static const char *variable(const char *name)
{
    bool is_file =
        strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0;

    return is_file ? path : NULL;
}

static const struct aws_environment environment = {.variable = variable};

static void on_entry(void *owner, const struct ini_entry *entry)
{
    expect(entry->section != NULL && entry->key != NULL && entry->value != NULL,
           "an entry has section, key and value");
    expect(strpbrk(entry->key, "\n=") == NULL, "a key is no line");
    expect(strchr(entry->value, '\n') == NULL, "a value is one line");
    outcome_add(owner, entry->section);
    outcome_add(owner, entry->parent);
    outcome_add(owner, entry->key);
    outcome_add(owner, entry->value);
}

static void ini_read(struct outcome *outcome, const char *body, size_t length)
{
    outcome->is_taken = ini_parse(body, length, on_entry, outcome, &outcome->error);
}

static void profile_read(struct outcome *outcome, const char *body, size_t length)
{
    struct arena arena;
    struct aws_profile profile = {.name = NULL};

    (void)body;
    (void)length;
    arena_init(&arena);
    outcome->is_taken = aws_profile_read(&environment, &arena, &profile, &outcome->error);
    if (outcome->is_taken) {
        outcome_add(outcome, profile.access_key);
        outcome_add(outcome, profile.secret_key);
        outcome_add(outcome, profile.region);
        outcome_add(outcome, profile.role_arn);
        outcome_add(outcome, profile.endpoint_url);
        for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
            outcome_add(outcome, profile.service_urls[i]);
        }
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    int descriptor = memfd_create("profile", MFD_CLOEXEC);

    reply_try(ini_read, octets, length);
    expect(descriptor >= 0 && write(descriptor, octets, length) == (ssize_t)length,
           "there is a file with the input");
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    reply_try(profile_read, octets, length);
    (void)close(descriptor);
    return 0;
}
