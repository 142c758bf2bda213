/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_state_file.c - any octets as a state file; and as the document of one whose
 * checksum is right, which no fuzzer would come by.
 */

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/state_file.h"
#include "zones/arena.h"

enum { FRAME_SIZE = 128, DIGEST_OCTETS = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void text_try(const char *text, size_t length)
{
    struct state *state = NULL;
    struct error error;

    if (state_decode(&state, text, length, &error) == STATE_READ) {
        (void)state_written_s(state);
        (void)state_region(state, "ec2 main");
        state_free(state);
    }
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
    memcpy(text + used, octets, length);
    text_try(text, (size_t)used + length);
    free(text);
    return 0;
}
