/* SPDX-License-Identifier: MIT */

/*
 * server/cookie.c - making and checking server cookies.
 */

#include "server/cookie.h"

#include <string.h>

#include "zones/wire.h"

enum {
    VERSION_OFFSET = COOKIE_CLIENT_LENGTH,
    TIME_OFFSET = VERSION_OFFSET + 4,
    HASH_OFFSET = TIME_OFFSET + 4,
    COOKIE_VERSION = 1,
    SERVER_PART_MIN = 8, /* RFC 7873 section 4 */
    SERVER_PART_MAX = 32,
};

bool cookie_length_is_valid(size_t length)
{
    return length == COOKIE_CLIENT_LENGTH || (length >= COOKIE_CLIENT_LENGTH + SERVER_PART_MIN &&
                                              length <= COOKIE_CLIENT_LENGTH + SERVER_PART_MAX);
}

/* Of everything before the hash, and the address (RFC 9018 section 4.4). */
static void cookie_hash(uint8_t hash[SIPHASH_LENGTH], const uint8_t key[SIPHASH_KEY_LENGTH],
                        const uint8_t *cookie, const struct address *client)
{
    uint8_t octets[HASH_OFFSET + ADDRESS_V6_LENGTH];

    memcpy(octets, cookie, HASH_OFFSET);
    memcpy(octets + HASH_OFFSET, client->octets, client->length);
    siphash_2_4(hash, key, octets, (size_t)HASH_OFFSET + client->length);
}

/* Takes as long for every hash, so that nobody can feel his way to a good one. */
static bool hash_is(const uint8_t *left, const uint8_t *right)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < SIPHASH_LENGTH; i++) {
        difference |= left[i] ^ right[i];
    }
    return difference == 0;
}

static bool hash_is_of(const uint8_t *key, const uint8_t *cookie, const struct address *client)
{
    uint8_t hash[SIPHASH_LENGTH];

    cookie_hash(hash, key, cookie, client);
    return hash_is(hash, cookie + HASH_OFFSET);
}

/* In serial number arithmetic (RFC 1982), as RFC 9018 section 4.3 wants it: 2106 is no end. */
static int32_t cookie_age_s(const uint8_t *cookie, uint32_t now_s)
{
    return (int32_t)(now_s - wire_load_u32(cookie + TIME_OFFSET));
}

static void cookie_make(uint8_t reply[COOKIE_LENGTH], const struct cookie_secrets *secrets,
                        const uint8_t *cookie, const struct address *client, uint32_t now_s)
{
    memcpy(reply, cookie, COOKIE_CLIENT_LENGTH);
    wire_store_u32(reply + VERSION_OFFSET, (uint32_t)COOKIE_VERSION << 24);
    wire_store_u32(reply + TIME_OFFSET, now_s);
    cookie_hash(reply + HASH_OFFSET, secrets->current, reply, client);
}

enum cookie_standing cookie_turn(uint8_t reply[COOKIE_LENGTH], const struct cookie_secrets *secrets,
                                 const uint8_t *cookie, size_t length, const struct address *client,
                                 uint32_t now_s)
{
    enum cookie_standing standing = COOKIE_BAD;
    bool is_fresh = false;

    if (length == COOKIE_CLIENT_LENGTH) {
        standing = COOKIE_CLIENT_ONLY;
    } else if (length == COOKIE_LENGTH && cookie[VERSION_OFFSET] == COOKIE_VERSION) {
        int32_t age_s = cookie_age_s(cookie, now_s);
        bool is_current = hash_is_of(secrets->current, cookie, client);

        if (age_s <= COOKIE_LIFE_S && age_s >= -COOKIE_FUTURE_S &&
            (is_current || hash_is_of(secrets->previous, cookie, client))) {
            standing = COOKIE_VALID;
            is_fresh = is_current && age_s <= COOKIE_RENEW_AFTER_S;
        }
    }
    if (is_fresh) {
        memcpy(reply, cookie, COOKIE_LENGTH);
    } else {
        cookie_make(reply, secrets, cookie, client, now_s);
    }
    return standing;
}
