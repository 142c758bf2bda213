/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/ini.h - the syntax of the files that the AWS tools share. Pure.
 *
 * [section], "key = value", comments from '#' or ';' at a line's start or after white space.
 * Lines that are indented deeper than the key above them are that key's nested values, as in
 *
 *     [services local]
 *     ec2 =
 *       endpoint_url = http://127.0.0.1:8000
 *
 * ("Shared config and credentials files", AWS SDKs and Tools Reference Guide).
 */

#ifndef DISCOVERY_AWS_INI_H
#define DISCOVERY_AWS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

/* Longer lines are refused: a session token has at most 4096 characters. */
enum { INI_LINE_SIZE = 8192 };

/* The texts live for the call. */
struct ini_entry {
    const char *section;
    const char *parent; /* the key that it is nested in; NULL: none */
    const char *key;
    const char *value; /* "": empty */
};

typedef void (*ini_listener)(void *owner, const struct ini_entry *entry);

/*
 * Tell every key in order. What is nested below a key that has a value itself continues that
 * value for other tools; nothing here has such, and it is skipped, as are nested lines without
 * '='. False at the first line that is none of these, with its number.
 */
bool ini_parse(const char *text, size_t length, ini_listener listener, void *owner,
               struct error *error);

#endif
