/* SPDX-License-Identifier: MIT */

/*
 * server/config_build.h - from the tree of a file to struct config.
 *
 *     config_values_read() -> config_check() -> config_assemble(), if nobody complained
 */

#ifndef SERVER_CONFIG_BUILD_H
#define SERVER_CONFIG_BUILD_H

#include <stddef.h>

#include "server/complaints.h"
#include "server/config_tree.h"

/* A configuration in the making. Everything lies in the configuration's arena. */
struct config_draft {
    const struct config_tree *tree;
    struct complaints *complaints;
    struct config *config;
    /* For each section of the tree the struct that its kind is read into (config_schema.h); NULL
     * for kinds of which nothing is kept. Of the root it is `config`. */
    void **values;
};

/* Read every value, defaults included. */
void config_values_read(struct config_draft *draft);

/* Complain about values that are right by themselves and wrong together. */
void config_check(const struct config_draft *draft);

/* Complain about the zones' record files, each at the line of its key. Needs the values only. */
void config_records_check(const struct config_draft *draft);

/* Likewise about the file with the secret of cookies. */
void config_cookies_check(const struct config_draft *draft);

/* And about the user to become, who may be unknown where an operator's verb runs. */
void config_user_check(const struct config_draft *draft);

/* Put the sections' values together into `config`. Only for a draft without complaints. */
void config_assemble(const struct config_draft *draft);

/* Fill the warnings of `config`: what is better not done. After config_assemble(). */
void config_warn(const struct config_draft *draft);

/* "zone sd.example.com", or "the file". */
const char *config_section_words(const struct config_draft *draft,
                                 const struct config_section *section);

/* The index of the next section of `kind` after `index`, or the tree's count. Start with 0. */
size_t config_section_next(const struct config_tree *tree, enum section_kind kind, size_t index);

/* The index of the zone section whose origin is `name`, or the tree's count. */
size_t config_zone_section(const struct config_draft *draft, const char *name);

#endif
