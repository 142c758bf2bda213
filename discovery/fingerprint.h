/* SPDX-License-Identifier: MIT */

/*
 * discovery/fingerprint.h - short numbers for what would otherwise be kept to be compared with.
 *
 * Two texts that differ have the same one by accident only, in one of 2^64 or 2^128 comparisons.
 * Not against somebody who makes texts to that end. Pure.
 */

#ifndef DISCOVERY_FINGERPRINT_H
#define DISCOVERY_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a text that follows on others, whose fingerprint is `before`. NULL differs from "". */
uint64_t fingerprint_text(const char *text, uint64_t before);

/* Of a long text. */
struct fingerprint {
    uint64_t high;
    uint64_t low;
    size_t length; /* of the text in octets; 0: there is none */
};

struct fingerprint fingerprint_make(const char *text, size_t length);

/* Whether both are of the same text; false when there is none. */
bool fingerprint_matches(const struct fingerprint *left, const struct fingerprint *right);

#endif
