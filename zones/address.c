/* SPDX-License-Identifier: MIT */

/*
 * zones/address.c - addresses and prefixes from and to text, and their order.
 */

#include "zones/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* The twelve octets before the IPv4 address in ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
static const uint8_t mapped_start[12] = {[10] = 0xff, [11] = 0xff};

static bool address_is_mapped(const struct address *address)
{
    return address->length == ADDRESS_V6_LENGTH &&
           memcmp(address->octets, mapped_start, sizeof(mapped_start)) == 0;
}

const struct address *address_unmapped(const struct address *address, struct address *v4)
{
    if (!address_is_mapped(address)) {
        return address;
    }
    *v4 = (struct address){.length = ADDRESS_V4_LENGTH};
    memcpy(v4->octets, address->octets + sizeof(mapped_start), ADDRESS_V4_LENGTH);
    return v4;
}

bool address_parse(struct address *address, const char *text)
{
    struct address parsed = {.length = ADDRESS_V4_LENGTH};

    if (inet_pton(AF_INET, text, parsed.octets) != 1) {
        parsed = (struct address){.length = ADDRESS_V6_LENGTH};
        if (inet_pton(AF_INET6, text, parsed.octets) != 1) {
            return false;
        }
    }
    *address = parsed;
    return true;
}

char *address_to_text(const struct address *address, char *text)
{
    int family = address->length == ADDRESS_V4_LENGTH ? AF_INET : AF_INET6;

    if (address->length == 0 ||
        inet_ntop(family, address->octets, text, ADDRESS_MAX_TEXT) == NULL) {
        snprintf(text, ADDRESS_MAX_TEXT, "none");
    }
    return text;
}

int address_compare(const struct address *left, const struct address *right)
{
    if (left->length != right->length) {
        return left->length < right->length ? -1 : 1;
    }
    return memcmp(left->octets, right->octets, left->length);
}

bool address_is_unicast(const struct address *address)
{
    static const uint8_t unspecified[ADDRESS_V6_LENGTH] = {0};

    switch (address->length) {
    case ADDRESS_V4_LENGTH:
        /* 224.0.0.0/4 is multicast and 240.0.0.0/4 reserved (RFC 6890). */
        return address->octets[0] != 0 && address->octets[0] < 224;
    case ADDRESS_V6_LENGTH:
        return address->octets[0] != 0xff && !address_is_mapped(address) &&
               memcmp(address->octets, unspecified, sizeof(unspecified)) != 0;
    default:
        return false;
    }
}

/* Whether the first `bits` bits of both are the same. */
static bool octets_match(const uint8_t *left, const uint8_t *right, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (memcmp(left, right, whole) != 0) {
        return false;
    }
    return rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0;
}

static bool address_has_host_bits(const struct address *address, unsigned bits)
{
    struct address network = {.length = address->length};
    unsigned whole = bits / 8;

    memcpy(network.octets, address->octets, whole);
    if (bits % 8 != 0) {
        network.octets[whole] = (uint8_t)(address->octets[whole] & (0xff00 >> (bits % 8)));
    }
    return address_compare(&network, address) != 0;
}

/* One to three digits without a leading zero, at most `max`. */
static bool prefix_length_parse(const char *text, unsigned max, uint8_t *bits)
{
    size_t digits = strspn(text, "0123456789");
    unsigned value = 0;

    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t index = 0; index < digits; index++) {
        value = value * 10 + (unsigned)(text[index] - '0');
    }
    *bits = (uint8_t)value;
    return value <= max;
}

bool prefix_parse(struct prefix *prefix, const char *text, struct error *error)
{
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    char address[ADDRESS_MAX_TEXT] = "";
    struct prefix parsed = {.bits = 0};
    unsigned max = 0;

    if (length < sizeof(address)) {
        (void)snprintf(address, sizeof(address), "%.*s", (int)length, text);
    }
    if (!address_parse(&parsed.network, address)) {
        return error_set(error, "\"%.*s\": not an IPv4 or IPv6 address or prefix",
                         2 * ADDRESS_MAX_TEXT, text);
    }
    max = parsed.network.length * 8U;
    parsed.bits = (uint8_t)max;
    if (slash != NULL && !prefix_length_parse(slash + 1, max, &parsed.bits)) {
        return error_set(error, "\"%.*s\": the prefix length is not a number from 0 to %u",
                         2 * ADDRESS_MAX_TEXT, text, max);
    }
    if (address_has_host_bits(&parsed.network, parsed.bits)) {
        return error_set(error, "\"%s\": bits after the first %u are not 0", text,
                         (unsigned)parsed.bits);
    }
    /* Never matched, because addresses of that kind are looked up as IPv4. */
    if (address_is_mapped(&parsed.network)) {
        return error_set(error, "\"%s\": write an IPv4-mapped prefix as IPv4", text);
    }
    *prefix = parsed;
    return true;
}

char *prefix_to_text(const struct prefix *prefix, char *text)
{
    size_t length = strlen(address_to_text(&prefix->network, text));

    snprintf(text + length, ADDRESS_MAX_TEXT + 4 - length, "/%u", (unsigned)prefix->bits);
    return text;
}

bool prefix_list_contains(const struct prefix *prefixes, size_t count,
                          const struct address *address)
{
    struct address v4;

    address = address_unmapped(address, &v4);
    for (size_t index = 0; index < count; index++) {
        const struct prefix *prefix = &prefixes[index];

        if (prefix->network.length == address->length &&
            octets_match(prefix->network.octets, address->octets, prefix->bits)) {
            return true;
        }
    }
    return false;
}
