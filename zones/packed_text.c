/* SPDX-License-Identifier: MIT */

/*
 * zones/packed_text.c - ids as they are shortest, and the strings that members share.
 *
 *     | 0               | pair |           the id is the first label of the target's name
 *     | length, 1 to 63 | pair | id |
 *     | 1111 digit      | pair | 8 octets | "i-" and 17 hexadecimal digits: an id of EC2
 *
 *     pairs: for each the two character-strings "zone=…" and "hold=…" as the record has them
 */

#include "zones/packed_text.h"

#include <string.h>

#include "zones/target_name.h"
#include "zones/wire.h"

enum {
    ID_PREFIX_LENGTH = 2,
    ID_DIGITS = 17,
    ID_LENGTH = ID_PREFIX_LENGTH + ID_DIGITS,
    HEAD_LENGTH = 2,
    HEX_MARK = 0xf0, /* above every length */
    HEX_LENGTH = HEAD_LENGTH + (ID_DIGITS - 1) / 2,
    DIGIT_BITS = 4,
    DIGIT_MASK = 0xf,
    DECIMAL = 10,
    WEIGHT_DIGITS = 5,
};

static const char ID_PREFIX[] = "i-";
static const char DIGITS[] = "0123456789abcdef";

/* The value of each digit, with a bit that no other octet has: looked up 17 times a member. */
static const uint8_t DIGIT_VALUES[UINT8_MAX + 1] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
    ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b,
    ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
};

/* False for anything but "i-" and 17 digits in lower case. */
static bool hex_pack(uint8_t packed[HEX_LENGTH], const char *id)
{
    const uint8_t *digits = (const uint8_t *)id + ID_PREFIX_LENGTH;

    if (id[0] != ID_PREFIX[0] || id[1] != ID_PREFIX[1] || DIGIT_VALUES[digits[0]] == 0) {
        return false;
    }
    packed[0] = (uint8_t)(HEX_MARK | (DIGIT_VALUES[digits[0]] & DIGIT_MASK));
    digits++;
    for (size_t i = HEAD_LENGTH; i < HEX_LENGTH; i++, digits += 2) {
        uint8_t high = DIGIT_VALUES[digits[0]];
        uint8_t low = high == 0 ? 0 : DIGIT_VALUES[digits[1]];

        if (low == 0) {
            return false;
        }
        packed[i] = (uint8_t)(high << DIGIT_BITS | (low & DIGIT_MASK));
    }
    return digits[0] == '\0';
}

/* Write the id, and leave out the pair; returns the octets of the packed text, or 0. */
static size_t id_pack(uint8_t packed[PACKED_TEXT_MAX], const char *id, const uint8_t *name)
{
    size_t length = 0;

    if (strncmp(id, (const char *)name + 1, name[0]) == 0 && id[name[0]] == '\0') {
        packed[0] = 0;
        return HEAD_LENGTH;
    }
    if (hex_pack(packed, id)) {
        return HEX_LENGTH;
    }
    length = strnlen(id, PACKED_ID_MAX + 1);
    if (length == 0 || length > PACKED_ID_MAX) {
        return 0;
    }
    packed[0] = (uint8_t)length;
    memcpy(packed + HEAD_LENGTH, id, length);
    return HEAD_LENGTH + length;
}

static bool text_equals(const char *left, const char *right)
{
    return left == right || strcmp(left, right) == 0;
}

/* The number of the pair, TEXT_PAIRS_MAX when there is no room for it. */
static size_t pair_number(struct text_pairs *pairs, const char *az, const char *hold)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (text_equals(pairs->zones[i], az) && text_equals(pairs->holds[i], hold)) {
            return i;
        }
    }
    if (pairs->count == TEXT_PAIRS_MAX || strnlen(az, PACKED_AZ_MAX + 1) > PACKED_AZ_MAX ||
        strnlen(hold, PACKED_HOLD_MAX + 1) > PACKED_HOLD_MAX) {
        return TEXT_PAIRS_MAX;
    }
    pairs->zones[pairs->count] = az;
    pairs->holds[pairs->count] = hold;
    return pairs->count++;
}

size_t packed_text_make(uint8_t packed[PACKED_TEXT_MAX], struct text_pairs *pairs,
                        const struct member *member, const uint8_t *name)
{
    size_t length = id_pack(packed, member->id, name);
    size_t pair = length == 0 ? TEXT_PAIRS_MAX : pair_number(pairs, member->az, member->hold);

    packed[1] = (uint8_t)pair;
    return pair == TEXT_PAIRS_MAX ? 0 : length;
}

size_t packed_text_length(const uint8_t *packed)
{
    return packed[0] >= HEX_MARK ? (size_t)HEX_LENGTH : HEAD_LENGTH + (size_t)packed[0];
}

bool packed_text_is_of(const uint8_t *packed, const uint8_t *other, const char *id,
                       const uint8_t *name)
{
    uint8_t expected[PACKED_TEXT_MAX];
    size_t length = id_pack(expected, id, name);

    expected[1] = other[1];
    return length == packed_text_length(packed) && memcmp(packed, expected, length) == 0;
}

/* One character-string "key=value"; returns its octets. */
static size_t string_write(uint8_t *octets, const char *key, const void *value, size_t value_length)
{
    size_t key_length = strlen(key);
    struct wire_writer writer;

    wire_writer_init(&writer, octets, 1 + key_length + value_length);
    wire_write_u8(&writer, (uint8_t)(key_length + value_length));
    wire_write(&writer, key, key_length);
    wire_write(&writer, value, value_length);
    return writer.position;
}

size_t text_pairs_length(const struct text_pairs *pairs)
{
    size_t length = 0;

    for (size_t i = 0; i < pairs->count; i++) {
        length += 1 + strlen("zone=") + strlen(pairs->zones[i]);
        length += 1 + strlen("hold=") + strlen(pairs->holds[i]);
    }
    return length;
}

void text_pairs_write(uint8_t *octets, const struct text_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        octets += string_write(octets, "zone=", pairs->zones[i], strlen(pairs->zones[i]));
        octets += string_write(octets, "hold=", pairs->holds[i], strlen(pairs->holds[i]));
    }
}

static size_t hex_write(uint8_t *octets, const uint8_t *packed)
{
    char id[ID_LENGTH];

    memcpy(id, ID_PREFIX, ID_PREFIX_LENGTH);
    id[ID_PREFIX_LENGTH] = DIGITS[packed[0] & DIGIT_MASK];
    for (size_t i = HEAD_LENGTH; i < HEX_LENGTH; i++) {
        char *digits = id + ID_PREFIX_LENGTH + 1 + 2 * (i - HEAD_LENGTH);

        digits[0] = DIGITS[packed[i] >> DIGIT_BITS];
        digits[1] = DIGITS[packed[i] & DIGIT_MASK];
    }
    return string_write(octets, "instance=", id, sizeof(id));
}

static size_t id_write(uint8_t *octets, const uint8_t *packed, const uint8_t *name)
{
    if (packed[0] >= HEX_MARK) {
        return hex_write(octets, packed);
    }
    return packed[0] == 0 ? string_write(octets, "instance=", name + 1, name[0])
                          : string_write(octets, "instance=", packed + HEAD_LENGTH, packed[0]);
}

static size_t weight_write(uint8_t *octets, uint16_t weight)
{
    char digits[WEIGHT_DIGITS];
    size_t start = WEIGHT_DIGITS;

    do {
        digits[--start] = DIGITS[weight % DECIMAL];
        weight /= DECIMAL;
    } while (weight != 0);
    return string_write(octets, "weight=", digits + start, WEIGHT_DIGITS - start);
}

/* Copy the character-string at `*from` and go on behind it. */
static size_t string_copy(uint8_t *octets, const uint8_t **from)
{
    size_t length = 1 + (size_t) * *from;

    memcpy(octets, *from, length);
    *from += length;
    return length;
}

size_t packed_text_write(uint8_t rdata[PACKED_RDATA_MAX], const uint8_t *packed,
                         const uint8_t *pairs, const uint8_t *name)
{
    size_t length = id_write(rdata, packed, name);

    for (size_t strings = 2 * (size_t)packed[1]; strings > 0; strings--) {
        pairs += 1 + (size_t)pairs[0];
    }
    length += string_copy(rdata + length, &pairs);
    length += weight_write(rdata + length, target_weight(name));
    return length + string_copy(rdata + length, &pairs);
}
