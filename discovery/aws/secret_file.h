/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/secret_file.h - a small file that may hold secrets: profiles, tokens.
 */

#ifndef DISCOVERY_AWS_SECRET_FILE_H
#define DISCOVERY_AWS_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

struct secret_file {
    char *text; /* with a NUL after `length` octets; NULL when the file is not there */
    size_t length;
    int missing; /* the errno that says so, 0 else */
};

/*
 * Read `path` from disk, blocking; at most `size_limit` octets. A file that is not there is no
 * error here, and /dev/null is as good: text is NULL. Fails, without naming the path, when it
 * cannot be read, is no regular file or is larger; `file` is empty then. Free it in either case.
 */
bool secret_file_read(const char *path, size_t size_limit, struct secret_file *file,
                      struct error *error);

/*
 * The same for a file that holds one token and nothing else: it must be there, and one line end
 * after the token is cut off. Any other control character is refused.
 */
bool secret_file_read_token(const char *path, size_t size_limit, struct secret_file *file,
                            struct error *error);

/* Overwrites the text. */
void secret_file_free(struct secret_file *file);

#endif
