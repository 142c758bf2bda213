/* SPDX-License-Identifier: MIT */

/*
 * server/siphash.c - four words of state; two rounds a word of input, four at the end. Words are
 * little-endian.
 */

#include "server/siphash.h"

enum { WORD_LENGTH = 8, ROUNDS_A_WORD = 2, ROUNDS_AT_END = 4 };

struct siphash {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static uint64_t word_load(const uint8_t *octets, size_t length)
{
    uint64_t word = 0;

    for (size_t i = 0; i < length; i++) {
        word |= (uint64_t)octets[i] << 8 * i;
    }
    return word;
}

static uint64_t word_turn(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void siphash_mix(struct siphash *state, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        state->v0 += state->v1;
        state->v2 += state->v3;
        state->v1 = word_turn(state->v1, 13) ^ state->v0;
        state->v3 = word_turn(state->v3, 16) ^ state->v2;
        state->v0 = word_turn(state->v0, 32);
        state->v2 += state->v1;
        state->v0 += state->v3;
        state->v1 = word_turn(state->v1, 17) ^ state->v2;
        state->v3 = word_turn(state->v3, 21) ^ state->v0;
        state->v2 = word_turn(state->v2, 32);
    }
}

static void siphash_take(struct siphash *state, uint64_t word)
{
    state->v3 ^= word;
    siphash_mix(state, ROUNDS_A_WORD);
    state->v0 ^= word;
}

void siphash_2_4(uint8_t hash[SIPHASH_LENGTH], const uint8_t key[SIPHASH_KEY_LENGTH],
                 const uint8_t *octets, size_t length)
{
    uint64_t key0 = word_load(key, WORD_LENGTH);
    uint64_t key1 = word_load(key + WORD_LENGTH, WORD_LENGTH);
    /* "somepseudorandomlygeneratedbytes" */
    struct siphash state = {key0 ^ 0x736f6d6570736575U, key1 ^ 0x646f72616e646f6dU,
                            key0 ^ 0x6c7967656e657261U, key1 ^ 0x7465646279746573U};
    size_t left = length % WORD_LENGTH;
    uint64_t sum = 0;

    for (size_t at = 0; at < length - left; at += WORD_LENGTH) {
        siphash_take(&state, word_load(octets + at, WORD_LENGTH));
    }
    siphash_take(&state, word_load(octets + length - left, left) | (uint64_t)length << 56);
    state.v2 ^= 0xff;
    siphash_mix(&state, ROUNDS_AT_END);
    sum = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    for (size_t i = 0; i < SIPHASH_LENGTH; i++) {
        hash[i] = (uint8_t)(sum >> 8 * i);
    }
}
