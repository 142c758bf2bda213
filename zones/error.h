/* SPDX-License-Identifier: MIT */

/*
 * zones/error.h - one sentence about what went wrong, for a person.
 *
 * A fallible function returns bool and takes a `struct error *` last. The text names what was
 * wrong and where; callers add their own context with error_prefix() on the way up.
 */

#ifndef ZONES_ERROR_H
#define ZONES_ERROR_H

#include <stdbool.h>

/* Longest message kept, with its NUL: one log line. Longer texts are cut. */
enum { ERROR_TEXT_SIZE = 512 };

struct error {
    char text[ERROR_TEXT_SIZE];
};

/*
 * Write the message. Always returns false, so that `return error_set(error, ...)` reads as one
 * thought. NULL is allowed for callers that do not want the text. Control octets in the result
 * become '?': a message may quote input from outside.
 */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put context before the message, as "context: message". Always returns false. */
bool error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
