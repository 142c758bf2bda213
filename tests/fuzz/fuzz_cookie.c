/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_cookie.c - any octets as a cookie, with the time, the client and what becomes of
 * the cookie that is made for it. Ours is good for who got it while its time lasts, and for nobody
 * else; and no other is.
 *
 * The input: 4 octets of time, 1 of what is changed in the cookie made, the rest is the cookie.
 */

#include "server/cookie.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

static const struct cookie_secrets secrets = {
    .current = {1, 2, 3},
      .previous = {4, 5, 6}
};
static const struct cookie_secrets successors = {
    .current = {7, 8, 9},
      .previous = {1, 2, 3}
};
static const struct cookie_secrets others = {.current = {10}, .previous = {11}};

static enum cookie_standing judge(const struct cookie_secrets *judges, const uint8_t *cookie,
                                  const struct address *client, uint32_t now_s)
{
    uint8_t reply[COOKIE_LENGTH];

    return cookie_turn(reply, judges, cookie, COOKIE_LENGTH, client, now_s);
}

/* A cookie that we made for `client` at `now_s`. */
static void cookie_check(uint8_t *cookie, const struct address *client, uint32_t now_s,
                         uint8_t change)
{
    struct address neighbour = *client;

    expect(judge(&secrets, cookie, client, now_s) == COOKIE_VALID, "our cookie is good");
    expect(judge(&secrets, cookie, client, now_s + COOKIE_LIFE_S) == COOKIE_VALID,
           "our cookie is good for its life");
    expect(judge(&secrets, cookie, client, now_s + COOKIE_LIFE_S + 1) == COOKIE_BAD,
           "our cookie is good no longer");
    expect(judge(&secrets, cookie, client, now_s - COOKIE_FUTURE_S) == COOKIE_VALID,
           "clocks may differ");
    expect(judge(&secrets, cookie, client, now_s - COOKIE_FUTURE_S - 1) == COOKIE_BAD,
           "clocks may not differ by much");
    expect(judge(&successors, cookie, client, now_s) == COOKIE_VALID,
           "the secret before is still good");
    expect(judge(&others, cookie, client, now_s) == COOKIE_BAD, "other secrets make other cookies");
    neighbour.octets[neighbour.length - 1] ^= 1;
    expect(judge(&secrets, cookie, &neighbour, now_s) == COOKIE_BAD,
           "a cookie is good for one address");
    cookie[change % COOKIE_LENGTH] ^= (uint8_t)(1U << (change / COOKIE_LENGTH % 8));
    expect(judge(&secrets, cookie, client, now_s) == COOKIE_BAD, "a changed cookie is not ours");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const struct address clients[] = {
        {ADDRESS_V4_LENGTH, {203, 0, 113, 9}        },
        {ADDRESS_V6_LENGTH, {0x20, 0x01, 0x0d, 0xb8}},
    };
    struct input input = {octets, length};
    uint32_t now_s = (uint32_t)input_u16(&input) << 16 | input_u16(&input);
    uint8_t change = input_u8(&input);
    const struct address *client = &clients[change % 2];
    uint8_t reply[COOKIE_LENGTH];
    enum cookie_standing standing = COOKIE_ABSENT;

    if (!cookie_length_is_valid(input.left)) {
        return 0;
    }
    standing = cookie_turn(reply, &secrets, input.octets, input.left, client, now_s);
    expect((standing == COOKIE_CLIENT_ONLY) == (input.left == COOKIE_CLIENT_LENGTH),
           "a client's part alone is known as such");
    expect(standing != COOKIE_VALID, "nobody finds a cookie of ours by chance");
    expect(memcmp(reply, input.octets, COOKIE_CLIENT_LENGTH) == 0, "the client's part comes back");
    cookie_check(reply, client, now_s, change);
    return 0;
}
