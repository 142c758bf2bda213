/* SPDX-License-Identifier: MIT */

/*
 * discovery/json_write.h - writing JSON, one value after the other.
 *
 *     json_writer_open(&writer);                       {
 *     json_write_object(&writer, NULL);                    "members": [
 *     json_write_array(&writer, "members");                    "i-1"
 *     json_write_text(&writer, NULL, "i-1");               ]
 *     json_write_end(&writer);                         }
 *     json_write_end(&writer);
 *     text = json_writer_close(&writer);
 *
 * The text is always a valid document in UTF-8 (RFC 8259), whatever octets come in: those that are
 * no UTF-8 become U+FFFD, control characters are escaped. `key` is NULL in an array and for the
 * outermost value. Pure; one thread.
 */

#ifndef DISCOVERY_JSON_WRITE_H
#define DISCOVERY_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Objects and arrays within each other; our deepest document has 8. Deeper ends the process. */
enum { JSON_WRITE_DEPTH = 16 };

struct json_writer {
    FILE *out;
    char *text;
    size_t length;
    size_t depth;
    char closers[JSON_WRITE_DEPTH]; /* '}' or ']' of what is open */
    bool is_first;                  /* nothing stands yet in the innermost one */
};

void json_writer_open(struct json_writer *writer);

/* The document, NUL-terminated, owned by the caller; ends what is still open. */
char *json_writer_close(struct json_writer *writer);

void json_write_object(struct json_writer *writer, const char *key);
void json_write_array(struct json_writer *writer, const char *key);

/* End the innermost object or array. */
void json_write_end(struct json_writer *writer);

/* NULL text becomes null. */
void json_write_text(struct json_writer *writer, const char *key, const char *text);
void json_write_integer(struct json_writer *writer, const char *key, int64_t integer);
void json_write_bool(struct json_writer *writer, const char *key, bool value);
void json_write_null(struct json_writer *writer, const char *key);

#endif
