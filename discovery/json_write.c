/* SPDX-License-Identifier: MIT */

/*
 * discovery/json_write.c - values, commas and escapes into a growing text.
 */

#include "discovery/json_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/utf8.h"

void json_writer_open(struct json_writer *writer)
{
    *writer = (struct json_writer){.is_first = true};
    writer->out = open_memstream(&writer->text, &writer->length);
    if (writer->out == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
}

char *json_writer_close(struct json_writer *writer)
{
    while (writer->depth > 0) {
        json_write_end(writer);
    }
    if (fclose(writer->out) != 0) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    return writer->text;
}

/* One octet that JSON does not take as it is (RFC 8259 section 7). */
static void octet_escape(unsigned char octet, FILE *out)
{
    if (octet == '"' || octet == '\\') {
        (void)putc('\\', out);
        (void)putc(octet, out);
    } else {
        (void)fprintf(out, "\\u%04x", octet);
    }
}

/* How many octets at the start stand for themselves: nearly all of nearly every text. */
static size_t plain_length(const char *text)
{
    size_t length = 0;

    while (text[length] >= ' ' && text[length] < 0x7f && text[length] != '"' &&
           text[length] != '\\') {
        length++;
    }
    return length;
}

static void string_write(const char *text, FILE *out)
{
    size_t left = strlen(text);

    (void)putc('"', out);
    while (left > 0) {
        size_t plain = plain_length(text);
        uint32_t character = 0;
        size_t length = 0;

        (void)fwrite(text, 1, plain, out);
        text += plain;
        left -= plain;
        if (left == 0) {
            break;
        }
        length = utf8_decode(text, left, &character);
        if (length == 0) {
            (void)fputs("\xef\xbf\xbd", out);
            length = 1;
        } else if (character < ' ' || character == '"' || character == '\\' || character == 0x7f) {
            octet_escape((unsigned char)*text, out);
        } else {
            (void)fwrite(text, 1, length, out);
        }
        text += length;
        left -= length;
    }
    (void)putc('"', out);
}

static void value_begin(struct json_writer *writer, const char *key)
{
    if (!writer->is_first) {
        (void)putc(',', writer->out);
    }
    writer->is_first = false;
    if (key != NULL) {
        string_write(key, writer->out);
        (void)putc(':', writer->out);
    }
}

static void nest_begin(struct json_writer *writer, const char *key, char opener, char closer)
{
    if (writer->depth == JSON_WRITE_DEPTH) {
        abort(); /* the depth is the caller's, never the input's */
    }
    value_begin(writer, key);
    (void)putc(opener, writer->out);
    writer->closers[writer->depth++] = closer;
    writer->is_first = true;
}

void json_write_object(struct json_writer *writer, const char *key)
{
    nest_begin(writer, key, '{', '}');
}

void json_write_array(struct json_writer *writer, const char *key)
{
    nest_begin(writer, key, '[', ']');
}

void json_write_end(struct json_writer *writer)
{
    (void)putc(writer->closers[--writer->depth], writer->out);
    writer->is_first = false;
}

void json_write_text(struct json_writer *writer, const char *key, const char *text)
{
    value_begin(writer, key);
    if (text == NULL) {
        (void)fputs("null", writer->out);
    } else {
        string_write(text, writer->out);
    }
}

void json_write_integer(struct json_writer *writer, const char *key, int64_t integer)
{
    value_begin(writer, key);
    (void)fprintf(writer->out, "%" PRId64, integer);
}

void json_write_bool(struct json_writer *writer, const char *key, bool value)
{
    value_begin(writer, key);
    (void)fputs(value ? "true" : "false", writer->out);
}

void json_write_null(struct json_writer *writer, const char *key)
{
    json_write_text(writer, key, NULL);
}
