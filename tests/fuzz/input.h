/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/input.h - taking an input apart: numbers from its front, and rows of fields.
 *
 * Past its end an input gives zeros and empty texts, so that every input is a whole one.
 */

#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "zones/arena.h"

enum { FIELD_END = 0x1f, ROW_END = 0x1e }; /* ASCII's unit and record separators */

struct input {
    const uint8_t *octets;
    size_t left;
};

static inline uint8_t input_u8(struct input *input)
{
    uint8_t value = 0;

    if (input->left > 0) {
        value = *input->octets++;
        input->left--;
    }
    return value;
}

static inline uint16_t input_u16(struct input *input)
{
    uint8_t high = input_u8(input);

    return (uint16_t)(high << 8 | input_u8(input));
}

/*
 * The text up to the next FIELD_END, ROW_END or NUL; NULL when it is "-", as a value that is not
 * there. At a ROW_END the input stays, and gives empty texts until input_row_end().
 */
static inline const char *input_field(struct input *input, struct arena *arena)
{
    size_t length = 0;
    const char *text = NULL;

    while (length < input->left && input->octets[length] != FIELD_END &&
           input->octets[length] != ROW_END && input->octets[length] != 0) {
        length++;
    }
    text = length == 0 ? "" : arena_string_of(arena, (const char *)input->octets, length);
    input->octets += length;
    input->left -= length;
    if (input->left > 0 && input->octets[0] != ROW_END) {
        input->octets++;
        input->left--;
    }
    return strcmp(text, "-") == 0 ? NULL : text;
}

static inline void input_row_end(struct input *input)
{
    while (input->left > 0 && input_u8(input) != ROW_END) {
    }
}

#endif
