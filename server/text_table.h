/* SPDX-License-Identifier: MIT */

/*
 * server/text_table.h - rows of words in aligned columns, for a person at a terminal.
 *
 * Cells are text from anywhere: what would not show as itself, such as an escape sequence, is
 * printed as '?'. One thread.
 */

#ifndef SERVER_TEXT_TABLE_H
#define SERVER_TEXT_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "zones/arena.h"

enum { TEXT_TABLE_COLUMNS = 12 };

struct text_table {
    struct arena *arena;
    size_t columns;
    unsigned right; /* bits: columns of numbers, which are aligned at their right end */
    const char **cells;
    size_t row_count;
    size_t row_capacity;
};

/* An empty table; its rows lie in `arena`. `columns` is at most TEXT_TABLE_COLUMNS. */
void text_table_open(struct text_table *table, struct arena *arena, size_t columns, unsigned right);

/* Add a row of as many cells as the table has columns, borrowed until it is printed. */
void text_table_row(struct text_table *table, const char *const *cells);

/* Print every row, each after `indent` spaces; columns are two spaces apart. */
void text_table_print(const struct text_table *table, int indent, FILE *out);

/* Print one text as a cell would be. */
void text_print(const char *text, FILE *out);

#endif
