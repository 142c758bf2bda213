/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/ini.h - the syntax of the files that the AWS tools share. Pure.
 *
 * [section], "key = value", comments from '#' or ';' at a line's start or after white space.
 * A line that is indented deeper than the key above it belongs to that key's nested values,
 * which nothing here needs: it is skipped ("Shared config and credentials files", AWS SDKs and
 * Tools Reference Guide).
 */

#ifndef DISCOVERY_AWS_INI_H
#define DISCOVERY_AWS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

/* Longer lines are refused: a session token has at most 4096 characters. */
enum { INI_LINE_SIZE = 8192 };

/* A key of a section; "" stands for an empty value. The texts live for the call. */
typedef void (*ini_listener)(void *owner, const char *section, const char *key, const char *value);

/* Tell every key in order. False at the first line that is none of these, with its number. */
bool ini_parse(const char *text, size_t length, ini_listener listener, void *owner,
               struct error *error);

#endif
