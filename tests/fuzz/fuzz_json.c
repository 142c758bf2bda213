/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_json.c - any octets as a JSON document, and as a text in one that we write: what
 * is written is read back, to the octet when it is UTF-8.
 */

#include "discovery/json.h"
#include "discovery/json_write.h"
#include "discovery/utf8.h"
#include "tests/fuzz/reply.h"

enum { SIZE_LIMIT = 1024 * 1024 };

static const char *const keys[] = {"groups", "name", "members", "id"};

static void value_read(struct outcome *outcome, const struct json_value *value, unsigned depth)
{
    struct json_value element = {0};
    int64_t integer = 0;

    if (json_is(value, JSON_STRING, NULL)) {
        outcome_add(outcome, json_text(value));
    } else if (json_is(value, JSON_NUMBER, NULL)) {
        if (json_integer(value, -1000, 1000, &integer, &outcome->error)) {
            expect(integer >= -1000 && integer <= 1000, "an integer is in its range");
            outcome_add_number(outcome, integer);
        }
    } else if (json_is(value, JSON_BOOL, NULL)) {
        outcome_add_number(outcome, json_bool(value));
    } else if (json_is(value, JSON_ARRAY, NULL)) {
        while (json_each(value, &element)) {
            value_read(outcome, &element, depth + 1);
        }
    } else if (json_is(value, JSON_OBJECT, NULL)) {
        outcome_add_number(outcome, json_only(value, keys, sizeof(keys) / sizeof(keys[0]), NULL));
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (json_optional(value, keys[i], JSON_ARRAY, &element, &outcome->error) &&
                json_is_there(&element)) {
                value_read(outcome, &element, depth + 1);
            }
        }
    }
    expect(depth <= 32, "a document has few levels");
}

static void document_read(struct outcome *outcome, const char *text, size_t length)
{
    struct json_document *document = json_parse(text, length, SIZE_LIMIT, &outcome->error);
    struct json_value root;

    outcome->is_taken = document != NULL;
    for (enum json_type type = JSON_OBJECT; document != NULL && type <= JSON_NULL; type++) {
        if (json_root(document, type, &root, NULL)) {
            value_read(outcome, &root, 0);
        }
    }
    json_free(document);
}

static bool text_is_utf8(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, left, &character);

        if (length == 0) {
            return false;
        }
        text += length;
        left -= length;
    }
    return true;
}

static void text_write(const uint8_t *octets, size_t length)
{
    char *text = text_of(octets, length);
    struct json_writer writer;
    struct json_document *document = NULL;
    struct json_value root;
    struct json_value member;
    struct error error = {""};
    char *written = NULL;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "name", text);
    written = json_writer_close(&writer);
    document = json_parse(written, strlen(written), 8 * strlen(text) + 64, &error);
    expect(document != NULL, "what is written is JSON");
    expect(json_root(document, JSON_OBJECT, &root, &error) &&
               json_member(&root, "name", JSON_STRING, &member, &error),
           "what is written is found");
    expect(!text_is_utf8(text) || strcmp(json_text(&member), text) == 0,
           "what is written is read back");
    json_free(document);
    free(written);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(document_read, octets, length);
    text_write(octets, length);
    return 0;
}
