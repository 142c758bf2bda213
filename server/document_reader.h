/* SPDX-License-Identifier: MIT */

/*
 * server/document_reader.h - reading the server's JSON documents to print them: the first thing
 * that is not as it should be is kept, and everything after it reads as nothing.
 */

#ifndef SERVER_DOCUMENT_READER_H
#define SERVER_DOCUMENT_READER_H

#include <stdio.h>

#include "discovery/json.h"
#include "zones/arena.h"

struct document_reader {
    struct arena *arena;
    FILE *out;
    struct error *error; /* set once `is_wrong` is */
    bool is_wrong;
};

/* 400 clusters of 100 members stay below it. */
enum { DOCUMENT_SIZE_LIMIT = 16 * 1024 * 1024 };

/* Let `print` read the object that `json` is, and write to `out`. False, with where and why, when
 * it is none, or not as `print` wants it. */
bool document_print(const char *json, size_t length,
                    void (*print)(struct document_reader *reader, const struct json_value *root),
                    FILE *out, struct error *error);

/* A member of `object` that must be there and of `type`. */
struct json_value document_member(struct document_reader *reader, const struct json_value *object,
                                  const char *key, enum json_type type);

/* One that only newer servers write. False when it is not there, null, or of another type. */
bool document_optional(struct document_reader *reader, const struct json_value *object,
                       const char *key, enum json_type type, struct json_value *member);

/* "" when it is wrong. */
const char *document_text(struct document_reader *reader, const struct json_value *object,
                          const char *key);

/* `fallback` when it is null. */
const char *document_text_or(struct document_reader *reader, const struct json_value *object,
                             const char *key, const char *fallback);

int64_t document_integer(struct document_reader *reader, const struct json_value *object,
                         const char *key);

bool document_bool(struct document_reader *reader, const struct json_value *object,
                   const char *key);

/* An integer as a cell of a table. */
const char *document_integer_text(struct document_reader *reader, const struct json_value *object,
                                  const char *key);

/* "0.4s", "12s", "5m", "3h": as much as a person wants to know. */
const char *age_text(struct arena *arena, int64_t age_ms);

#endif
