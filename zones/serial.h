/* SPDX-License-Identifier: MIT */

/*
 * zones/serial.h - SOA serial numbers (RFC 1982).
 */

#ifndef ZONES_SERIAL_H
#define ZONES_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether `left` comes after `right` in sequence space (RFC 1982 section 3.2). */
bool serial_is_after(uint32_t left, uint32_t right);

/*
 * The serial that follows `old`: the wall clock in seconds when that is after it, so that a
 * restart without state goes on upwards; old + 1 when content changes faster than once a second
 * or the clock was set back.
 */
uint32_t serial_next(uint32_t old, uint32_t now_seconds);

#endif
