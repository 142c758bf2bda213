/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/instance_role.c - credentials of the role that the instance has.
 *
 * First the role's name, then its document ("Retrieve security credentials from instance
 * metadata", EC2 User Guide).
 */

#include <string.h>
#include <time.h>

#include "discovery/aws/credential_chain.h"
#include "discovery/json.h"

#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

enum { ROLE_NAME_LIMIT = 64 }; /* CreateRole, IAM API Reference */

/* The name becomes part of a path. */
static size_t role_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-");
}

/* "2026-11-22T13:58:28Z" */
static bool time_read(const char *text, int64_t *time_s)
{
    struct tm utc = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);

    if (end == NULL || *end != '\0') {
        return false;
    }
    *time_s = (int64_t)timegm(&utc);
    return *time_s > 0;
}

static bool text_member(const struct json_value *root, const char *key, const char **text,
                        struct error *error)
{
    struct json_value member;

    if (!json_member(root, key, JSON_STRING, &member, error)) {
        return false;
    }
    *text = json_text(&member);
    return **text != '\0' ? true : error_set(error, "%s is empty", key);
}

static bool document_take(struct credential_walk *walk, const struct json_value *root)
{
    const char *code;
    const char *ends;
    struct credentials *found = &walk->found;

    *found = (struct credentials){.provider = "instance role"};
    if (!text_member(root, "Code", &code, &walk->error)) {
        return false;
    }
    if (strcmp(code, "Success") != 0) {
        return error_set(&walk->error, "Code is \"%s\", not \"Success\"", code);
    }
    if (!text_member(root, "AccessKeyId", &found->access_key, &walk->error) ||
        !text_member(root, "SecretAccessKey", &found->secret_key, &walk->error) ||
        !text_member(root, "Token", &found->session_token, &walk->error) ||
        !text_member(root, "Expiration", &ends, &walk->error)) {
        return false;
    }
    if (!time_read(ends, &found->ends_s)) {
        return error_set(&walk->error, "Expiration is not a time like 2026-11-22T13:58:28Z");
    }
    found->access_key = arena_string(&walk->arena, found->access_key);
    found->secret_key = arena_string(&walk->arena, found->secret_key);
    found->session_token = arena_string(&walk->arena, found->session_token);
    return true;
}

static void on_document(void *owner, const char *text, const struct error *error)
{
    struct credential_walk *walk = owner;
    struct json_document *document = NULL;
    struct json_value root;
    bool taken = false;

    walk->query = NULL;
    if (error != NULL) {
        walk->error = *error;
        credential_walk_end(walk, PROVIDER_FAILED);
        return;
    }
    document = json_parse(text, strlen(text), IMDS_TEXT_LIMIT, &walk->error);
    taken = document != NULL && json_root(document, JSON_OBJECT, &root, &walk->error) &&
            document_take(walk, &root);
    json_free(document);
    if (!taken) {
        (void)error_prefix(&walk->error, "instance metadata: the role's credentials");
    }
    credential_walk_end(walk, taken ? PROVIDER_FOUND : PROVIDER_FAILED);
}

/* The last of the chain: whoever meant another provider wants to read that it had nothing. */
static void role_missing(struct credential_walk *walk)
{
    (void)error_prefix(&walk->error, "no credentials in environment or shared files");
    credential_walk_end(walk, PROVIDER_FAILED);
}

static void on_role(void *owner, const char *text, const struct error *error)
{
    struct credential_walk *walk = owner;
    size_t length = text == NULL ? 0 : role_length(text);

    walk->query = NULL;
    if (error != NULL) {
        walk->error = *error;
    } else if (length == 0 || length > ROLE_NAME_LIMIT || strchr("\r\n", text[length]) == NULL) {
        (void)error_set(&walk->error, "instance metadata: what came is no role name");
    } else {
        const char *path = arena_format(&walk->arena, "%s%.*s", ROLES_PATH, (int)length, text);

        walk->query = imds_ask(walk->imds, path, on_document, walk, &walk->error);
    }
    if (walk->query == NULL) {
        role_missing(walk);
    }
}

void instance_role_provider(struct credential_walk *walk)
{
    walk->query = imds_ask(walk->imds, ROLES_PATH, on_role, walk, &walk->error);
    if (walk->query == NULL) {
        role_missing(walk);
    }
}
