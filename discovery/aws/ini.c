/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/ini.c - one line at a time.
 */

#include "discovery/aws/ini.h"

#include <string.h>

static const char white[] = " \t\r";

struct ini {
    ini_listener listener;
    void *owner;
    char section[INI_LINE_SIZE];
    char parent[INI_LINE_SIZE]; /* the key above when its value was empty, else "" */
    bool in_section;
    bool after_key;
    size_t key_indent; /* of the key above */
};

/* Cut white space off the end. */
static void end_trim(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr(white, text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
}

/* A comment begins after white space only: keys and tokens may hold '#' and ';'. */
static void comment_cut(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((*at == '#' || *at == ';') && (at == text || at[-1] == ' ' || at[-1] == '\t')) {
            *at = '\0';
            return;
        }
    }
}

static bool section_read(struct ini *ini, char *line, struct error *error)
{
    char *close = strchr(line, ']');
    char *name = line + 1;

    if (close == NULL) {
        return error_set(error, "a section without ']'");
    }
    comment_cut(close + 1);
    end_trim(close + 1);
    if (close[1] != '\0') {
        return error_set(error, "something follows a section's ']'");
    }
    *close = '\0';
    name += strspn(name, white);
    end_trim(name);
    if (*name == '\0') {
        return error_set(error, "a section without a name");
    }
    memcpy(ini->section, name, strlen(name) + 1);
    ini->in_section = true;
    ini->after_key = false;
    return true;
}

/* "key = value" in place; both without white space at their ends. False without '='. */
static bool pair_split(char *line, char **value)
{
    *value = strchr(line, '=');
    if (*value == NULL) {
        return false;
    }
    *(*value)++ = '\0';
    end_trim(line);
    comment_cut(*value);
    end_trim(*value);
    *value += strspn(*value, white);
    return true;
}

static bool key_read(struct ini *ini, char *line, size_t indent, struct error *error)
{
    struct ini_entry entry = {.section = ini->section, .key = line};
    char *value;

    if (!pair_split(line, &value)) {
        return error_set(error, "neither [section] nor key = value");
    }
    if (!ini->in_section) {
        return error_set(error, "a key before the first [section]");
    }
    if (*line == '\0') {
        return error_set(error, "a value without a key");
    }
    ini->after_key = true;
    ini->key_indent = indent;
    ini->parent[0] = '\0';
    if (*value == '\0') {
        memcpy(ini->parent, line, strlen(line) + 1);
    }
    entry.value = value;
    ini->listener(ini->owner, &entry);
    return true;
}

static void nested_read(struct ini *ini, char *line)
{
    struct ini_entry entry = {.section = ini->section, .parent = ini->parent, .key = line};
    char *value;

    if (ini->parent[0] != '\0' && pair_split(line, &value) && *line != '\0') {
        entry.value = value;
        ini->listener(ini->owner, &entry);
    }
}

static bool line_read(struct ini *ini, char *line, struct error *error)
{
    size_t indent = strspn(line, white);
    char *text = line + indent;

    if (*text == '\0' || *text == '#' || *text == ';') {
        return true;
    }
    if (ini->after_key && indent > ini->key_indent) {
        nested_read(ini, text);
        return true;
    }
    return *text == '[' ? section_read(ini, text, error) : key_read(ini, text, indent, error);
}

bool ini_parse(const char *text, size_t length, ini_listener listener, void *owner,
               struct error *error)
{
    struct ini ini = {.listener = listener, .owner = owner};
    char line[INI_LINE_SIZE];

    for (size_t at = 0, number = 1; at < length; number++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t octets = (end == NULL ? length : (size_t)(end - text)) - at;

        if (octets >= sizeof(line)) {
            return error_set(error, "line %zu: longer than %d octets", number, INI_LINE_SIZE - 1);
        }
        memcpy(line, text + at, octets);
        line[octets] = '\0';
        if (strlen(line) != octets) {
            return error_set(error, "line %zu: a NUL octet", number);
        }
        if (!line_read(&ini, line, error)) {
            return error_prefix(error, "line %zu", number);
        }
        at += octets + 1;
    }
    return true;
}
