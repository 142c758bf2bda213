/* SPDX-License-Identifier: MIT */

/*
 * server/config_tree.h - a configuration file as sections and texts, before anything is a value.
 *
 *     text --config_outline--> which section and key stands on which line
 *          --libconfuse------> the texts of titles and values
 *          --config_build----> struct config
 *
 * Everything lies in one arena.
 */

#ifndef SERVER_CONFIG_TREE_H
#define SERVER_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "server/config_schema.h"
#include "zones/arena.h"

/* What the file says of one key. */
struct config_setting {
    unsigned line; /* 0: the key is not set */
    const char *const *texts;
    size_t count;
};

struct config_section {
    enum section_kind kind;
    size_t parent;                   /* index into the tree's sections; of the root: 0 */
    size_t ordinal;                  /* among the parent's of its kind that are refused as it is */
    size_t twin;                     /* of one that is there twice the first one's index, else 0 */
    bool is_refused;                 /* may not stand so, was told, is kept to be judged only */
    const char *title;               /* "" when its kind has none */
    unsigned line;                   /* of its name */
    struct config_setting *settings; /* one for every row of config_keys, by index */
};

struct config_tree {
    struct arena *arena;
    struct config_section *sections; /* in file order; the first is the root */
    size_t count;
    size_t capacity;
    unsigned cut_line; /* line of the syntax error that ended the reading, 0: it was read whole */
};

#endif
