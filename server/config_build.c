/* SPDX-License-Identifier: MIT */

/*
 * server/config_build.c - reads texts into values by the table.
 */

#include "server/config_build.h"

#include <string.h>

#include "server/config_types.h"

size_t config_section_next(const struct config_tree *tree, enum section_kind kind, size_t index)
{
    index++;
    while (index < tree->count && tree->sections[index].kind != kind) {
        index++;
    }
    return index;
}

size_t config_zone_section(const struct config_draft *draft, const char *name)
{
    const struct config_tree *tree = draft->tree;
    struct name wanted;
    size_t index = config_section_next(tree, SECTION_ZONE, 0);

    if (!name_from_text(&wanted, name, NULL)) {
        return tree->count;
    }
    while (index < tree->count) {
        const struct config_zone *zone = draft->values[index];

        if (name_equals(&zone->zone.origin, &wanted)) {
            break;
        }
        index = config_section_next(tree, SECTION_ZONE, index);
    }
    return index;
}

/* A field of 1, 2, 4 or 8 octets: bool, port, seconds, enum, milliseconds. */
static void number_store(void *field, size_t size, int64_t number)
{
    const uint8_t one = (uint8_t)number;
    const uint16_t two = (uint16_t)number;
    const uint32_t four = (uint32_t)number;

    switch (size) {
    case sizeof(one):
        memcpy(field, &one, size);
        break;
    case sizeof(two):
        memcpy(field, &two, size);
        break;
    case sizeof(four):
        memcpy(field, &four, size);
        break;
    default:
        memcpy(field, &number, sizeof(number));
        break;
    }
}

static void scalar_store(void *field, const struct config_key *key, const union config_value *value)
{
    switch (key->type) {
    case TYPE_NUMBER:
    case TYPE_SECONDS:
    case TYPE_MILLISECONDS:
    case TYPE_CHOICE:
        number_store(field, key->size, value->number);
        break;
    default:
        memcpy(field, value, config_type_size(key->type));
        break;
    }
}

/* Relative paths start at the folder of the configuration, wherever the process stands. */
static const char *path_resolve(struct config *config, const char *path)
{
    const char *slash = strrchr(config->path, '/');

    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return arena_format(&config->arena, "%.*s%s", (int)(slash + 1 - config->path), config->path,
                        path);
}

/* The texts of a key that is not set. */
static struct config_setting fallback_texts(const char *fallback, bool is_list, struct arena *arena)
{
    struct config_setting setting = {.count = 0};
    size_t limit = strlen(fallback) / 2 + 1;
    const char **texts = arena_array(arena, limit, sizeof(*texts));

    setting.texts = texts;
    if (!is_list) {
        texts[setting.count++] = fallback;
        return setting;
    }
    for (const char *rest = fallback; *rest != '\0';) {
        size_t length = strcspn(rest, " ");

        texts[setting.count++] = arena_string_of(arena, rest, length);
        rest += length + (rest[length] == ' ');
    }
    return setting;
}

/* Some parsers quote the text in their message: then once is enough. */
static void value_complain(const struct config_draft *draft, unsigned line, const char *name,
                           const char *text, const struct error *error)
{
    const char *quoted = arena_format(&draft->config->arena, "\"%s\"", text);

    if (strstr(error->text, quoted) != NULL) {
        complain(draft->complaints, line, "%s: %s", name, error->text);
    } else {
        complain(draft->complaints, line, "%s \"%s\": %s", name, text, error->text);
    }
}

static bool value_read(const struct config_draft *draft, const struct config_key *key,
                       const char *text, unsigned line, union config_value *value)
{
    struct error error;

    *value = (union config_value){.number = 0};
    /* An empty text says "not set" where the key need not be. */
    if (!key->is_list && text[0] == '\0' && key->fallback != NULL && key->fallback[0] == '\0') {
        return true;
    }
    if (!config_value_parse(value, key, text, &draft->config->arena, &error)) {
        value_complain(draft, line, key->name, text, &error);
        return false;
    }
    if (key->type == TYPE_PATH) {
        value->text = path_resolve(draft->config, value->text);
    }
    return true;
}

static void list_read(const struct config_draft *draft, const struct config_key *key,
                      const struct config_setting *setting, char *values)
{
    size_t size = config_type_size(key->type);
    char *elements = arena_array(&draft->config->arena, setting->count, size);

    for (size_t i = 0; i < setting->count; i++) {
        union config_value value;

        if (value_read(draft, key, setting->texts[i], setting->line, &value)) {
            memcpy(elements + i * size, &value, size);
        }
    }
    if (key->size != 0) {
        memcpy(values + key->offset, &elements, sizeof(elements));
        memcpy(values + key->count_offset, &setting->count, sizeof(setting->count));
    }
}

const char *config_section_words(const struct config_draft *draft,
                                 const struct config_section *section)
{
    const struct config_section_row *row = &config_sections[section->kind];

    if (section->kind == SECTION_ROOT) {
        return "the file";
    }
    return row->title == NULL
               ? row->name
               : arena_format(&draft->config->arena, "%s %s", row->name, section->title);
}

static void setting_read(const struct config_draft *draft, size_t index, size_t row)
{
    const struct config_key *key = &config_keys[row];
    const struct config_section *section = &draft->tree->sections[index];
    struct config_setting setting = section->settings[row];
    char *values = draft->values[index];
    union config_value value;

    if (key->fallback == NULL && setting.count == 0) {
        /* Of a file that was not read to its end we cannot tell what is missing, nor of a section
         * that its author may yet join to its twin. */
        if (draft->tree->cut_line == 0 && !section->is_refused) {
            complain(draft->complaints, setting.line == 0 ? section->line : setting.line,
                     "%s: %s must be set", config_section_words(draft, section), key->name);
        }
        return;
    }
    if (setting.line == 0 && key->fallback != NULL) {
        setting = fallback_texts(key->fallback, key->is_list, &draft->config->arena);
    }
    if (key->is_list) {
        list_read(draft, key, &setting, values);
    } else if (setting.count > 0 &&
               value_read(draft, key, setting.texts[0], setting.line, &value) && key->size != 0) {
        scalar_store(values + key->offset, key, &value);
    }
}

static void title_read(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    struct config_zone *zone = draft->values[index];
    struct config_listen listen;
    struct error error;
    bool is_right = true;

    if (section->is_refused && section->title[0] == '\0') {
        return;
    }
    switch (section->kind) {
    case SECTION_ZONE:
        is_right = name_from_text(&zone->zone.origin, section->title, &error);
        if (is_right && zone->zone.origin.length == 1) {
            is_right = error_set(&error, "the root cannot be served");
        }
        break;
    case SECTION_CLUSTER:
        is_right = label_is_valid(section->title) ||
                   error_set(&error, "not a label of [a-z0-9_-], at most 63");
        break;
    case SECTION_SECONDARY:
        is_right = socket_parse(&listen, section->title, &error);
        break;
    default:
        is_right = config_sections[section->kind].title == NULL || section->title[0] != '\0' ||
                   error_set(&error, "the name is empty");
        break;
    }
    if (!is_right) {
        value_complain(draft, section->line, config_sections[section->kind].name, section->title,
                       &error);
    }
}

void config_values_read(struct config_draft *draft)
{
    const struct config_tree *tree = draft->tree;
    struct arena *arena = &draft->config->arena;

    draft->values = arena_array(arena, tree->count, sizeof(*draft->values));
    for (size_t i = 0; i < tree->count; i++) {
        const struct config_section_row *row = &config_sections[tree->sections[i].kind];

        draft->values[i] = i == 0 ? draft->config : arena_alloc(arena, row->values_size);
        title_read(draft, i);
        for (size_t key = 0; key < config_key_count; key++) {
            if (config_keys[key].section == tree->sections[i].kind) {
                setting_read(draft, i, key);
            }
        }
    }
}
