/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_state_file.c - any octets as a state file; and as the document of one whose
 * checksum is right, which no fuzzer would come by. What a fleet takes from it is written again,
 * and what is written so is read back to the same.
 */

#include <openssl/evp.h>

#include "discovery/state_file.h"
#include "tests/fuzz/expect.h"
#include "zones/arena.h"

enum { FRAME_SIZE = 128, DIGEST_OCTETS = 32, NOW_S = 1795356000 };

static const struct prefix allowed[] = {
    {{ADDRESS_V4_LENGTH, {10}},   8},
    {{ADDRESS_V6_LENGTH, {0xfd}}, 8},
};
static const struct fleet_zone zone = {.origin = "sd.example.com", .ttl_seconds = 10};
static const struct fleet_source sources[] = {
    {.name = "ec2 main",
     .rules = {.allowed_prefixes = allowed, .allowed_prefix_count = 2, .port = 443}},
    {.name = "file on-prem",
     .rules = {.allowed_prefixes = allowed, .allowed_prefix_count = 2, .port = 443}},
};
static const struct fleet_settings settings = {&zone, 1, sources, 2};
static const struct state_place places[2] = {
    {.settings = "ec2 region=\"self\"", .region = "eu-west-1"},
    {.settings = "file path=\"fleet.json\""                                },
};

static void on_skipped(void *owner, const char *source, const char *why)
{
    (void)owner;
    expect(source[0] != '\0' && why[0] != '\0', "what is left out is told, and why");
}

/* What a fleet has after it was given `state`, as a text of its own. */
static char *state_pass(const struct state *state, size_t *length)
{
    struct fleet *fleet = NULL;
    char *text = NULL;

    expect(fleet_new(&fleet, &settings, NULL), "there is a fleet");
    (void)state_restore(state, fleet, places, on_skipped, NULL);
    text = state_encode(fleet, places, NOW_S, length);
    fleet_free(fleet);
    return text;
}

static void text_try(const char *text, size_t length)
{
    struct state *state = NULL;
    struct state *again = NULL;
    struct error error = {""};
    size_t first_length = 0;
    size_t second_length = 0;
    char *first = NULL;
    char *second = NULL;

    if (state_decode(&state, text, length, &error) != STATE_READ) {
        expect(error.text[0] != '\0', "a refusal says why");
        return;
    }
    (void)state_written_s(state);
    (void)state_region(state, "ec2 main");
    first = state_pass(state, &first_length);
    expect(state_decode(&again, first, first_length, &error) == STATE_READ,
           "what we write is read back");
    expect(state_written_s(again) == NOW_S, "a state knows when it was written");
    second = state_pass(again, &second_length);
    expect(first_length == second_length && memcmp(first, second, first_length) == 0,
           "what we write is read back to the same");
    free(first);
    free(second);
    state_free(state);
    state_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    unsigned char digest[DIGEST_OCTETS];
    char *text = memory_new(FRAME_SIZE + length);
    int used = snprintf(text, FRAME_SIZE, "rollcall-state %d %zu ", STATE_VERSION, length);

    text_try((const char *)octets, length);
    (void)EVP_Q_digest(NULL, "SHA256", NULL, octets, length, digest, NULL);
    for (size_t i = 0; i < DIGEST_OCTETS; i++) {
        used += snprintf(text + used, FRAME_SIZE - (size_t)used, "%02x", digest[i]);
    }
    text[used++] = '\n';
    if (length > 0) {
        memcpy(text + used, octets, length);
    }
    text_try(text, (size_t)used + length);
    free(text);
    return 0;
}
