/* SPDX-License-Identifier: MIT */

/*
 * server/config_outline.c - a reader of statements: NAME = VALUE, NAME = {VALUES}, NAME {…},
 * NAME TITLE {…}.
 */

#include "server/config_outline.h"

#include <ctype.h>
#include <string.h>

#include "server/config_lexer.h"

/* Zones times clusters with a section of their own; keeps the search for twins short. */
enum { SECTIONS_LIMIT = 4096 };

struct outline {
    struct config_tree *tree;
    struct lexer lexer;
};

static const char section_open_words[] = "the section that starts here is not closed";

/* From after the opening brace to after its closing one; what was opened is `what`. */
static void braces_skip(struct outline *outline, unsigned line, const char *what)
{
    size_t depth = 1;

    while (depth > 0) {
        struct token token = token_next(&outline->lexer);

        if (token.kind == TOKEN_END) {
            lexer_cut(&outline->lexer, line, what);
            return;
        }
        depth += token.kind == TOKEN_OPEN;
        depth -= token.kind == TOKEN_CLOSE;
    }
}

static size_t tree_add(struct config_tree *tree, struct config_section section)
{
    struct config_section *added = NULL;

    if (tree->count == tree->capacity) {
        struct config_section *old = tree->sections;

        tree->capacity = tree->capacity == 0 ? 16 : 2 * tree->capacity;
        tree->sections = arena_array(tree->arena, tree->capacity, sizeof(*old));
        if (tree->count > 0) {
            memcpy(tree->sections, old, tree->count * sizeof(*old));
        }
    }
    added = &tree->sections[tree->count];
    *added = section;
    added->settings = arena_array(tree->arena, config_key_count, sizeof(struct config_setting));
    return tree->count++;
}

/* The first section with this kind, parent and title, or 0. */
static size_t twin_find(const struct config_tree *tree, const struct config_section *section)
{
    for (size_t i = 1; i < tree->count; i++) {
        const struct config_section *other = &tree->sections[i];

        if (other->kind == section->kind && other->parent == section->parent &&
            strcmp(other->title, section->title) == 0) {
            return i;
        }
    }
    return 0;
}

static size_t ordinal_count(const struct config_tree *tree, const struct config_section *section)
{
    size_t count = 0;

    for (size_t i = 1; i < tree->count; i++) {
        const struct config_section *other = &tree->sections[i];

        count += other->kind == section->kind && other->parent == section->parent &&
                 other->is_refused == section->is_refused;
    }
    return count;
}

/* After NAME: is the assignment allowed? Complains if not. */
static bool assignment_check(struct outline *outline, const struct config_section *section,
                             const struct token *name, enum token_kind sign, bool has_list)
{
    int length = 0;
    const char *text = token_text(&outline->lexer, name, &length);
    size_t row = config_key_find(section->kind, text, (size_t)length);
    enum section_kind child = config_section_find(section->kind, text, (size_t)length);
    const char *where = config_sections[section->kind].name;

    if (row == config_key_count && child != SECTION_KINDS) {
        complain(outline->lexer.complaints, name->line, "\"%.*s\" is a section: write %.*s%s {...}",
                 length, text, length, text,
                 config_sections[child].title == NULL ? "" : " \"NAME\"");
    } else if (row == config_key_count) {
        complain(outline->lexer.complaints, name->line, "unknown key \"%.*s\"%s%s", length, text,
                 section->kind == SECTION_ROOT ? "" : " in section ", where);
    } else if (sign == TOKEN_APPEND) {
        complain(outline->lexer.complaints, name->line,
                 "%.*s: \"+=\" is not taken, write \"=\" and the "
                 "whole list",
                 length, text);
    } else if (has_list && !config_keys[row].is_list) {
        complain(outline->lexer.complaints, name->line, "%.*s takes one value, not a list", length,
                 text);
    } else if (section->settings[row].line != 0) {
        complain(outline->lexer.complaints, name->line, "%.*s is set twice, first on line %u",
                 length, text, section->settings[row].line);
    } else {
        section->settings[row].line = name->line;
        return true;
    }
    return false;
}

static bool assignment_read(struct outline *outline, size_t section, const struct token *name,
                            enum token_kind sign)
{
    struct token value = token_next(&outline->lexer);

    if (value.kind == TOKEN_OPEN) {
        braces_skip(outline, value.line, "the list that starts here is not closed");
        if (outline->lexer.cut_line != 0) {
            return true;
        }
    } else if (value.kind != TOKEN_TEXT) {
        return false;
    }
    if (!assignment_check(outline, &outline->tree->sections[section], name, sign,
                          value.kind == TOKEN_OPEN)) {
        lexer_blank(&outline->lexer, name->start, outline->lexer.position);
    }
    return true;
}

/* Complains when a section of a known kind may not stand where it does under its title. */
static void section_judge(const struct outline *outline, struct config_section *section,
                          bool has_title)
{
    const struct config_section_row *row = &config_sections[section->kind];

    section->is_refused = true;
    if (has_title != (row->title != NULL)) {
        complain(outline->lexer.complaints, section->line, "section %s %s", row->name,
                 has_title ? "takes no name" : "needs a name before its brace");
        return;
    }
    section->twin = twin_find(outline->tree, section);
    if (section->twin != 0) {
        complain(outline->lexer.complaints, section->line,
                 "section %s%s%s is there twice, first on line %u", row->name, has_title ? " " : "",
                 section->title, outline->tree->sections[section->twin].line);
        return;
    }
    section->is_refused = false;
}

static char refused_letter(char letter)
{
    return (char)toupper((unsigned char)letter);
}

const char *config_outline_refused_name(enum section_kind kind, struct arena *arena)
{
    char *name = arena_string(arena, config_sections[kind].name);

    name[0] = refused_letter(name[0]);
    return name;
}

/* To the name of config_outline_refused_name(), in place, and without its title. */
static void section_rename(struct outline *outline, const struct token *name,
                           const struct token *title)
{
    int length = 0;
    const char *text = token_text(&outline->lexer, name, &length);
    char *first = outline->lexer.text + (text - outline->lexer.text);

    *first = refused_letter(*first);
    if (title != NULL) {
        lexer_blank(&outline->lexer, title->start, title->end);
    }
}

/* After NAME [TITLE] {: the new section's index, or 0 after a complaint: it cannot be read. */
static size_t section_open(struct outline *outline, size_t parent, const struct token *name,
                           const struct token *title)
{
    const struct config_section *above = &outline->tree->sections[parent];
    int length = 0;
    const char *text = token_text(&outline->lexer, name, &length);
    struct config_section section = {.parent = parent, .title = "", .line = name->line};

    section.kind = config_section_find(above->kind, text, (size_t)length);
    if (section.kind == SECTION_KINDS) {
        bool is_key = config_key_find(above->kind, text, (size_t)length) != config_key_count;

        complain(outline->lexer.complaints, name->line, "%s \"%.*s\"%s",
                 is_key ? "not a section but a key:" : "unknown section", length, text,
                 is_key ? ", write it with \"=\"" : "");
        return 0;
    }
    if (outline->tree->count == SECTIONS_LIMIT) {
        lexer_cut(&outline->lexer, name->line, "one section more than can be read");
        return 0;
    }
    if (title != NULL && config_sections[section.kind].title != NULL) {
        text = token_text(&outline->lexer, title, &length);
        section.title = arena_string_of(outline->tree->arena, text, (size_t)length);
    }
    section_judge(outline, &section, title != NULL);
    section.ordinal = ordinal_count(outline->tree, &section);
    if (section.is_refused) {
        section_rename(outline, name, title);
    }
    return tree_add(outline->tree, section);
}

static void section_read(struct outline *outline, size_t section);

static bool section_statement_read(struct outline *outline, size_t parent, const struct token *name,
                                   struct token token)
{
    struct token title = token;
    bool has_title = token.kind == TOKEN_TEXT;
    size_t section = 0;

    if (has_title) {
        token = token_next(&outline->lexer);
    }
    if (token.kind != TOKEN_OPEN) {
        return false;
    }
    section = section_open(outline, parent, name, has_title ? &title : NULL);
    if (section == 0) {
        braces_skip(outline, name->line, section_open_words);
        lexer_blank(&outline->lexer, name->start, outline->lexer.position);
    } else {
        section_read(outline, section);
    }
    return true;
}

/* Recursive as deep as the table's sections are nested: three levels. */
static void section_read(struct outline *outline, size_t section)
{
    unsigned line = outline->tree->sections[section].line;

    for (;;) {
        struct token name = token_next(&outline->lexer);
        struct token after;
        bool is_statement = false;

        if (name.kind == TOKEN_END && section != 0) {
            lexer_cut(&outline->lexer, line, section_open_words);
        }
        if (name.kind == TOKEN_END || (name.kind == TOKEN_CLOSE && section != 0)) {
            return;
        }
        after = token_next(&outline->lexer);
        if (name.kind == TOKEN_TEXT && (after.kind == TOKEN_EQUALS || after.kind == TOKEN_APPEND)) {
            is_statement = assignment_read(outline, section, &name, after.kind);
        } else if (name.kind == TOKEN_TEXT) {
            is_statement = section_statement_read(outline, section, &name, after);
        }
        if (!is_statement) {
            lexer_cut(&outline->lexer, name.line,
                      "not a statement: NAME = VALUE or NAME {...} is wanted here");
        }
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): blanked by the lexer */
void config_outline_read(struct config_tree *tree, char *text, size_t length,
                         struct complaints *complaints)
{
    struct outline outline = {
        .tree = tree,
        .lexer = {.text = text, .length = length, .line = 1, .complaints = complaints}
    };

    tree_add(tree, (struct config_section){.kind = SECTION_ROOT, .title = "", .line = 1});
    section_read(&outline, 0);
    tree->cut_line = outline.lexer.cut_line;
}
