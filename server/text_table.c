/* SPDX-License-Identifier: MIT */

/*
 * server/text_table.c - measures the columns, then prints.
 */

#include "server/text_table.h"

#include <string.h>

#include "discovery/utf8.h"

enum { FIRST_ROWS = 16 };

void text_table_open(struct text_table *table, struct arena *arena, size_t columns, unsigned right)
{
    *table = (struct text_table){.arena = arena, .columns = columns, .right = right};
}

void text_table_row(struct text_table *table, const char *const *cells)
{
    size_t row_size = table->columns * sizeof(*cells);

    if (table->row_count == table->row_capacity) {
        size_t capacity = table->row_capacity == 0 ? FIRST_ROWS : 2 * table->row_capacity;
        const char **larger = arena_array(table->arena, capacity, row_size);

        if (table->row_count > 0) {
            memcpy(larger, table->cells, table->row_count * row_size);
        }
        table->cells = larger;
        table->row_capacity = capacity;
    }
    memcpy(&table->cells[table->row_count * table->columns], cells, row_size);
    table->row_count++;
}

/* Print to `out`, or only measure when it is NULL. Returns the number of characters. */
static int cell_print(const char *text, FILE *out)
{
    size_t left = strlen(text);
    int width = 0;

    for (; left > 0; width++) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, left, &character);
        bool is_shown = length > 0 && utf8_is_printable(character);

        if (out != NULL) {
            (void)fwrite(is_shown ? text : "?", 1, is_shown ? length : 1, out);
        }
        length = length == 0 ? 1 : length;
        text += length;
        left -= length;
    }
    return width;
}

void text_print(const char *text, FILE *out)
{
    (void)cell_print(text, out);
}

static void row_print(const struct text_table *table, size_t row, const int *widths, FILE *out)
{
    int owed = 0; /* spaces before the next cell that is not empty: none stand at a line's end */

    for (size_t column = 0; column < table->columns; column++) {
        const char *cell = table->cells[row * table->columns + column];
        int padding = widths[column] - cell_print(cell, NULL);
        bool is_right = (table->right & 1U << column) != 0;

        if (cell[0] != '\0') {
            (void)fprintf(out, "%*s", owed + (is_right ? padding : 0), "");
            text_print(cell, out);
            owed = is_right ? 0 : padding;
        } else {
            owed += padding;
        }
        owed += 2;
    }
    (void)putc('\n', out);
}

void text_table_print(const struct text_table *table, int indent, FILE *out)
{
    int widths[TEXT_TABLE_COLUMNS] = {0};

    for (size_t i = 0; i < table->row_count * table->columns; i++) {
        int width = cell_print(table->cells[i], NULL);
        int *widest = &widths[i % table->columns];

        *widest = width > *widest ? width : *widest;
    }
    for (size_t row = 0; row < table->row_count; row++) {
        (void)fprintf(out, "%*s", indent, "");
        row_print(table, row, widths, out);
    }
}
