/* SPDX-License-Identifier: MIT */

/*
 * server/config.c - from a file to its tree, with libconfuse, and from there to struct config.
 *
 * libconfuse decodes strings (escapes, and ${NAME} or ${NAME:-default} from the environment, both
 * in double quotes and bare) and tells of syntax errors. It is given every key as text.
 */

#include "server/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_build.h"
#include "server/config_outline.h"
#include "server/config_print.h"

/* A file of 4,096 clusters takes a tenth of it; more is not a configuration. */
enum { CONFIG_SIZE_LIMIT = 1024 * 1024 };

/*
 * libconfuse hands no owner to its error function. Its lexer is global as well, so that only one
 * thread, the main one, may read a configuration anyway.
 */
static struct {
    struct complaints *complaints;
    struct config_tree *tree;
} reading;

__attribute__((format(printf, 2, 0))) static void syntax_error_hear(cfg_t *cfg, const char *format,
                                                                    va_list arguments)
{
    char text[ERROR_TEXT_SIZE];
    unsigned line = (unsigned)cfg->line;

    vsnprintf(text, sizeof(text), format, arguments);
    /* Where the outline ended it has told why; what libconfuse makes of the rest is noise. */
    if (reading.tree->cut_line == 0 || line < reading.tree->cut_line) {
        complain(reading.complaints, line, "%s", text);
        reading.tree->cut_line = line;
    }
}

static cfg_opt_t *section_options(enum section_kind section, struct arena *arena)
{
    cfg_opt_t *options =
        arena_array(arena, config_key_count + 2 * (size_t)SECTION_KINDS + 1, sizeof(*options));
    size_t count = 0;

    for (size_t i = 0; i < config_key_count; i++) {
        if (config_keys[i].section == section) {
            cfg_flag_t flags = CFGF_NODEFAULT | (config_keys[i].is_list ? CFGF_LIST : CFGF_NONE);

            options[count++] = (cfg_opt_t)CFG_STR(config_keys[i].name, NULL, flags);
        }
    }
    for (enum section_kind kind = SECTION_ROOT + 1; kind < SECTION_KINDS; kind++) {
        const struct config_section_row *row = &config_sections[kind];

        if (row->parent == section) {
            const char *refused_name = config_outline_refused_name(kind, arena);
            cfg_opt_t *inner = section_options(kind, arena);
            cfg_flag_t flags = CFGF_MULTI;

            options[count++] = (cfg_opt_t)CFG_SEC(refused_name, inner, flags);
            flags |= row->title == NULL ? CFGF_NONE : CFGF_TITLE | CFGF_NO_TITLE_DUPES;
            options[count++] = (cfg_opt_t)CFG_SEC(row->name, inner, flags);
        }
    }
    options[count] = (cfg_opt_t)CFG_END();
    return options;
}

/* The texts of every key of one section. */
static void section_fill(struct config_section *section, cfg_t *cfg, struct arena *arena)
{
    if (!section->is_refused) { /* else the outline has blanked it */
        section->title = arena_string(arena, cfg_title(cfg) == NULL ? "" : cfg_title(cfg));
    }
    for (size_t i = 0; i < config_key_count; i++) {
        cfg_opt_t *option = NULL;
        const char **texts = NULL;

        if (config_keys[i].section != section->kind || section->settings[i].line == 0) {
            continue;
        }
        option = cfg_getopt(cfg, config_keys[i].name);
        texts = arena_array(arena, cfg_opt_size(option), sizeof(*texts));
        for (unsigned j = 0; j < cfg_opt_size(option); j++) {
            texts[j] = arena_string(arena, cfg_opt_getnstr(option, j));
        }
        section->settings[i].texts = texts;
        section->settings[i].count = cfg_opt_size(option);
    }
}

/* Sections that libconfuse did not come to, because of a syntax error, stay without texts. */
static void tree_fill(struct config_tree *tree, cfg_t *root)
{
    cfg_t **found = arena_array(tree->arena, tree->count,
                                sizeof(cfg_t *)); /* NOLINT(bugprone-sizeof-expression) */

    for (size_t i = 0; i < tree->count; i++) {
        struct config_section *section = &tree->sections[i];
        const char *name = section->is_refused
                               ? config_outline_refused_name(section->kind, tree->arena)
                               : config_sections[section->kind].name;
        cfg_t *parent = found[section->parent];

        if (i == 0) {
            found[i] = root;
        } else if (parent != NULL && section->ordinal < cfg_size(parent, name)) {
            found[i] = cfg_getnsec(parent, name, (unsigned)section->ordinal);
        }
        if (section->twin != 0) {
            section->title = tree->sections[section->twin].title;
        }
        if (found[i] != NULL) {
            section_fill(section, found[i], tree->arena);
        }
    }
}

static char *file_read(const char *path, size_t *length, struct complaints *complaints)
{
    FILE *file = fopen(path, "re");
    char *text = memory_new(CONFIG_SIZE_LIMIT + 1);
    bool is_read = false;

    if (file == NULL) {
        complain(complaints, 0, "cannot be opened: %s", strerrordesc_np(errno));
        goto out;
    }
    *length = fread(text, 1, CONFIG_SIZE_LIMIT + 1, file);
    if (ferror(file) != 0) {
        complain(complaints, 0, "cannot be read: %s", strerrordesc_np(errno));
    } else if (*length > CONFIG_SIZE_LIMIT) {
        complain(complaints, 0, "is larger than %d octets", CONFIG_SIZE_LIMIT);
    } else if (memchr(text, '\0', *length) != NULL) {
        complain(complaints, 0, "is not text: it holds a NUL octet");
    } else {
        is_read = true;
    }
    fclose(file);
out:
    if (!is_read) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool tree_read(struct config_tree *tree, const char *path, struct complaints *complaints)
{
    size_t length = 0;
    char *text = file_read(path, &length, complaints);
    cfg_t *root = NULL;

    if (text == NULL) {
        return false;
    }
    config_outline_read(tree, text, length, complaints);
    root = cfg_init(section_options(SECTION_ROOT, tree->arena), CFGF_NONE);
    if (root == NULL) {
        complain(complaints, 0, "cannot be read: out of memory");
        goto out;
    }
    cfg_set_error_function(root, syntax_error_hear);
    reading.complaints = complaints;
    reading.tree = tree;
    if (cfg_parse_buf(root, text) != CFG_SUCCESS && complaints->count == 0) {
        complain(complaints, tree->cut_line, "syntax error");
    }
    tree_fill(tree, root);
    cfg_free(root);
out:
    free(text);
    return root != NULL;
}

/* Read and judge the file; the configuration is whole when nobody complained. */
static struct config_draft draft_read(const char *path, struct config_tree *tree,
                                      struct complaints *complaints)
{
    struct config *config = memory_new(sizeof(*config));
    struct config_draft draft = {.tree = tree, .complaints = complaints, .config = config};

    arena_init(&config->arena);
    config->path = arena_string(&config->arena, path);
    *tree = (struct config_tree){.arena = &config->arena};
    complaints->path = config->path;
    complaints->arena = &config->arena;
    if (!tree_read(tree, path, complaints)) {
        return draft;
    }
    config_values_read(&draft);
    if (tree->cut_line == 0) {
        config_check(&draft);
    }
    if (complaints->count == 0) {
        config_assemble(&draft);
        config_warn(&draft);
    }
    return draft;
}

static struct config *config_read(const char *path, struct config_tree *tree,
                                  struct complaints *complaints)
{
    return draft_read(path, tree, complaints).config;
}

struct config *config_load(const char *path, config_complaint complaint, void *owner)
{
    struct complaints complaints = {.count = 0};
    struct config_tree tree;
    struct config *config = config_read(path, &tree, &complaints);

    if (complaints.count > 0) {
        complaints_tell(&complaints, complaint, owner);
        config_free(config);
        return NULL;
    }
    return config;
}

bool config_load_checked(struct config **config, const char *path, config_complaint complaint,
                         void *owner)
{
    struct complaints complaints = {.count = 0};
    struct config_tree tree;
    struct config_draft draft = draft_read(path, &tree, &complaints);
    bool is_whole = complaints.count == 0;

    config_records_check(&draft);
    config_cookies_check(&draft);
    config_user_check(&draft);
    complaints_tell(&complaints, complaint, owner);
    *config = draft.config;
    if (!is_whole) {
        config_free(*config);
        *config = NULL;
    }
    return complaints.count == 0;
}

char *config_control_path(const char *path, struct error *error)
{
    struct complaints complaints = {.count = 0};
    struct config_tree tree;
    struct config *config = config_read(path, &tree, &complaints);
    size_t row = config_key_find(SECTION_ROOT, "control", strlen("control"));
    char *control_path = NULL;

    /* After a syntax error nobody knows what the file would say further down. */
    if (config->control_path != NULL &&
        (tree.cut_line == 0 || tree.sections[0].settings[row].line != 0)) {
        control_path = memory_string(config->control_path);
    } else {
        const struct complaint *first = &complaints.list[0];

        error_set(error, "%s", first->text);
        if (first->line == 0) {
            error_prefix(error, "%s", path);
        } else {
            error_prefix(error, "%s:%u", path, first->line);
        }
    }
    config_free(config);
    return control_path;
}

void config_free(struct config *config)
{
    if (config != NULL) {
        arena_free(&config->arena);
        free(config);
    }
}

bool config_print(const char *path, FILE *out, config_complaint complaint, void *owner)
{
    struct complaints complaints = {.count = 0};
    struct config_tree tree;
    struct config *config = config_read(path, &tree, &complaints);
    bool is_right = complaints.count == 0;

    if (is_right) {
        config_tree_print(&tree, out);
    } else {
        complaints_tell(&complaints, complaint, owner);
    }
    config_free(config);
    return is_right;
}
