/* SPDX-License-Identifier: MIT */

/*
 * server/verb_table.h - the table of verbs and that of their options; options.c reads the command
 * line by them.
 */

#ifndef SERVER_VERB_TABLE_H
#define SERVER_VERB_TABLE_H

#include "server/options.h"

/* One bit of verb.options for each row of the table below. */
enum option_id {
    OPTION_CONFIG,
    OPTION_PRINT_CONFIG,
    OPTION_PRINT_REFERENCE,
    OPTION_OUTPUT,
    OPTION_CLUSTER,
    OPTION_AZ,
    OPTION_PERCENT,
    OPTION_FOR,
    OPTION_REASON,
    OPTION_WAIT,
    OPTION_WAIT_TIMEOUT,
    OPTION_RESOLVE,
    OPTION_DRY_RUN,
    OPTION_FORCE,
    OPTION_HELP,
    OPTION_COUNT
};

struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: none */
    const char *help;     /* NULL: not shown */
};

const struct option_row *option_row(enum option_id id);

/* The bit of verb.options. */
unsigned option_bit(enum option_id id);

/* The verbs in the order of help; NULL after the last one. */
const struct verb *verb_at(size_t index);

/* NULL: none has this name. */
const struct verb *verb_find(const char *name);

#endif
