/* SPDX-License-Identifier: MIT */

/*
 * server/status_table.h - the document of server/status.h as a person reads it.
 */

#ifndef SERVER_STATUS_TABLE_H
#define SERVER_STATUS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "zones/error.h"

/* Print it to `out`. False, with where and why, when it is not such a document. */
bool status_table_print(const char *json, size_t length, FILE *out, struct error *error);

#endif
