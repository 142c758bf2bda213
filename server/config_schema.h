/* SPDX-License-Identifier: MIT */

/*
 * server/config_schema.h - the one table of configuration keys.
 *
 * One row per key: the reader, the ranges, the defaults, --print-config and the reference in
 * CONFIGURATION.md all walk it. A new key is one row here and one field where its value goes.
 */

#ifndef SERVER_CONFIG_SCHEMA_H
#define SERVER_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/config.h"

enum section_kind {
    SECTION_ROOT, /* the file itself */
    SECTION_ZONE,
    SECTION_CLUSTER,
    SECTION_EC2,
    SECTION_LIFECYCLE,
    SECTION_EVENTS,
    SECTION_FILE,
    SECTION_SECONDARY,
    SECTION_KEY,
    SECTION_KINDS
};

/* How the text of a value is read; config_values.c has one row for each. */
enum config_type {
    TYPE_TEXT,
    TYPE_PATH,
    TYPE_NUMBER,
    TYPE_SECONDS,      /* a duration, kept in whole seconds */
    TYPE_MILLISECONDS, /* a duration, kept in milliseconds */
    TYPE_CHOICE,
    TYPE_SOCKET,
    TYPE_PREFIX,
    TYPE_NAME,
    TYPE_LABELS, /* cluster-name: labels with {group} in one of them */
    TYPE_REGION,
    TYPE_QUEUE_URL,
    TYPE_PROXY,
    TYPE_FILTER,
};

struct config_choice {
    const char *name; /* NULL ends the list */
    int number;
};

struct config_section_row {
    const char *name;
    const char *title;  /* what the text after the name is; NULL: the section has none */
    size_t values_size; /* of the struct that the keys' offsets lie in; 0: nothing is kept */
    const char *help;
    enum section_kind parent;
    bool is_unbuilt;
};

struct config_key {
    enum section_kind section;
    const char *name;
    enum config_type type;
    bool is_list;
    bool is_unbuilt;
    size_t offset;       /* where the value goes, in the section's struct */
    size_t size;         /* of the field there; 0: the value is checked, not kept */
    size_t count_offset; /* lists: where the number of elements (size_t) goes */
    /* As written in a file; lists are separated by spaces. NULL: the key must be set. "": it need
     * not be, and an empty text is the same as not setting it. */
    const char *fallback;
    int64_t min; /* numbers and durations, the latter in milliseconds */
    int64_t max;
    const struct config_choice *choices;
    const char *help;
};

/* What the keys of an ec2 or file section are read into. */
struct source_values {
    struct config_source source;
    struct membership_rules rules;
    const char *zone;
};

/* What the keys of a lifecycle section are read into. */
struct lifecycle_values {
    const char *launch_hook; /* NULL: not set */
    const char *terminate_hook;
    int64_t drain_ms;
    int64_t resolve_interval_ms;
};

/* What the keys of an events section are read into. */
struct events_values {
    const char *queue_url; /* NULL: not set */
};

/* What the keys of a secondary section are read into, to check them. */
struct secondary_values {
    const char *key;
};

/* Indexed by enum section_kind. */
extern const struct config_section_row config_sections[SECTION_KINDS];

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The index of key `name` of `length` octets in `section`, or config_key_count. */
size_t config_key_find(enum section_kind section, const char *name, size_t length);

/* The kind of section `name` within `parent`, or SECTION_KINDS. */
enum section_kind config_section_find(enum section_kind parent, const char *name, size_t length);

#endif
