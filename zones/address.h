/* SPDX-License-Identifier: MIT */

/*
 * zones/address.h - an IPv4 or IPv6 address, and prefixes of them, as plain values.
 */

#ifndef ZONES_ADDRESS_H
#define ZONES_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/error.h"

enum {
    ADDRESS_V4_LENGTH = 4,
    ADDRESS_V6_LENGTH = 16,
    ADDRESS_MAX_TEXT = 46, /* INET6_ADDRSTRLEN */
};

struct address {
    uint8_t length;                    /* ADDRESS_V4_LENGTH or ADDRESS_V6_LENGTH; 0: none */
    uint8_t octets[ADDRESS_V6_LENGTH]; /* network order; those past `length` are 0 */
};

struct prefix {
    struct address network; /* host bits are 0 */
    uint8_t bits;
};

/* Strict inet_pton() text, both families; nothing before or after. */
bool address_parse(struct address *address, const char *text);

/* Write RFC 5952 text into `text` of ADDRESS_MAX_TEXT octets; returns it. */
char *address_to_text(const struct address *address, char *text);

/* The IPv4 address that an IPv4-mapped IPv6 address stands for, written into `v4`; of any other
 * address, itself. */
const struct address *address_unmapped(const struct address *address, struct address *v4);

/* Total order: IPv4 before IPv6, then by octets. */
int address_compare(const struct address *left, const struct address *right);

/*
 * Whether the address may ever stand in an answer: not 0.0.0.0/8, not 240.0.0.0/4 with the
 * broadcast address, not multicast, not :: and not IPv4-mapped. Loopback and link-local are left
 * to the prefix list of the zone, whose default leaves them out.
 */
bool address_is_unicast(const struct address *address);

/*
 * Read "10.0.0.0/8" or a bare address, which is a prefix of one. False, with what is wrong: not
 * an address, a length out of range, host bits that are not 0, an IPv4-mapped IPv6 prefix (it
 * would never match, see prefix_list_contains()).
 */
bool prefix_parse(struct prefix *prefix, const char *text, struct error *error);

/* Write "10.0.0.0/8" into `text` of ADDRESS_MAX_TEXT + 4 octets; returns it. */
char *prefix_to_text(const struct prefix *prefix, char *text);

/*
 * Whether any of `count` prefixes holds the address. An IPv4-mapped IPv6 address, as a dual-stack
 * socket gives it, is matched as the IPv4 address that it stands for.
 */
bool prefix_list_contains(const struct prefix *prefixes, size_t count,
                          const struct address *address);

#endif
