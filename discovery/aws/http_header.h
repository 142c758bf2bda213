/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http_header.h - looking at single header lines. Pure.
 */

#ifndef DISCOVERY_AWS_HTTP_HEADER_H
#define DISCOVERY_AWS_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether `text` may stand in a header: a line end would let it write further headers. */
bool http_header_valid(const char *text);

/*
 * The value of header `name` (any case) in a line of `length` octets that is not terminated,
 * without white space at its ends and cut to `value_size`. False when the line is another header.
 */
bool http_header_value(const char *line, size_t length, const char *name, char *value,
                       size_t value_size);

/*
 * What a line asks a client to wait, in milliseconds: x-amz-retry-after has them, Retry-After
 * (RFC 9110 section 10.2.3) seconds. False when it is another header, a date or out of all reason.
 */
bool http_header_wait_ms(const char *line, size_t length, int64_t *wait_ms);

#endif
