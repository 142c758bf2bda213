/* SPDX-License-Identifier: MIT */

/*
 * discovery/fingerprint.c - xxhash's XXH3.
 */

#include "discovery/fingerprint.h"

#include <string.h>
#include <xxhash.h>

uint64_t fingerprint_text(const char *text, uint64_t before)
{
    return text == NULL ? XXH3_64bits_withSeed(NULL, 0, ~before)
                        : XXH3_64bits_withSeed(text, strlen(text), before);
}

struct fingerprint fingerprint_make(const char *text, size_t length)
{
    const XXH128_hash_t hash = XXH3_128bits(text, length);

    return (struct fingerprint){hash.high64, hash.low64, length};
}

bool fingerprint_matches(const struct fingerprint *left, const struct fingerprint *right)
{
    return left->length > 0 && left->length == right->length && left->high == right->high &&
           left->low == right->low;
}
