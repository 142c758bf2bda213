/* SPDX-License-Identifier: MIT */

/*
 * zones/target_name.h - names of targets where they stand anyway: in SRV records.
 *
 * A target's name is not kept a second time. Everywhere it has in front of it what it has there:
 *
 *     | owner 2 | type, class, TTL 8 | RDLENGTH 2 | priority 2 | weight 2 | port 2 | name |
 *                                                                                  ^ what a
 *                                                           pointer or an offset to it means
 */

#ifndef ZONES_TARGET_NAME_H
#define ZONES_TARGET_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "zones/wire.h"

enum {
    SRV_FIXED_LENGTH = 6, /* priority, weight and port, RFC 2782 */
    TARGET_HEAD_LENGTH = 2 + SRV_FIXED_LENGTH,
    TARGET_NAME_OFFSET = 2 + 8 + TARGET_HEAD_LENGTH, /* in an SRV record that answers a question */
};

static inline size_t target_length(const uint8_t *name)
{
    return (size_t)wire_load_u16(name - TARGET_HEAD_LENGTH) - SRV_FIXED_LENGTH;
}

static inline uint16_t target_weight(const uint8_t *name)
{
    return wire_load_u16(name - 4);
}

static inline uint16_t target_port(const uint8_t *name)
{
    return wire_load_u16(name - 2);
}

#endif
