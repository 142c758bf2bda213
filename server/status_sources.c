/* SPDX-License-Identifier: MIT */

/*
 * server/status_sources.c - reasons, a table, and what is frozen.
 */

#include "server/status_sources.h"

#include <inttypes.h>

#include "server/text_table.h"

enum { NOTES_MAX = 4 };

void status_reasons_print(struct document_reader *reader, const struct json_value *root)
{
    struct json_value reasons;
    struct json_value reason = {.node = NULL};

    if (!document_optional(reader, root, "reasons", JSON_ARRAY, &reasons)) {
        return;
    }
    while (!reader->is_wrong && json_each(&reasons, &reason)) {
        if (json_is(&reason, JSON_STRING, NULL)) {
            fputs("NOT READY: ", reader->out);
            text_print(json_text(&reason), reader->out);
            fputs("\n", reader->out);
        }
    }
}

static const char *refused_text(struct document_reader *reader, const struct json_value *source)
{
    struct json_value refused = document_member(reader, source, "refused", JSON_ARRAY);
    struct json_value instance = {.node = NULL};
    const char *text = "";

    while (!reader->is_wrong && json_each(&refused, &instance)) {
        text = arena_format(reader->arena, "%s%s%s (%s)", text, text[0] == '\0' ? "" : ", ",
                            document_text(reader, &instance, "id"),
                            document_text(reader, &instance, "problem"));
    }
    return text[0] == '\0' ? "" : arena_format(reader->arena, "refused: %s", text);
}

/* The changes that the flap rule holds back. */
static const char *waiting_text(struct document_reader *reader, const struct json_value *source)
{
    struct json_value waiting;
    struct json_value instance = {.node = NULL};
    const char *text = "";

    if (!document_optional(reader, source, "waiting", JSON_ARRAY, &waiting)) {
        return "";
    }
    while (!reader->is_wrong && json_each(&waiting, &instance)) {
        text = arena_format(reader->arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ",
                            document_text(reader, &instance, "id"));
    }
    return text[0] == '\0' ? "" : arena_format(reader->arena, "settling: %s", text);
}

/* Whatever there is to say of a source, in the order of its weight. */
static const char *source_notes(struct document_reader *reader, const struct json_value *source)
{
    const char *error = document_text_or(reader, source, "last_error", "");
    const char *notes[NOTES_MAX] = {""};
    struct json_value value;
    const char *text = "";

    if (document_optional(reader, source, "restored", JSON_BOOL, &value) && json_bool(&value)) {
        notes[0] = "from disk, not confirmed yet";
    }
    notes[1] = error[0] == '\0' ? "" : arena_format(reader->arena, "failing: %s", error);
    notes[2] = refused_text(reader, source);
    notes[3] = waiting_text(reader, source);
    for (size_t i = 0; i < NOTES_MAX; i++) {
        if (notes[i][0] != '\0') {
            text =
                arena_format(reader->arena, "%s%s%s", text, text[0] == '\0' ? "" : "; ", notes[i]);
        }
    }
    return text;
}

/* Freezes are what somebody should look at: a line each, not a cell. */
static void freezes_print(struct document_reader *reader, const struct json_value *source)
{
    struct json_value freezes;
    struct json_value freeze = {.node = NULL};

    if (!document_optional(reader, source, "freezes", JSON_ARRAY, &freezes)) {
        return;
    }
    while (!reader->is_wrong && json_each(&freezes, &freeze)) {
        int64_t held = document_integer(reader, &freeze, "held");
        int64_t members = document_integer(reader, &freeze, "members");
        int64_t age_ms = document_integer(reader, &freeze, "age_ms");
        const char *cluster = document_text(reader, &freeze, "cluster");

        if (!reader->is_wrong) {
            fprintf(reader->out, "FROZEN: %" PRId64 " of %" PRId64 " members of cluster ", held,
                    members);
            text_print(cluster, reader->out);
            fprintf(reader->out, " gone at once are kept, since %s; rollcall accept ",
                    age_text(reader->arena, age_ms));
            text_print(cluster, reader->out);
            fputs(" lets them go\n", reader->out);
        }
    }
}

void status_sources_print(struct document_reader *reader, const struct json_value *root)
{
    static const char *const titles[] = {"SOURCE", "FRESH", "LOOKS", "FAILED", "MEMBERS", ""};
    struct json_value sources = document_member(reader, root, "sources", JSON_ARRAY);
    struct json_value source = {.node = NULL};
    struct text_table table;

    text_table_open(&table, reader->arena, sizeof(titles) / sizeof(titles[0]),
                    1U << 2 | 1U << 3 | 1U << 4);
    text_table_row(&table, titles);
    while (!reader->is_wrong && json_each(&sources, &source)) {
        struct json_value age;
        bool has_looked = !json_member(&source, "age_ms", JSON_NULL, &age, NULL);
        const char *cells[] = {
            document_text(reader, &source, "name"),
            has_looked
                ? arena_format(reader->arena, "%s ago",
                               age_text(reader->arena, document_integer(reader, &source, "age_ms")))
                : "never",
            document_integer_text(reader, &source, "looks"),
            document_integer_text(reader, &source, "failures"),
            document_integer_text(reader, &source, "members"),
            source_notes(reader, &source),
        };

        text_table_row(&table, cells);
    }
    if (!reader->is_wrong && table.row_count > 1) {
        text_table_print(&table, 0, reader->out);
    }
    source = (struct json_value){.node = NULL};
    while (!reader->is_wrong && json_each(&sources, &source)) {
        freezes_print(reader, &source);
    }
}
