/* SPDX-License-Identifier: MIT */

/*
 * zones/target.c - names and descriptions of members. Runs for every member of every table, so
 * digits are written by hand: printf would take most of the time of a build.
 */

#include "zones/target.h"

#include <ctype.h>
#include <string.h>

#include "zones/wire.h"

enum {
    DECIMAL = 10,
    HEXADECIMAL = 16,
    DIGITS_MAX = 5, /* of a 16-bit number in either base */
    V6_GROUPS = ADDRESS_V6_LENGTH / 2,
    ADDRESS_LABEL_SIZE = LABEL_MAX_LENGTH, /* "ip6-" and eight groups of four need 43 */
};

/* Write `value` without leading zeros; returns the octets written. */
static size_t number_write(char *text, unsigned value, unsigned base)
{
    char reversed[DIGITS_MAX];
    size_t length = 0;

    do {
        reversed[length++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (size_t i = 0; i < length; i++) {
        text[i] = reversed[length - 1 - i];
    }
    return length;
}

static size_t address_label(char label[ADDRESS_LABEL_SIZE], const struct address *address)
{
    bool is_v4 = address->length == ADDRESS_V4_LENGTH;
    size_t length = is_v4 ? 2 : 3;

    memcpy(label, is_v4 ? "ip" : "ip6", length);
    for (size_t i = 0; i < (is_v4 ? (size_t)ADDRESS_V4_LENGTH : (size_t)V6_GROUPS); i++) {
        unsigned group = is_v4
                             ? address->octets[i]
                             : (unsigned)(address->octets[2 * i] << 8 | address->octets[2 * i + 1]);

        label[length++] = '-';
        length += number_write(label + length, group, is_v4 ? DECIMAL : HEXADECIMAL);
    }
    return length;
}

static void literal_name(struct name *target, const struct address *address)
{
    name_root(target);
    for (size_t i = ADDRESS_V4_LENGTH; i > 0; i--) {
        char digits[DIGITS_MAX];
        size_t length = number_write(digits, address->octets[i - 1], DECIMAL);

        (void)name_prepend(target, digits, length); /* 17 octets at most */
    }
}

/* An id is checked in lower case: the name is made so anyway. */
static size_t instance_label(char label[LABEL_MAX_LENGTH + 1], const char *id)
{
    size_t length = strlen(id);

    if (length > LABEL_MAX_LENGTH) {
        return 0;
    }
    for (size_t i = 0; i <= length; i++) {
        label[i] = (char)tolower((unsigned char)id[i]);
    }
    return label_is_valid(label) ? length : 0;
}

bool target_label_is_possible(const struct zone *zone, const char *label)
{
    if (zone->target_names == TARGET_INSTANCE) {
        return strncmp(label, "i-", 2) == 0;
    }
    return strncmp(label, "ip-", 3) == 0 || strncmp(label, "ip6-", 4) == 0;
}

bool target_name(struct name *target, const struct zone *zone, const struct member *member,
                 struct error *error)
{
    char label[LABEL_MAX_LENGTH + 1];
    size_t length = 0;

    if (member->address.length != ADDRESS_V4_LENGTH &&
        member->address.length != ADDRESS_V6_LENGTH) {
        return error_set(error, "it has no address");
    }
    if (zone->target_names == TARGET_LITERAL && member->address.length == ADDRESS_V4_LENGTH) {
        literal_name(target, &member->address);
        return true;
    }
    if (zone->target_names == TARGET_INSTANCE) {
        length = instance_label(label, member->id);
        if (length == 0) {
            return error_set(error, "its id cannot be a DNS label");
        }
    } else {
        length = address_label(label, &member->address);
    }
    if (1 + length + zone->origin.length > NAME_MAX_LENGTH) {
        return error_set(error, "its target name would be longer than %d octets", NAME_MAX_LENGTH);
    }
    target->length = (uint8_t)(1 + length + zone->origin.length);
    target->octets[0] = (uint8_t)length;
    memcpy(target->octets + 1, label, length);
    memcpy(target->octets + 1 + length, zone->origin.octets, zone->origin.length);
    return true;
}

/* One character-string "key=value". */
static void string_write(struct wire_writer *writer, const char *key, const char *value)
{
    size_t key_length = strlen(key);
    size_t value_length = strnlen(value, TXT_STRING_MAX_LENGTH - key_length);

    wire_write_u8(writer, (uint8_t)(key_length + value_length));
    wire_write(writer, key, key_length);
    wire_write(writer, value, value_length);
}

size_t target_text(uint8_t rdata[TARGET_TEXT_SIZE], const struct member *member)
{
    char weight[DIGITS_MAX + 1] = {0};
    struct wire_writer writer;

    (void)number_write(weight, member->weight, DECIMAL);
    wire_writer_init(&writer, rdata, TARGET_TEXT_SIZE);
    string_write(&writer, "instance=", member->id);
    string_write(&writer, "zone=", member->az);
    string_write(&writer, "weight=", weight);
    string_write(&writer, "hold=", member->hold);
    return writer.position;
}

int target_text_compare(const uint8_t *left, size_t left_length, const uint8_t *right,
                        size_t right_length)
{
    size_t shorter = left_length < right_length ? left_length : right_length;
    int order = memcmp(left, right, shorter);

    return order != 0 ? order : (left_length > right_length) - (left_length < right_length);
}
