/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/expect.h - what every target has in common: its entry, what it insists on, and text
 * out of octets.
 */

#ifndef TESTS_FUZZ_EXPECT_H
#define TESTS_FUZZ_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called by libFuzzer or by tests/fuzz/replay.c with one input after the other. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* End the process, which is a finding, when `what` is not so. */
static inline void expect(bool is_so, const char *what)
{
    if (!is_so) {
        (void)fprintf(stderr, "fuzz: not so: %s\n", what);
        abort();
    }
}

static inline void expect_text(const char *left, const char *right, const char *what)
{
    expect((left == NULL) == (right == NULL), what);
    expect(left == NULL || strcmp(left, right) == 0, what);
}

/* The octets up to the first NUL as a string, in memory of just that size; freed by the caller. */
static inline char *text_of(const uint8_t *octets, size_t length)
{
    size_t used = length == 0 ? 0 : strnlen((const char *)octets, length);
    char *text = malloc(used + 1);

    expect(text != NULL, "there is memory for a text");
    if (used > 0) {
        memcpy(text, octets, used);
    }
    text[used] = '\0';
    return text;
}

#endif
