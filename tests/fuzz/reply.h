/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/reply.h - what the targets for replies of AWS have in common: every input is parsed
 * twice, and a parse must not depend on anything but its octets.
 */

#ifndef TESTS_FUZZ_REPLY_H
#define TESTS_FUZZ_REPLY_H

#include "tests/fuzz/expect.h"
#include "zones/error.h"

/* What one parse came to. */
struct outcome {
    bool is_taken;
    struct error error;
    uint64_t digest; /* of what was read, see outcome_add() */
};

/* Mix a text, or its absence, into the digest (FNV-1a). */
static inline void outcome_add(struct outcome *outcome, const char *text)
{
    const char *rest = text == NULL ? "\x01" : text;

    do {
        outcome->digest = (outcome->digest ^ (uint8_t)*rest) * UINT64_C(1099511628211);
    } while (*rest++ != '\0');
}

static inline void outcome_add_number(struct outcome *outcome, int64_t number)
{
    outcome->digest = (outcome->digest ^ (uint64_t)number) * UINT64_C(1099511628211);
}

typedef void (*reply_reader)(struct outcome *outcome, const char *body, size_t length);

/* Read twice; a refusal says why. */
static inline void reply_try(reply_reader reader, const uint8_t *octets, size_t length)
{
    struct outcome first = {.error = {""}};
    struct outcome second = {.error = {""}};

    reader(&first, (const char *)octets, length);
    reader(&second, (const char *)octets, length);
    expect(first.is_taken == second.is_taken && first.digest == second.digest,
           "a reply means the same whenever it is read");
    if (!first.is_taken) {
        expect(first.error.text[0] != '\0', "a refusal says why");
        expect_text(first.error.text, second.error.text, "a refusal says the same each time");
    }
}

#endif
