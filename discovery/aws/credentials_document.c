/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credentials_document.c - four members of one object.
 */

#include "discovery/aws/credentials_document.h"

#include <string.h>

#include "discovery/hold.h"
#include "discovery/json.h"

static bool text_member(const struct json_value *root, const char *key, struct arena *arena,
                        const char **text, struct error *error)
{
    struct json_value member;

    if (!json_member(root, key, JSON_STRING, &member, error)) {
        return false;
    }
    *text = arena_string(arena, json_text(&member));
    return **text != '\0' ? true : error_set(error, "%s is empty", key);
}

static bool code_check(const struct json_value *root, struct arena *arena, struct error *error)
{
    const char *code;

    if (!text_member(root, "Code", arena, &code, error)) {
        return false;
    }
    return strcmp(code, "Success") == 0 ? true
                                        : error_set(error, "Code is \"%s\", not \"Success\"", code);
}

bool credentials_document_read(const char *text, size_t length, bool has_code, struct arena *arena,
                               struct credentials *found, struct error *error)
{
    struct json_document *document = json_parse(text, length, CREDENTIALS_DOCUMENT_LIMIT, error);
    const char *ends = "";
    struct json_value root;
    bool taken = document != NULL && json_root(document, JSON_OBJECT, &root, error) &&
                 (!has_code || code_check(&root, arena, error)) &&
                 text_member(&root, "AccessKeyId", arena, &found->access_key, error) &&
                 text_member(&root, "SecretAccessKey", arena, &found->secret_key, error) &&
                 text_member(&root, "Token", arena, &found->session_token, error) &&
                 text_member(&root, "Expiration", arena, &ends, error);

    if (taken && (!time_parse(&found->ends_s, ends) || found->ends_s <= 0)) {
        taken = error_set(error, "Expiration is not a time like 2026-11-22T13:58:28Z");
    }
    json_free(document);
    return taken;
}
