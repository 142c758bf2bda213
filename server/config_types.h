/* SPDX-License-Identifier: MIT */

/*
 * server/config_types.h - a value of any type that the table of keys names. Pure, any thread.
 */

#ifndef SERVER_CONFIG_TYPES_H
#define SERVER_CONFIG_TYPES_H

#include "server/config_values.h"

/* A value of any type; a list's elements are copied out of it. */
union config_value {
    int64_t number; /* numbers, durations in the unit of their type, choices */
    const char *text;
    struct config_listen socket;
    struct prefix prefix;
    struct name name;
    struct ec2_filter filter;
};

/* Read `text` as a value of `key`. Texts are borrowed, what must be made lies in `arena`. */
bool config_value_parse(union config_value *value, const struct config_key *key, const char *text,
                        struct arena *arena, struct error *error);

/* Of one element of a list of `type`. */
size_t config_type_size(enum config_type type);

/* The type in words, for the reference: "duration". */
const char *config_type_name(enum config_type type);

#endif
