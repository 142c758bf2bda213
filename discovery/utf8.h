/* SPDX-License-Identifier: MIT */

/*
 * discovery/utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates.
 */

#ifndef DISCOVERY_UTF8_H
#define DISCOVERY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character at the start of `text`: its length in octets, 1 to 4, or 0 when the octets are
 * not UTF-8 or cut short. `available` is at least 1. Pure.
 */
size_t utf8_decode(const char *text, size_t available, uint32_t *character);

/*
 * Whether a character may stand in a line for people as it is: no control character, nothing
 * that breaks the line or turns the direction of writing, nothing invisible.
 */
bool utf8_is_printable(uint32_t character);

#endif
