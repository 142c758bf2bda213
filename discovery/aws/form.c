/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/form.c - percent encoding, and bodies made of it.
 */

#include "discovery/aws/form.h"

#include <stdbool.h>
#include <string.h>

enum { ENCODED_OCTETS = 3 }; /* "%2F" */

/* Not isalnum(): that asks the locale. */
static bool is_unreserved(char octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
           (octet >= '0' && octet <= '9') || octet == '-' || octet == '.' || octet == '_' ||
           octet == '~';
}

/* Write at `out` and return where it ends; nothing is terminated. */
static char *percent_write(char *out, const char *text, size_t length, const char *kept)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        unsigned char octet = (unsigned char)text[i];

        if (is_unreserved(text[i]) || (octet != '\0' && strchr(kept, octet) != NULL)) {
            *out++ = text[i];
            continue;
        }
        *out++ = '%';
        *out++ = digits[octet >> 4];
        *out++ = digits[octet & 15];
    }
    return out;
}

char *form_percent(const char *text, size_t length, const char *kept, struct arena *arena)
{
    char *encoded = arena_array(arena, length + 1, ENCODED_OCTETS);

    *percent_write(encoded, text, length, kept) = '\0';
    return encoded;
}

char *form_encode(const struct aws_parameter *parameters, size_t count, struct arena *arena)
{
    size_t octets = 1;
    char *body;
    char *end;

    for (size_t i = 0; i < count; i++) {
        octets += strlen(parameters[i].name) + strlen(parameters[i].value) + 1;
    }
    body = arena_array(arena, octets, ENCODED_OCTETS);
    end = body;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *end++ = '&';
        }
        end = percent_write(end, parameters[i].name, strlen(parameters[i].name), "");
        *end++ = '=';
        end = percent_write(end, parameters[i].value, strlen(parameters[i].value), "");
    }
    *end = '\0';
    return body;
}
