/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sts_request.c - checking a role's words, and putting them into a form.
 */

#include "discovery/aws/sts_request.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "discovery/aws/form.h"
#include "discovery/membership.h"

static const char session_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";

static bool session_name_valid(const char *name)
{
    size_t length = strlen(name);

    return length >= 2 && length < STS_SESSION_NAME_SIZE &&
           strspn(name, session_characters) == length;
}

bool sts_role_check(const struct sts_role *role, struct error *error)
{
    uint16_t seconds;

    if (strncmp(role->arn, "arn:", 4) != 0) {
        return error_set(error, "%s: role_arn: \"%s\" is not an ARN", role->where, role->arn);
    }
    if (role->session_name != NULL && !session_name_valid(role->session_name)) {
        return error_set(error,
                         "%s: role_session_name: \"%s\" is not 2 to 64 letters, digits and _+=,.@-",
                         role->where, role->session_name);
    }
    if (role->duration_seconds != NULL &&
        (!number_parse_u16(role->duration_seconds, STS_DURATION_MAX_S, &seconds) ||
         seconds < STS_DURATION_MIN_S)) {
        return error_set(error, "%s: duration_seconds: \"%s\" is not in %d to %d", role->where,
                         role->duration_seconds, STS_DURATION_MIN_S, STS_DURATION_MAX_S);
    }
    return true;
}

void sts_session_name(const char *host, char name[STS_SESSION_NAME_SIZE])
{
    (void)snprintf(name, STS_SESSION_NAME_SIZE, "rollcall-%s", host);
    for (char *at = name; *at != '\0'; at++) {
        if (strchr(session_characters, *at) == NULL) {
            *at = '-';
        }
    }
}

const char *sts_request_body(const struct sts_role *role, const char *host, const char *token,
                             struct arena *arena)
{
    char own_name[STS_SESSION_NAME_SIZE];
    struct aws_parameter parameters[7] = {
        {"Action",          token == NULL ? "AssumeRole" : "AssumeRoleWithWebIdentity"},
        {"Version",         "2011-06-15"                                              },
        {"RoleArn",         role->arn                                                 },
        {"RoleSessionName", role->session_name == NULL ? own_name : role->session_name},
    };
    size_t count = 4;

    sts_session_name(host, own_name);
    if (role->external_id != NULL && token == NULL) {
        parameters[count++] = (struct aws_parameter){"ExternalId", role->external_id};
    }
    if (role->duration_seconds != NULL) {
        parameters[count++] = (struct aws_parameter){"DurationSeconds", role->duration_seconds};
    }
    if (token != NULL) {
        parameters[count++] = (struct aws_parameter){"WebIdentityToken", token};
    }
    return form_encode(parameters, count, arena);
}
