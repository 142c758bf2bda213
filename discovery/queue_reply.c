/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_reply.c - messages come down to their handles, batches to what was deleted.
 */

#include "discovery/queue_reply.h"

#include <stdint.h>

#include "discovery/aws/http.h"
#include "discovery/json.h"

static bool messages_read(const struct json_value *root, struct arena *arena,
                          struct queue_messages *messages, struct error *error)
{
    struct json_value array;
    struct json_value message = {0};
    size_t capacity = 0;

    if (!json_optional(root, "Messages", JSON_ARRAY, &array, error)) {
        return false;
    }
    if (!json_is_there(&array)) {
        return true;
    }
    while (json_each(&array, &message)) {
        capacity++;
    }
    messages->handles = arena_array(arena, capacity + 1, sizeof(const char *));
    message = (struct json_value){0};
    while (json_each(&array, &message)) {
        struct json_value handle;

        if (!json_is(&message, JSON_OBJECT, error) ||
            !json_optional(&message, "ReceiptHandle", JSON_STRING, &handle, error)) {
            return false;
        }
        messages->count++;
        if (json_is_there(&handle)) {
            messages->handles[messages->handle_count++] = arena_string(arena, json_text(&handle));
        }
    }
    return true;
}

bool queue_messages_parse(const char *body, size_t length, struct arena *arena,
                          struct queue_messages *messages, struct error *error)
{
    struct json_document *document = json_parse(body, length, HTTP_BODY_LIMIT, error);
    struct json_value root;
    bool is_read = false;

    *messages = (struct queue_messages){0};
    if (document == NULL) {
        return false;
    }
    is_read = json_root(document, JSON_OBJECT, &root, error) &&
              messages_read(&root, arena, messages, error);
    json_free(document);
    return is_read;
}

/* The index that we gave as Id; QUEUE_BATCH_MAX for any other text. */
static size_t entry_index(const char *id)
{
    if (id[0] < '0' || id[0] > '9' || id[1] != '\0') {
        return QUEUE_BATCH_MAX;
    }
    return (size_t)(id[0] - '0');
}

static bool successes_read(const struct json_value *root, struct queue_deletion *deletion,
                           struct error *error)
{
    struct json_value array;
    struct json_value entry = {0};
    struct json_value id;

    if (!json_optional(root, "Successful", JSON_ARRAY, &array, error)) {
        return false;
    }
    while (json_is_there(&array) && json_each(&array, &entry)) {
        if (!json_is(&entry, JSON_OBJECT, error) ||
            !json_member(&entry, "Id", JSON_STRING, &id, error)) {
            return false;
        }
        if (entry_index(json_text(&id)) < QUEUE_BATCH_MAX) {
            deletion->is_deleted[entry_index(json_text(&id))] = true;
        }
    }
    return true;
}

static bool failures_read(const struct json_value *root, struct queue_deletion *deletion,
                          struct error *error)
{
    struct json_value array;
    struct json_value entry = {0};
    struct json_value code;
    struct json_value message;

    if (!json_optional(root, "Failed", JSON_ARRAY, &array, error)) {
        return false;
    }
    while (json_is_there(&array) && json_each(&array, &entry)) {
        if (!json_is(&entry, JSON_OBJECT, error) ||
            !json_optional(&entry, "Code", JSON_STRING, &code, error) ||
            !json_optional(&entry, "Message", JSON_STRING, &message, error)) {
            return false;
        }
        if (deletion->first_failure.text[0] == '\0') {
            (void)error_set(&deletion->first_failure, "%s: %s",
                            json_is_there(&code) ? json_text(&code) : "no code",
                            json_is_there(&message) ? json_text(&message) : "no message");
        }
    }
    return true;
}

bool queue_deletion_parse(const char *body, size_t length, struct queue_deletion *deletion,
                          struct error *error)
{
    struct json_document *document = json_parse(body, length, HTTP_BODY_LIMIT, error);
    struct json_value root;
    bool is_read = false;

    *deletion = (struct queue_deletion){.first_failure = {.text = ""}};
    if (document == NULL) {
        return false;
    }
    is_read = json_root(document, JSON_OBJECT, &root, error) &&
              successes_read(&root, deletion, error) && failures_read(&root, deletion, error);
    json_free(document);
    return is_read;
}
