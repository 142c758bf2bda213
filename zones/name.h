/* SPDX-License-Identifier: MIT */

/*
 * zones/name.h - domain names in wire form (RFC 1035 section 3.1).
 *
 * A `struct name` is a value: copy it, keep it, no ownership. Its octets are labels, each after
 * its length octet, ending with the root's 0; never compressed. Names that the table holds and
 * names that are looked up are in lower case (RFC 4343); every function here that makes a name
 * makes it so. All functions are pure and safe from any thread.
 */

#ifndef ZONES_NAME_H
#define ZONES_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/error.h"

enum {
    NAME_MAX_LENGTH = 255, /* octets with the root label, RFC 1035 section 2.3.4 */
    LABEL_MAX_LENGTH = 63, /* RFC 1035 section 2.3.4 */
    NAME_MAX_TEXT = 1024,  /* 255 octets as \DDD each, dots and NUL: always enough */
};

struct name {
    uint8_t length; /* 1 to 255; 1 is the root */
    uint8_t octets[NAME_MAX_LENGTH];
};

/* The root name. */
void name_root(struct name *name);

/*
 * Read presentation text ("www.example.com", a final dot is allowed; \. and \DDD escapes).
 * The name is taken as absolute. False, with what is wrong: empty text, an empty label, a label
 * of more than 63 octets, more than 255 octets in all, a broken escape.
 */
bool name_from_text(struct name *name, const char *text, struct error *error);

/*
 * Read an uncompressed name at the start of `octets`, lower-casing it. Returns the octets that
 * it takes, or 0 when it is cut short, holds a pointer or reserved label type, or is too long.
 */
size_t name_from_wire(struct name *name, const uint8_t *octets, size_t available);

/* Write presentation text with a final dot, escaped, into `text` of NAME_MAX_TEXT; returns it. */
char *name_to_text(const struct name *name, char *text);

bool name_equals(const struct name *left, const struct name *right);

/* 32-bit hash of the octets; the same for equal names, the same on every machine. */
uint32_t name_hash(const uint8_t *octets, size_t length);

/* `name` is `ancestor` itself or lies below it. */
bool name_is_within(const struct name *name, const struct name *ancestor);

/* Write the name without its first label. False for the root, which has no parent. */
bool name_parent(const struct name *name, struct name *parent);

/*
 * Put one label of `length` octets, lower-cased, before `name`. False, with `name` unchanged,
 * when the label is empty or over 63 octets or the result would be over 255.
 */
bool name_prepend(struct name *name, const char *label, size_t length);

/*
 * Whether `text` is one host label: 1 to 63 of [a-z0-9_-], neither end a hyphen. The letters
 * that HAProxy takes in a name (facts: [-_A-Za-z0-9]), in lower case.
 */
bool label_is_valid(const char *text);

#endif
