/* SPDX-License-Identifier: MIT */

/*
 * zones/error.c - messages for a person, kept to one line of bounded length.
 */

#include "zones/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void text_make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char octet = (unsigned char)*text;

        if (octet < 0x20 || octet == 0x7f) {
            *text = '?';
        }
    }
}

bool error_set(struct error *error, const char *format, ...)
{
    /* The old text may be among the arguments. */
    char text[ERROR_TEXT_SIZE];
    va_list arguments;

    if (error == NULL) {
        return false;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_make_printable(text);
    memcpy(error->text, text, sizeof(text));
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    char context[ERROR_TEXT_SIZE];
    va_list arguments;

    if (error == NULL) {
        return false;
    }
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    return error_set(error, "%s: %s", context, error->text);
}
