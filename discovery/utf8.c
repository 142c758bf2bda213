/* SPDX-License-Identifier: MIT */

/*
 * discovery/utf8.c - decoding UTF-8, and which characters a log line may hold.
 */

#include "discovery/utf8.h"

enum {
    SURROGATE_FIRST = 0xd800,
    SURROGATE_LAST = 0xdfff,
    CHARACTER_LAST = 0x10ffff,
};

size_t utf8_decode(const char *text, size_t available, uint32_t *character)
{
    /* The smallest character of each length: anything below is overlong. */
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *octets = (const unsigned char *)text;
    size_t length = 0;
    uint32_t value = octets[0];

    if (value < 0x80) {
        *character = value;
        return 1;
    }
    if (value >= 0xc0 && value < 0xe0) {
        length = 2;
        value &= 0x1f;
    } else if (value >= 0xe0 && value < 0xf0) {
        length = 3;
        value &= 0x0f;
    } else if (value >= 0xf0 && value < 0xf8) {
        length = 4;
        value &= 0x07;
    }
    if (length == 0 || length > available) {
        return 0;
    }
    for (size_t index = 1; index < length; index++) {
        if ((octets[index] & 0xc0) != 0x80) {
            return 0;
        }
        value = (value << 6) | (octets[index] & 0x3fU);
    }
    if (value < smallest[length] || value > CHARACTER_LAST ||
        (value >= SURROGATE_FIRST && value <= SURROGATE_LAST)) {
        return 0;
    }
    *character = value;
    return length;
}

bool utf8_is_printable(uint32_t character)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } hidden[] = {
        {0x0000,  0x001f },
        {0x007f,  0x009f },
        {0x00ad,  0x00ad }, /* soft hyphen */
        {0x061c,  0x061c }, /* Arabic letter mark */
        {0x200b,  0x200f }, /* zero width and direction marks */
        {0x2028,  0x202e }, /* line separators, embedding, override */
        {0x2060,  0x206f }, /* invisible operators, isolates */
        {0xd800,  0xf8ff }, /* surrogates, private use */
        {0xfdd0,  0xfdef }, /* not characters */
        {0xfeff,  0xfeff }, /* byte order mark */
        {0xfff0,  0xfffb },
        {0xe0000, 0xfffff}, /* tags, private use */
    };

    for (size_t index = 0; index < sizeof(hidden) / sizeof(hidden[0]); index++) {
        if (character >= hidden[index].first && character <= hidden[index].last) {
            return false;
        }
    }
    return character < 0x100000 && (character & 0xfffe) != 0xfffe;
}
