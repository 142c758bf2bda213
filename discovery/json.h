/* SPDX-License-Identifier: MIT */

/*
 * discovery/json.h - reading JSON documents with messages that say where they are wrong.
 *
 * The text is checked by discovery/json_scan.h before it is parsed, and no object may name a
 * member twice. Values are asked for by type; what is wrong is told by path, as in
 *
 *     groups[2].members[0].port: 70000 is not in 1 to 65535
 *
 * A `struct json_value` is a place in the document. It borrows from the document and from the
 * value that it was taken out of: keep both where they are while it is used.
 *
 *     struct json_value group = {0};
 *     while (json_each(&groups, &group)) {
 *         if (!json_member(&group, "name", JSON_STRING, &name, error)) ...
 *
 * json.c is the only file that knows cJSON. One thread.
 */

#ifndef DISCOVERY_JSON_H
#define DISCOVERY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/error.h"

enum json_type { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

struct json_document;

struct json_value {
    const void *node;                /* NULL: not there */
    const struct json_value *parent; /* NULL: the document itself */
    size_t index;                    /* the place in an array */
};

/*
 * Parse `length` octets; more than `size_limit` are refused unread. The caller owns the document.
 * NULL, with what is wrong; the message quotes nothing of the text but names of members.
 */
struct json_document *json_parse(const char *text, size_t length, size_t size_limit,
                                 struct error *error);

/* NULL does nothing. */
void json_free(struct json_document *document);

/* The document's outermost value, which must be of `type`. */
bool json_root(const struct json_document *document, enum json_type type, struct json_value *root,
               struct error *error);

/* The member `key` of an object. False when it is missing or of another type. */
bool json_member(const struct json_value *object, const char *key, enum json_type type,
                 struct json_value *member, struct error *error);

/* As json_member(), but a member that is missing is no error: json_is_there() is false then. */
bool json_optional(const struct json_value *object, const char *key, enum json_type type,
                   struct json_value *member, struct error *error);

bool json_is_there(const struct json_value *value);

/* Every member of an object must be one of `keys`. False, with the first that is not. */
bool json_only(const struct json_value *object, const char *const *keys, size_t key_count,
               struct error *error);

/* Step through an array; `element` is {0} at first. False after the last one. O(1). */
bool json_each(const struct json_value *array, struct json_value *element);

/* Whether `value` is of `type`; what it is instead is told by path. */
bool json_is(const struct json_value *value, enum json_type type, struct error *error);

/* The text of a JSON_STRING, in UTF-8, borrowed from the document. */
const char *json_text(const struct json_value *string);

/* Whether a JSON_BOOL is true. */
bool json_bool(const struct json_value *value);

/* A JSON_NUMBER that must be whole and in `min` to `max`, neither beyond 2^53. */
bool json_integer(const struct json_value *value, int64_t min, int64_t max, int64_t *integer,
                  struct error *error);

/* Say what is wrong with the value at a place. Always returns false. */
bool json_complain(const struct json_value *value, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
