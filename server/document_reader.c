/* SPDX-License-Identifier: MIT */

/*
 * server/document_reader.c - typed look-ups that stop at the first error.
 */

#include "server/document_reader.h"

#include <inttypes.h>

/* JSON's numbers are doubles: integers are exact up to here (RFC 8259 section 6). */
static const int64_t integer_max = INT64_C(1) << 53;

bool document_print(const char *json, size_t length,
                    void (*print)(struct document_reader *reader, const struct json_value *root),
                    FILE *out, struct error *error)
{
    struct json_document *document = json_parse(json, length, DOCUMENT_SIZE_LIMIT, error);
    struct arena arena;
    struct document_reader reader = {.arena = &arena, .out = out, .error = error};
    struct json_value root;

    if (document == NULL) {
        return false;
    }
    arena_init(&arena);
    if (json_root(document, JSON_OBJECT, &root, error)) {
        print(&reader, &root);
    } else {
        reader.is_wrong = true;
    }
    arena_free(&arena);
    json_free(document);
    return !reader.is_wrong;
}

struct json_value document_member(struct document_reader *reader, const struct json_value *object,
                                  const char *key, enum json_type type)
{
    struct json_value value = {.node = NULL};

    if (!reader->is_wrong && !json_member(object, key, type, &value, reader->error)) {
        reader->is_wrong = true;
    }
    return value;
}

bool document_optional(struct document_reader *reader, const struct json_value *object,
                       const char *key, enum json_type type, struct json_value *member)
{
    return !reader->is_wrong && json_member(object, key, type, member, NULL);
}

const char *document_text(struct document_reader *reader, const struct json_value *object,
                          const char *key)
{
    struct json_value value = document_member(reader, object, key, JSON_STRING);

    return reader->is_wrong ? "" : json_text(&value);
}

const char *document_text_or(struct document_reader *reader, const struct json_value *object,
                             const char *key, const char *fallback)
{
    struct json_value value;

    if (json_member(object, key, JSON_NULL, &value, NULL)) {
        return fallback;
    }
    return document_text(reader, object, key);
}

int64_t document_integer(struct document_reader *reader, const struct json_value *object,
                         const char *key)
{
    struct json_value value = document_member(reader, object, key, JSON_NUMBER);
    int64_t integer = 0;

    if (!reader->is_wrong &&
        !json_integer(&value, -integer_max, integer_max, &integer, reader->error)) {
        reader->is_wrong = true;
    }
    return integer;
}

bool document_bool(struct document_reader *reader, const struct json_value *object, const char *key)
{
    struct json_value value = document_member(reader, object, key, JSON_BOOL);

    return !reader->is_wrong && json_bool(&value);
}

const char *document_integer_text(struct document_reader *reader, const struct json_value *object,
                                  const char *key)
{
    return arena_format(reader->arena, "%" PRId64, document_integer(reader, object, key));
}

const char *age_text(struct arena *arena, int64_t age_ms)
{
    static const int64_t second = 1000;
    static const int64_t minute = INT64_C(60) * 1000;
    static const int64_t hour = INT64_C(60) * 60 * 1000;

    if (age_ms < 10 * second) {
        return arena_format(arena, "%.1fs", (double)age_ms / (double)second);
    }
    if (age_ms < 2 * minute) {
        return arena_format(arena, "%" PRId64 "s", age_ms / second);
    }
    if (age_ms < 2 * hour) {
        return arena_format(arena, "%" PRId64 "m", age_ms / minute);
    }
    return arena_format(arena, "%" PRId64 "h", age_ms / hour);
}
