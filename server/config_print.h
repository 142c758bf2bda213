/* SPDX-License-Identifier: MIT */

/*
 * server/config_print.h - a tree as a configuration file.
 */

#ifndef SERVER_CONFIG_PRINT_H
#define SERVER_CONFIG_PRINT_H

#include <stdio.h>

#include "server/config_tree.h"

/* Every key of every section that the file has, with defaults. Reads back as the same values. */
void config_tree_print(const struct config_tree *tree, FILE *out);

#endif
