/* SPDX-License-Identifier: MIT */

/*
 * zones/name.c - domain names: from and to text and wire, comparing, hashing.
 */

#include "zones/name.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* Longest part of a wrong name that a message quotes. */
enum { QUOTED_MAX = 100 };

static uint8_t octet_lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

static bool octet_is_digit(char octet)
{
    return octet >= '0' && octet <= '9';
}

void name_root(struct name *name)
{
    name->length = 1;
    name->octets[0] = 0;
}

/*
 * Read one octet of a label, which may be written as \X or \DDD (RFC 1035 section 5.1). Returns
 * what follows it, or NULL for an escape that is cut short or above 255.
 */
static const char *text_read_octet(const char *text, uint8_t *octet)
{
    unsigned value = 0;

    if (text[0] != '\\') {
        *octet = (uint8_t)text[0];
        return text + 1;
    }
    if (text[1] == '\0') {
        return NULL;
    }
    if (!octet_is_digit(text[1])) {
        *octet = (uint8_t)text[1];
        return text + 2;
    }
    if (!octet_is_digit(text[2]) || !octet_is_digit(text[3])) {
        return NULL;
    }
    value = (unsigned)(text[1] - '0') * 100 + (unsigned)(text[2] - '0') * 10 +
            (unsigned)(text[3] - '0');
    *octet = (uint8_t)value;
    return value > UINT8_MAX ? NULL : text + 4;
}

/*
 * Read labels until the text ends. The length octet of the label under way is at `start`; one
 * octet is always left for the root's. Returns NULL, or what is wrong.
 */
static const char *name_read_labels(struct name *name, const char *text)
{
    size_t start = 0;
    size_t end = 1;

    while (*text != '\0') {
        uint8_t octet = 0;

        if (*text == '.') {
            if (end == start + 1) {
                return "empty label";
            }
            name->octets[start] = (uint8_t)(end - start - 1);
            start = end++;
            text++;
            continue;
        }
        text = text_read_octet(text, &octet);
        if (text == NULL) {
            return "broken escape";
        }
        if (end - start > LABEL_MAX_LENGTH) {
            return "label of more than 63 octets";
        }
        if (end >= NAME_MAX_LENGTH - 1) {
            return "more than 255 octets";
        }
        name->octets[end++] = octet_lower(octet);
    }
    /* Without a final dot the last label is still open, and the root's octet comes after it. */
    if (end > start + 1) {
        name->octets[start] = (uint8_t)(end - start - 1);
        start = end++;
    }
    name->octets[start] = 0;
    name->length = (uint8_t)end;
    return NULL;
}

bool name_from_text(struct name *name, const char *text, struct error *error)
{
    const char *wrong = NULL;

    if (text[0] == '\0') {
        return error_set(error, "name \"\": empty");
    }
    if (strcmp(text, ".") == 0) {
        name_root(name);
        return true;
    }
    wrong = name_read_labels(name, text);
    if (wrong != NULL) {
        return error_set(error, "name \"%.*s\": %s", QUOTED_MAX, text, wrong);
    }
    return true;
}

size_t name_from_wire(struct name *name, const uint8_t *octets, size_t available)
{
    size_t position = 0;

    if (available > NAME_MAX_LENGTH) {
        available = NAME_MAX_LENGTH;
    }
    while (position < available) {
        size_t length = octets[position];

        name->octets[position++] = (uint8_t)length;
        if (length == 0) {
            name->length = (uint8_t)position;
            return position;
        }
        /* 64 and above are pointers and the types that RFC 6891 section 5 retired. */
        if (length > LABEL_MAX_LENGTH || length > available - position) {
            return 0;
        }
        for (; length > 0; length--, position++) {
            name->octets[position] = octet_lower(octets[position]);
        }
    }
    return 0;
}

char *name_to_text(const struct name *name, char *text)
{
    char *out = text;
    size_t position = 0;

    if (name->length <= 1) {
        memcpy(text, ".", 2);
        return text;
    }
    while (name->octets[position] != 0) {
        size_t end = position + 1 + name->octets[position];

        for (position++; position < end; position++) {
            uint8_t octet = name->octets[position];

            if (octet <= 0x20 || octet >= 0x7f) {
                out += snprintf(out, 5, "\\%03u", (unsigned)octet);
                continue;
            }
            /* What a zone file gives a meaning of its own. */
            if (strchr(".\\\"();@$", octet) != NULL) {
                *out++ = '\\';
            }
            *out++ = (char)octet;
        }
        *out++ = '.';
    }
    *out = '\0';
    return text;
}

bool name_equals(const struct name *left, const struct name *right)
{
    return left->length == right->length && memcmp(left->octets, right->octets, left->length) == 0;
}

/* Eight octets as a little-endian number, on every machine. */
static uint64_t octets_load(const uint8_t *octets)
{
    uint64_t word = 0;

    memcpy(&word, octets, sizeof(word));
    return le64toh(word);
}

uint32_t name_hash(const uint8_t *octets, size_t length)
{
    /* An odd multiplier with its bits well spread: 2^64 divided by the golden ratio. */
    const uint64_t multiplier = 0x9e3779b97f4a7c15U;
    uint64_t hash = length * multiplier;
    uint64_t last = 0;
    size_t position = 0;

    /* Eight octets a step. Flooding is no matter: who asks for names cannot add any. */
    for (; length - position > 8; position += 8) {
        hash = (hash ^ octets_load(octets + position)) * multiplier;
        hash ^= hash >> 32;
    }
    /* The last eight overlap those before them, which is quicker than octet by octet. */
    if (length >= 8) {
        last = octets_load(octets + length - 8);
    } else {
        for (size_t index = 0; index < length; index++) {
            last |= (uint64_t)octets[index] << (8 * index);
        }
    }
    hash = (hash ^ last) * multiplier;
    hash ^= hash >> 29;
    hash *= multiplier;
    return (uint32_t)(hash >> 32);
}

bool name_is_within(const struct name *name, const struct name *ancestor)
{
    size_t start = 0;

    /* Only where a label begins can the ancestor begin. */
    while ((size_t)name->length - start > ancestor->length) {
        start += 1U + name->octets[start];
    }
    return (size_t)name->length - start == ancestor->length &&
           memcmp(name->octets + start, ancestor->octets, ancestor->length) == 0;
}

bool name_parent(const struct name *name, struct name *parent)
{
    size_t first = 1U + name->octets[0];

    if (name->length <= 1) {
        return false;
    }
    /* `parent` may be `name` itself. */
    parent->length = (uint8_t)(name->length - first);
    memmove(parent->octets, name->octets + first, parent->length);
    return true;
}

bool name_prepend(struct name *name, const char *label, size_t length)
{
    if (length == 0 || length > LABEL_MAX_LENGTH || name->length + 1 + length > NAME_MAX_LENGTH) {
        return false;
    }
    memmove(name->octets + 1 + length, name->octets, name->length);
    name->octets[0] = (uint8_t)length;
    for (size_t index = 0; index < length; index++) {
        name->octets[1 + index] = octet_lower((uint8_t)label[index]);
    }
    name->length = (uint8_t)(name->length + 1 + length);
    return true;
}

/* A table, as this runs for every member: letters and digits of ids come in no order. */
static const bool octet_is_host[UINT8_MAX + 1] = {
    ['-'] = true, ['_'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true,
    ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true,
    ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true,
    ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true,
    ['y'] = true, ['z'] = true,
};

bool label_is_valid(const char *text)
{
    size_t length = 0;

    while (octet_is_host[(uint8_t)text[length]]) {
        if (++length > LABEL_MAX_LENGTH) {
            return false;
        }
    }
    return length > 0 && text[length] == '\0' && text[0] != '-' && text[length - 1] != '-';
}
