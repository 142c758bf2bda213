/* SPDX-License-Identifier: MIT */

/*
 * server/verb_control.c - configuration to socket, socket to answer, answer to words.
 */

#include "server/verb_control.h"

#include <stdio.h>
#include <stdlib.h>

#include "discovery/json.h"
#include "server/config.h"
#include "server/control_client.h"
#include "server/text_table.h"

enum { REFUSAL_SIZE_LIMIT = 1024 * 1024 };

bool verb_control_ask(const struct options *options, const char *method, const char *target,
                      int *status, char **body, size_t *length)
{
    struct error error;
    char *path = config_control_path(options->config_path, &error);
    enum control_result result = CONTROL_FAILED;

    if (path != NULL) {
        result = control_ask(path, method, target, status, body, length, &error);
    }
    if (result == CONTROL_ABSENT) {
        control_absent(&error, path, options->config_path);
    }
    if (result != CONTROL_ANSWERED) {
        fprintf(stderr, "rollcall: %s\n", error.text);
    }
    free(path);
    return result == CONTROL_ANSWERED;
}

static void refusal_line(const struct json_value *text)
{
    text_print(json_text(text), stderr);
    fputc('\n', stderr);
}

/* False, with what is wrong, when it is no error answer. */
static bool refusal_print(const struct json_document *document, struct error *error)
{
    struct json_value root;
    struct json_value texts;
    struct json_value text = {.node = NULL};

    if (!json_root(document, JSON_OBJECT, &root, error)) {
        return false;
    }
    if (json_member(&root, "error", JSON_STRING, &text, NULL)) {
        fputs("rollcall: ", stderr);
        refusal_line(&text);
        return true;
    }
    if (!json_member(&root, "errors", JSON_ARRAY, &texts, error)) {
        return false;
    }
    while (json_each(&texts, &text)) {
        if (json_is(&text, JSON_STRING, NULL)) {
            refusal_line(&text);
        }
    }
    return true;
}

void verb_control_refusal(const char *body, size_t length)
{
    struct error error;
    struct json_document *document = json_parse(body, length, REFUSAL_SIZE_LIMIT, &error);

    if (document == NULL || !refusal_print(document, &error)) {
        fprintf(stderr, "rollcall: the server's answer is not understood: %s\n", error.text);
    }
    json_free(document);
}

enum exit_status
verb_control_show(const struct options *options, const char *method, const char *target,
                  bool (*print)(const char *json, size_t length, FILE *out, struct error *error))
{
    enum exit_status result = STATUS_FAILED;
    struct error error;
    size_t length = 0;
    char *body = NULL;
    int status = 0;

    if (!verb_control_ask(options, method, target, &status, &body, &length)) {
        return STATUS_FAILED;
    }
    if (status != 200) {
        verb_control_refusal(body, length);
    } else if (options->is_json) {
        fwrite(body, 1, length, stdout);
        putchar('\n');
        result = STATUS_DONE;
    } else if (print(body, length, stdout, &error)) {
        result = STATUS_DONE;
    } else {
        fprintf(stderr, "rollcall: the server's answer is not understood: %s\n", error.text);
    }
    free(body);
    return result;
}
