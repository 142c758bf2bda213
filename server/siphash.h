/* SPDX-License-Identifier: MIT */

/*
 * server/siphash.h - SipHash-2-4, the keyed hash of server cookies (RFC 9018 section 4.4;
 * J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012).
 *
 * Our own, because OpenSSL's wants a context from the heap, which pure functions on the way of a
 * packet do not have, and takes three times as long. Tested against OpenSSL's.
 */

#ifndef SERVER_SIPHASH_H
#define SERVER_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_LENGTH = 16, SIPHASH_LENGTH = 8 };

/* The hash of `length` octets under `key`, in the order in which it is sent. Any thread. */
void siphash_2_4(uint8_t hash[SIPHASH_LENGTH], const uint8_t key[SIPHASH_KEY_LENGTH],
                 const uint8_t *octets, size_t length);

#endif
