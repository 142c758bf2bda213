/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sts_reply.c - four elements of one XML reply.
 */

#include "discovery/aws/sts_reply.h"

#include "discovery/aws/xml.h"
#include "discovery/hold.h"

enum { ELEMENT_ACCESS_KEY, ELEMENT_SECRET_KEY, ELEMENT_TOKEN, ELEMENT_ENDS, ELEMENT_COUNT };

#define OWN "AssumeRoleResponse/AssumeRoleResult/Credentials/"
#define WEB "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"

static const struct xml_row rows[] = {
    {OWN "AccessKeyId",     ELEMENT_ACCESS_KEY, XML_ROW_TEXT},
    {OWN "SecretAccessKey", ELEMENT_SECRET_KEY, XML_ROW_TEXT},
    {OWN "SessionToken",    ELEMENT_TOKEN,      XML_ROW_TEXT},
    {OWN "Expiration",      ELEMENT_ENDS,       XML_ROW_TEXT},
    {WEB "AccessKeyId",     ELEMENT_ACCESS_KEY, XML_ROW_TEXT},
    {WEB "SecretAccessKey", ELEMENT_SECRET_KEY, XML_ROW_TEXT},
    {WEB "SessionToken",    ELEMENT_TOKEN,      XML_ROW_TEXT},
    {WEB "Expiration",      ELEMENT_ENDS,       XML_ROW_TEXT},
};

static const struct xml_grammar grammar = {rows, sizeof(rows) / sizeof(rows[0])};

static const char *const element_names[ELEMENT_COUNT] = {"AccessKeyId", "SecretAccessKey",
                                                         "SessionToken", "Expiration"};

struct reply {
    struct arena *arena;
    const char *texts[ELEMENT_COUNT];
};

static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct reply *reply = owner;

    if (event->kind != XML_TEXT) {
        return true;
    }
    if (reply->texts[event->id] != NULL) {
        return error_set(error, "%s comes twice", element_names[event->id]);
    }
    reply->texts[event->id] = arena_string_of(reply->arena, event->text, event->length);
    return true;
}

bool sts_reply_parse(const char *body, size_t length, struct arena *arena,
                     struct credentials *found, struct error *error)
{
    struct reply reply = {.arena = arena};

    if (!xml_parse(body, length, &grammar, on_event, &reply, error)) {
        return false;
    }
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        if (reply.texts[i] == NULL || reply.texts[i][0] == '\0') {
            return error_set(error, "the answer has no %s", element_names[i]);
        }
    }
    if (!time_parse(&found->ends_s, reply.texts[ELEMENT_ENDS]) || found->ends_s <= 0) {
        return error_set(error, "Expiration is not a time like 2026-11-22T13:58:28Z");
    }
    found->access_key = reply.texts[ELEMENT_ACCESS_KEY];
    found->secret_key = reply.texts[ELEMENT_SECRET_KEY];
    found->session_token = reply.texts[ELEMENT_TOKEN];
    return true;
}
