/* SPDX-License-Identifier: MIT */

/*
 * server/rate_limit.h - how many responses the network of a stranger gets over UDP. Pure: the
 * clock and the key of the hash are passed in.
 *
 * Whoever forges the source of a question makes us send the response to somebody else. So each
 * network (a /24 of IPv4, a /56 of IPv6: what one site has) has a bucket of tokens, one for each
 * response, which is full with one second's worth and is refilled evenly. Of what is over the limit
 * every n-th response goes out truncated, so that a real client behind that address can come back
 * over TCP; the others are not sent.
 *
 * The table has a fixed size. A bucket leaves it only when it is full again, at which point losing
 * it changes nothing: no flood from other networks can free one from its limit. Where no place
 * can be had, the newcomers share one bucket. Places go by a keyed hash, so that nobody can
 * choose who shares.
 *
 * Belongs to one worker's thread, but for rate_limit_set().
 */

#ifndef SERVER_RATE_LIMIT_H
#define SERVER_RATE_LIMIT_H

#include <stdint.h>

#include "server/siphash.h"
#include "zones/address.h"

enum {
    RATE_LIMIT_MAX = 1000000,   /* responses a second: more than a network sends questions */
    RATE_LIMIT_SLIP_MAX = 10,   /* fewer than every 10th would leave a real client waiting */
    RATE_LIMIT_IPV4_OCTETS = 3, /* of the address, that make a network */
    RATE_LIMIT_IPV6_OCTETS = 7,
    RATE_LIMIT_SETS = 4096, /* with RATE_LIMIT_WAYS: 32,768 networks, 864 KiB a worker */
    RATE_LIMIT_WAYS = 8,
};

enum rate_verdict {
    RATE_SEND,
    RATE_SLIP, /* send it truncated, without records */
    RATE_DROP,
};

struct rate_limit_settings {
    uint32_t per_second; /* responses to one network; 0: no limit */
    uint32_t slip;       /* one of so many over the limit is a RATE_SLIP; 0: none */
    uint32_t workers;    /* at least 1: each has a table of its own and an equal share */
};

struct rate_limit;

/* Without a limit until rate_limit_set(). `hash_key` has to be random, and secret. Heap; ends in
 * rate_limit_free(). */
struct rate_limit *rate_limit_new(const uint8_t hash_key[SIPHASH_KEY_LENGTH]);

/* NULL does nothing. */
void rate_limit_free(struct rate_limit *limit);

/* What counts from now on. Any thread, at any time. */
void rate_limit_set(struct rate_limit *limit, const struct rate_limit_settings *settings);

/*
 * What becomes of one response to `client`, and take its token. `now_ms` comes from a clock that
 * is never set back.
 */
enum rate_verdict rate_limit_judge(struct rate_limit *limit, const struct address *client,
                                   int64_t now_ms);

#endif
