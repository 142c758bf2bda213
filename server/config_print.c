/* SPDX-License-Identifier: MIT */

/*
 * server/config_print.c - the effective configuration, and the reference of all keys.
 */

#include "server/config_print.h"

#include <string.h>

#include "server/config_types.h"

enum { INDENT = 4 };

static bool text_is_word(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(
               text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

/* In double quotes; "$" is escaped because "${" would be looked up in the environment. */
static void text_print(const char *text, FILE *out)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (strchr("\"\\$", *text) != NULL) {
            putc('\\', out);
        }
        putc(*text, out);
    }
    putc('"', out);
}

/* As a person would write it: 10s, but "a b". */
static void scalar_print(const char *text, FILE *out)
{
    if (text_is_word(text)) {
        fputs(text, out);
    } else {
        text_print(text, out);
    }
}

static void texts_print(const struct config_setting *setting, FILE *out)
{
    for (size_t i = 0; i < setting->count; i++) {
        fputs(i == 0 ? "" : ", ", out);
        text_print(setting->texts[i], out);
    }
}

static void fallback_list_print(const char *fallback, FILE *out)
{
    const char *comma = "";

    while (*fallback != '\0') {
        size_t length = strcspn(fallback, " ");

        fprintf(out, "%s\"%.*s\"", comma, (int)length, fallback);
        fallback += length + (fallback[length] == ' ');
        comma = ", ";
    }
}

static void setting_print(const struct config_key *key, const struct config_setting *setting,
                          int indent, FILE *out)
{
    if (setting->line == 0 && key->fallback[0] == '\0' && !key->is_list) {
        fprintf(out, "%*s# %s is not set\n", indent, "", key->name);
        return;
    }
    fprintf(out, "%*s%s = %s", indent, "", key->name, key->is_list ? "{" : "");
    if (setting->line != 0 && !key->is_list) {
        scalar_print(setting->texts[0], out);
    } else if (setting->line != 0) {
        texts_print(setting, out);
    } else if (key->is_list) {
        fallback_list_print(key->fallback, out);
    } else {
        scalar_print(key->fallback, out);
    }
    fputs(key->is_list ? "}\n" : "\n", out);
}

static void section_print(const struct config_tree *tree, size_t index, int indent, FILE *out)
{
    const struct config_section *section = &tree->sections[index];

    for (size_t i = 0; i < config_key_count; i++) {
        if (config_keys[i].section == section->kind) {
            setting_print(&config_keys[i], &section->settings[i], indent, out);
        }
    }
    for (size_t i = 1; i < tree->count; i++) {
        const struct config_section *child = &tree->sections[i];

        if (child->parent != index) {
            continue;
        }
        fprintf(out, "%s%*s%s ", indent == 0 ? "\n" : "", indent, "",
                config_sections[child->kind].name);
        if (config_sections[child->kind].title != NULL) {
            text_print(child->title, out);
            putc(' ', out);
        }
        fputs("{\n", out);
        section_print(tree, i, indent + INDENT, out);
        fprintf(out, "%*s}\n", indent, "");
    }
}

void config_tree_print(const struct config_tree *tree, FILE *out)
{
    section_print(tree, 0, 0, out);
}

/* What a value may be, in the words of the table's column. */
static void range_print(const struct config_key *key, FILE *out)
{
    char text[DURATION_MAX_TEXT];

    switch (key->type) {
    case TYPE_NUMBER:
        fprintf(out, "%lld to %lld", (long long)key->min, (long long)key->max);
        break;
    case TYPE_SECONDS:
    case TYPE_MILLISECONDS:
        fprintf(out, "%s to ", duration_to_text(key->min, text));
        fputs(duration_to_text(key->max, text), out);
        break;
    case TYPE_CHOICE:
        for (size_t i = 0; key->choices[i].name != NULL; i++) {
            fprintf(out, "%s`%s`", i == 0 ? "" : ", ", key->choices[i].name);
        }
        break;
    default:
        fprintf(out, "%s%s", key->is_list ? "list of " : "", config_type_name(key->type));
        break;
    }
}

static void fallback_print(const struct config_key *key, FILE *out)
{
    if (key->fallback == NULL) {
        fputs("must be set", out);
    } else if (key->fallback[0] == '\0') {
        fputs(key->is_list ? "`{}`" : "not set", out);
    } else if (key->is_list) {
        fputs("`{", out);
        fallback_list_print(key->fallback, out);
        fputs("}`", out);
    } else {
        fprintf(out, "`%s`", key->fallback);
    }
}

/* "|" ends a cell of a Markdown table. */
static void key_reference_print(const struct config_key *key, FILE *out)
{
    bool is_unbuilt = key->is_unbuilt || config_sections[key->section].is_unbuilt;

    fprintf(out, "| `%s` | ", key->name);
    range_print(key, out);
    fputs(" | ", out);
    fallback_print(key, out);
    fprintf(out, " | %s%s |\n", key->help, is_unbuilt ? " (not built yet)" : "");
}

static void section_reference_print(enum section_kind kind, FILE *out)
{
    const struct config_section_row *row = &config_sections[kind];

    if (kind == SECTION_ROOT) {
        fputs("\n## Top level\n", out);
    } else {
        const char *parent = config_sections[row->parent].name;

        fprintf(out, "\n## %s%s%s", parent, row->parent == SECTION_ROOT ? "" : " / ", row->name);
        fprintf(out, row->title == NULL ? "%s\n" : " \"%s\"\n",
                row->title == NULL ? "" : row->title);
    }
    fprintf(out, "\n%s\n\n| key | values | default | meaning |\n|---|---|---|---|\n", row->help);
    for (size_t i = 0; i < config_key_count; i++) {
        if (config_keys[i].section == kind) {
            key_reference_print(&config_keys[i], out);
        }
    }
}

void config_print_reference(FILE *out)
{
    fputs("# Configuration reference\n\n"
          "Written by `rollcall check --print-reference` from the table in `config_schema.c`.\n\n"
          "Statements are `key = value`, `key = {value, value}` and `section \"name\" {...}`; "
          "`#`, `//` and\n`/* */` begin comments. A value with spaces or any of `\"'{}()=+,#*` "
          "stands in double quotes, where `\\`\nescapes and `${NAME}` or `${NAME:-default}` is "
          "taken from the environment; single quotes take\neverything as it is. Durations have a "
          "unit: `500ms`, `10s`, `2m`, `1h`, `1d`. Relative paths start\nat the folder of the "
          "configuration file.\n",
          out);
    for (enum section_kind kind = SECTION_ROOT; kind < SECTION_KINDS; kind++) {
        section_reference_print(kind, out);
    }
}
