/* SPDX-License-Identifier: MIT */

/*
 * zones/serial.c - arithmetic in the circle of 32-bit serial numbers.
 */

#include "zones/serial.h"

/* Half the circle. At exactly this distance RFC 1982 leaves the order open: neither is after. */
static const uint32_t serial_half = UINT32_C(1) << 31;

bool serial_is_after(uint32_t left, uint32_t right)
{
    uint32_t distance = left - right;

    return distance != 0 && distance < serial_half;
}

uint32_t serial_next(uint32_t old, uint32_t now_seconds)
{
    return serial_is_after(now_seconds, old) ? now_seconds : old + 1;
}
