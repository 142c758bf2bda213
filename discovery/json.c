/* SPDX-License-Identifier: MIT */

/*
 * discovery/json.c - a careful reader on top of cJSON's tree.
 */

#include "discovery/json.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/json_scan.h"
#include "zones/arena.h"

/* A member's name in a message is cut here. */
enum { KEY_QUOTED_MAX = 64 };

struct json_document {
    struct arena arena; /* holds the tree: a large one comes and goes in a few pieces */
    cJSON *tree;
};

/* Of the parse under way: the library's allocator gets no argument of ours. */
static struct arena *parse_arena;

static void *node_alloc(size_t size)
{
    return arena_alloc(parse_arena, size);
}

/* The arena gives back all of it at once. */
static void node_release(void *octets)
{
    (void)octets;
}

static cJSON *tree_parse(struct arena *arena, const char *text, size_t length)
{
    cJSON_Hooks hooks = {node_alloc, node_release};
    cJSON *tree = NULL;

    cJSON_InitHooks(&hooks);
    parse_arena = arena;
    tree = cJSON_ParseWithLength(text, length);
    parse_arena = NULL;
    return tree;
}

static const cJSON *value_node(const struct json_value *value)
{
    return value->node;
}

/* Write the way from the document to `value`; it ends in front of `end`. */
static char *path_write(const struct json_value *value, char *path, const char *end)
{
    const cJSON *node = value_node(value);
    int length = 0;

    if (value->parent == NULL) {
        return path;
    }
    path = path_write(value->parent, path, end);
    if (node->string == NULL) {
        length = snprintf(path, (size_t)(end - path), "[%zu]", value->index);
    } else {
        length = snprintf(path, (size_t)(end - path), "%s%.*s",
                          value->parent->parent == NULL ? "" : ".", KEY_QUOTED_MAX, node->string);
    }
    return length < end - path ? path + length : path + strlen(path);
}

bool json_complain(const struct json_value *value, struct error *error, const char *format, ...)
{
    char what[ERROR_TEXT_SIZE];
    char path[ERROR_TEXT_SIZE] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    path_write(value, path, path + sizeof(path));
    return error_set(error, "%s: %s", path[0] == '\0' ? "document" : path, what);
}

static enum json_type node_type(const cJSON *node)
{
    switch (node->type & 0xff) {
    case cJSON_Object:
        return JSON_OBJECT;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_True:
    case cJSON_False:
        return JSON_BOOL;
    default:
        return JSON_NULL;
    }
}

static int key_compare(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;

    return strcmp(*a, *b);
}

/* A name that the object has twice, or NULL. By sorting: an object may have a million members. */
static const char *object_repeated_key(const cJSON *object)
{
    size_t count = 0;
    size_t capacity = 0;
    const char **keys = NULL;
    const char *repeated = NULL;

    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        if (count == capacity) {
            capacity = capacity * 2 + 16;
            keys = memory_grow(keys, capacity, sizeof(const char *));
        }
        keys[count++] = member->string;
    }
    if (count > 1) {
        qsort(keys, count, sizeof(const char *), key_compare);
    }
    for (size_t index = 1; index < count && repeated == NULL; index++) {
        repeated = strcmp(keys[index - 1], keys[index]) == 0 ? keys[index] : NULL;
    }
    free(keys);
    return repeated;
}

/* No deeper than JSON_DEPTH_MAX, which json_scan() has seen to. */
static bool value_check_keys(const struct json_value *value, struct error *error)
{
    const cJSON *node = value_node(value);
    const char *repeated = cJSON_IsObject(node) ? object_repeated_key(node) : NULL;
    struct json_value child = {0};

    if (repeated != NULL) {
        return json_complain(value, error, "\"%.*s\" is there twice", KEY_QUOTED_MAX, repeated);
    }
    while (json_each(value, &child)) {
        if (!value_check_keys(&child, error)) {
            return false;
        }
    }
    return true;
}

struct json_document *json_parse(const char *text, size_t length, size_t size_limit,
                                 struct error *error)
{
    struct json_document *document = NULL;
    struct json_value root = {0};

    if (length > size_limit) {
        error_set(error, "%zu octets, more than the %zu that are read", length, size_limit);
        return NULL;
    }
    if (!json_scan(text, length, error)) {
        return NULL;
    }
    document = memory_new(sizeof(*document));
    arena_init(&document->arena);
    document->tree = tree_parse(&document->arena, text, length);
    root.node = document->tree;
    if (root.node == NULL) {
        error_set(error, "the library cannot read what looks right");
    } else if (value_check_keys(&root, error)) {
        return document;
    }
    json_free(document);
    return NULL;
}

void json_free(struct json_document *document)
{
    if (document != NULL) {
        arena_free(&document->arena);
        free(document);
    }
}

bool json_root(const struct json_document *document, enum json_type type, struct json_value *root,
               struct error *error)
{
    *root = (struct json_value){.node = document->tree};
    return json_is(root, type, error);
}

bool json_is_there(const struct json_value *value)
{
    return value->node != NULL;
}

bool json_is(const struct json_value *value, enum json_type type, struct error *error)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_NUMBER] = "a number",  [JSON_BOOL] = "a boolean", [JSON_NULL] = "null",
    };
    enum json_type found = node_type(value_node(value));

    return found == type || json_complain(value, error, "%s, not %s", names[found], names[type]);
}

bool json_optional(const struct json_value *object, const char *key, enum json_type type,
                   struct json_value *member, struct error *error)
{
    *member = (struct json_value){
        .node = cJSON_GetObjectItemCaseSensitive(value_node(object), key),
        .parent = object,
    };
    return !json_is_there(member) || json_is(member, type, error);
}

bool json_member(const struct json_value *object, const char *key, enum json_type type,
                 struct json_value *member, struct error *error)
{
    if (!json_optional(object, key, type, member, error)) {
        return false;
    }
    return json_is_there(member) || json_complain(object, error, "\"%s\" is missing", key);
}

bool json_only(const struct json_value *object, const char *const *keys, size_t key_count,
               struct error *error)
{
    struct json_value member = {0};

    while (json_each(object, &member)) {
        const char *name = value_node(&member)->string;
        bool is_known = false;

        for (size_t index = 0; index < key_count && !is_known; index++) {
            is_known = strcmp(name, keys[index]) == 0;
        }
        if (!is_known) {
            return json_complain(object, error, "unknown key \"%.*s\"", KEY_QUOTED_MAX, name);
        }
    }
    return true;
}

bool json_each(const struct json_value *array, struct json_value *element)
{
    const cJSON *now = value_node(element);

    element->index = now == NULL ? 0 : element->index + 1;
    element->node = now == NULL ? value_node(array)->child : now->next;
    element->parent = array;
    return element->node != NULL;
}

const char *json_text(const struct json_value *string)
{
    return value_node(string)->valuestring;
}

bool json_bool(const struct json_value *value)
{
    return cJSON_IsTrue(value_node(value));
}

bool json_integer(const struct json_value *value, int64_t min, int64_t max, int64_t *integer,
                  struct error *error)
{
    double number = value_node(value)->valuedouble;

    /* In this order: only a number in range may be cast. */
    if (!(number >= (double)min && number <= (double)max)) {
        return json_complain(value, error, "%.17g is not in %lld to %lld", number, (long long)min,
                             (long long)max);
    }
    *integer = (int64_t)number;
    if ((double)*integer < number || (double)*integer > number) {
        return json_complain(value, error, "%.17g is not a whole number", number);
    }
    return true;
}
