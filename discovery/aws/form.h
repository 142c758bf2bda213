/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/form.h - parameters as an application/x-www-form-urlencoded body. Pure.
 *
 * Only RFC 3986's unreserved characters stay (section 2.3); a space is %20, never '+', which is
 * what a signature's canonical form wants as well.
 */

#ifndef DISCOVERY_AWS_FORM_H
#define DISCOVERY_AWS_FORM_H

#include <stddef.h>

#include "zones/arena.h"

struct aws_parameter {
    const char *name;  /* "Filter.1.Value.1" */
    const char *value; /* UTF-8 */
};

/* "name=value&name=value" in the order given; "" for none. In `arena`. */
char *form_encode(const struct aws_parameter *parameters, size_t count, struct arena *arena);

/* `length` octets, percent-encoded; those in `kept` ("/", "") stay besides the unreserved. */
char *form_percent(const char *text, size_t length, const char *kept, struct arena *arena);

#endif
