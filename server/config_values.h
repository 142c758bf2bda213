/* SPDX-License-Identifier: MIT */

/*
 * server/config_values.h - from the text of one value to the value. Pure, any thread.
 *
 * On false `error` says what is wrong with the text, and what would be right.
 */

#ifndef SERVER_CONFIG_VALUES_H
#define SERVER_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/config_schema.h"
#include "zones/arena.h"
#include "zones/error.h"

/* Decimal digits within min to max. */
bool number_parse(int64_t *number, const char *text, int64_t min, int64_t max, struct error *error);

/* Decimal digits and a unit: ms, s, m, h or d. `min_ms` to `max_ms`. */
bool duration_parse(int64_t *duration_ms, const char *text, int64_t min_ms, int64_t max_ms,
                    struct error *error);

enum { DURATION_MAX_TEXT = 24 }; /* the digits of int64_t, the unit, NUL */

/* Write it with the largest unit that leaves no rest: 90000 -> "90s". Returns `text`. */
char *duration_to_text(int64_t duration_ms, char *text);

/* One of the names of `choices`. */
bool choice_parse(int64_t *number, const char *text, const struct config_choice *choices,
                  struct error *error);

/* "127.0.0.1:53" or "[::1]:53": a numeric address and a port from 1. `listen->text` is `text`. */
bool socket_parse(struct config_listen *listen, const char *text, struct error *error);

/* Whether it is 0.0.0.0 or ::. */
bool socket_is_wildcard(const struct config_listen *listen);

/*
 * Whether strangers may reach it: it is a wildcard, or none of loopback, private (RFC 1918, RFC
 * 4193), shared (RFC 6598) and link-local.
 */
bool socket_is_public(const struct config_listen *listen);

/*
 * "_{group}._tcp": labels with {group} in exactly one of them, whose other letters are those of
 * label_is_valid().
 */
bool labels_check(const char *text, struct error *error);

/* "self" or "eu-west-1". */
bool region_check(const char *text, struct error *error);

/*
 * "https://sqs.eu-west-1.amazonaws.com/123456789012/rollcall"; "http://" only with a port, as
 * stand-ins for SQS have it. `arena` is for the work only.
 */
bool queue_url_check(const char *text, struct arena *arena, struct error *error);

/* Whether `text` is the URL of an HTTP proxy: http://HOST:PORT, without a user. */
bool proxy_check(const char *text, struct arena *arena, struct error *error);

/* "vpc-id=vpc-0a1b": split at the first "="; both halves in `arena`. */
bool filter_parse(struct ec2_filter *filter, const char *text, struct arena *arena,
                  struct error *error);

#endif
