/* SPDX-License-Identifier: MIT */

/*
 * discovery/json_scan.h - whether a text is JSON, to the letter of RFC 8259.
 *
 * Runs before the parser that builds the tree, which is lenient (it takes raw control octets,
 * leading zeros and any UTF-8) and recursive. Pure; looks at every octet once.
 */

#ifndef DISCOVERY_JSON_SCAN_H
#define DISCOVERY_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

enum {
    JSON_DEPTH_MAX = 32,         /* of arrays and objects; our documents need 8 */
    JSON_NUMBER_MAX_OCTETS = 60, /* cJSON reads the first 63 octets of a number only */
};

/*
 * Beyond the grammar these are refused too: more than JSON_DEPTH_MAX levels, numbers of more than
 * JSON_NUMBER_MAX_OCTETS, \u0000, and \u escapes of half a surrogate pair. False, with "line N,
 * column N: what"; the text itself is not quoted, it may be a secret. A column counts octets.
 */
bool json_scan(const char *text, size_t length, struct error *error);

#endif
