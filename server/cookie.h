/* SPDX-License-Identifier: MIT */

/*
 * server/cookie.h - DNS cookies (RFC 7873) as RFC 9018 makes them: who sends ours back has got
 * mail at its address, so it is no forger.
 *
 *     | client cookie, 8 | version 1 | reserved, 3 | Unix time, 4 | SipHash-2-4, 8 |
 *
 * A cookie opens no door that is closed by address: a client outside allow-query stays refused. It
 * is only spared the limits that are meant for forged addresses. Nobody has to have one, so
 * BADCOOKIE is said in two cases alone: to a question for nothing but the cookie that comes with a
 * wrong one (RFC 7873 section 5.4), and in place of a truncated answer to a client whose answers
 * are being limited (section 5.2.3); see respond_slip().
 */

#ifndef SERVER_COOKIE_H
#define SERVER_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/siphash.h"
#include "zones/address.h"

enum {
    COOKIE_CLIENT_LENGTH = 8,
    COOKIE_LENGTH = 24,          /* of one that we make, the client's part included */
    COOKIE_LIFE_S = 3600,        /* RFC 9018 section 4.3, for all these times */
    COOKIE_FUTURE_S = 300,       /* how far the clock of another server of the set may be ahead */
    COOKIE_RENEW_AFTER_S = 1800, /* an older one is good, but a new one goes back */
};

/* Secrets of this server, and of all that answer for the same address. */
struct cookie_secrets {
    uint8_t current[SIPHASH_KEY_LENGTH];  /* makes cookies */
    uint8_t previous[SIPHASH_KEY_LENGTH]; /* its cookies are still good; the same: there is none */
};

enum cookie_standing {
    COOKIE_ABSENT,      /* no COOKIE option */
    COOKIE_CLIENT_ONLY, /* the client has none of ours yet */
    COOKIE_BAD,         /* not ours, for another address, or too old */
    COOKIE_VALID,
};

/* Whether a COOKIE option can be so long: a client's part alone, or with 8 to 32 octets of a
 * server's (RFC 7873 section 4). */
bool cookie_length_is_valid(size_t length);

/*
 * Judge the cookie of `client`, of a valid length, at Unix time `now_s`, and write the one that
 * goes back: the same while it is fresh and from the current secret, else a new one.
 */
enum cookie_standing cookie_turn(uint8_t reply[COOKIE_LENGTH], const struct cookie_secrets *secrets,
                                 const uint8_t *cookie, size_t length, const struct address *client,
                                 uint32_t now_s);

#endif
