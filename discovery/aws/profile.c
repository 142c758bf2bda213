/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/profile.c - finding the files, and the profile in them.
 */

#include "discovery/aws/profile.h"

#include <string.h>
#include <strings.h>

#include "discovery/aws/ini.h"
#include "discovery/aws/secret_file.h"

struct profile_file {
    const char *variable;
    const char *path_at_home;
    bool prefixed; /* sections are called [profile NAME], except [default] */
};

/* In the order of reading: what is read later wins. */
static const struct profile_file files[] = {
    {"AWS_CONFIG_FILE",             ".aws/config",      true },
    {"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false},
};

enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

enum profile_key {
    KEY_ACCESS_KEY,
    KEY_SECRET_KEY,
    KEY_SESSION_TOKEN,
    KEY_REGION,
    KEY_ROLE_ARN,
    KEY_SOURCE_PROFILE,
    KEY_CREDENTIAL_SOURCE,
    KEY_EXTERNAL_ID,
    KEY_ROLE_SESSION_NAME,
    KEY_DURATION,
    KEY_MFA_SERIAL,
    KEY_TOKEN_FILE,
    KEY_ENDPOINT_URL,
    KEY_SERVICES,
    KEY_FIPS,
    KEY_DUALSTACK,
    KEY_IGNORE_ENDPOINTS,
    KEY_PROCESS, /* this one and those after it: ways to credentials that we lack */
    KEY_SSO_SESSION,
    KEY_SSO_START_URL,
    KEY_LOGIN_SESSION,
    KEY_COUNT,
};

/* clang-format off */
static const char *const key_names[KEY_COUNT] = {
    [KEY_ACCESS_KEY] = "aws_access_key_id",
    [KEY_SECRET_KEY] = "aws_secret_access_key",
    [KEY_SESSION_TOKEN] = "aws_session_token",
    [KEY_REGION] = "region",
    [KEY_ROLE_ARN] = "role_arn",
    [KEY_SOURCE_PROFILE] = "source_profile",
    [KEY_CREDENTIAL_SOURCE] = "credential_source",
    [KEY_EXTERNAL_ID] = "external_id",
    [KEY_ROLE_SESSION_NAME] = "role_session_name",
    [KEY_DURATION] = "duration_seconds",
    [KEY_MFA_SERIAL] = "mfa_serial",
    [KEY_TOKEN_FILE] = "web_identity_token_file",
    [KEY_ENDPOINT_URL] = "endpoint_url",
    [KEY_SERVICES] = "services",
    [KEY_FIPS] = "use_fips_endpoint",
    [KEY_DUALSTACK] = "use_dualstack_endpoint",
    [KEY_IGNORE_ENDPOINTS] = "ignore_configured_endpoint_urls",
    [KEY_PROCESS] = "credential_process",
    [KEY_SSO_SESSION] = "sso_session",
    [KEY_SSO_START_URL] = "sso_start_url",
    [KEY_LOGIN_SESSION] = "login_session",
};

/* What the services are called in a [services NAME] section. */
static const char *const service_names[AWS_SERVICE_COUNT] = {
    [AWS_EC2] = "ec2",
    [AWS_AUTO_SCALING] = "auto_scaling",
    [AWS_SQS] = "sqs",
    [AWS_STS] = "sts",
};
/* clang-format on */

struct profile_values {
    const char *of[KEY_COUNT]; /* NULL: not there */
};

struct profile_reader {
    const char *name;
    const char *prefix; /* NULL: sections have the profile's bare name */
    struct profile_values values;
    const char **service_urls; /* filled by services_found() */
    struct arena *arena;
    bool found;
};

/* Whether `section` is "PREFIX NAME", also with the name in quotes. */
static bool section_matches(const char *section, const char *prefix, const char *name)
{
    size_t length = strlen(prefix);

    if (strncmp(section, prefix, length) != 0) {
        return false;
    }
    section += length;
    length = strspn(section, " \t");
    section += length;
    if (length > 0 && section[0] == '"') {
        section++;
        length = strlen(section);
        return length == strlen(name) + 1 && section[length - 1] == '"' &&
               strncmp(section, name, length - 1) == 0;
    }
    return length > 0 && strcmp(section, name) == 0;
}

static void key_found(void *owner, const struct ini_entry *entry)
{
    struct profile_reader *reader = owner;
    bool bare = reader->prefix == NULL || strcmp(reader->name, "default") == 0;

    if (!(bare && strcmp(entry->section, reader->name) == 0) &&
        (reader->prefix == NULL ||
         !section_matches(entry->section, reader->prefix, reader->name))) {
        return;
    }
    reader->found = true;
    if (entry->parent != NULL || *entry->value == '\0') {
        return;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(entry->key, key_names[i]) == 0) {
            reader->values.of[i] = arena_string(reader->arena, entry->value);
        }
    }
}

static void services_found(void *owner, const struct ini_entry *entry)
{
    struct profile_reader *reader = owner;

    if (!section_matches(entry->section, reader->prefix, reader->name)) {
        return;
    }
    reader->found = true;
    if (entry->parent == NULL || *entry->value == '\0' || strcmp(entry->key, "endpoint_url") != 0) {
        return;
    }
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
        if (strcmp(entry->parent, service_names[i]) == 0) {
            reader->service_urls[i] = arena_string(reader->arena, entry->value);
        }
    }
}

/* NULL without a home to look in. */
static const char *file_path(const struct aws_environment *environment,
                             const struct profile_file *file, struct arena *arena)
{
    const char *path = aws_variable(environment, file->variable);
    const char *home = aws_variable(environment, "HOME");

    if (path != NULL && strncmp(path, "~/", 2) == 0 && home != NULL) {
        return arena_format(arena, "%s/%s", home, path + 2);
    }
    if (path == NULL && home != NULL) {
        return arena_format(arena, "%s/%s", home, file->path_at_home);
    }
    return path;
}

/* Tell `listener` what the file has; without a path or a file that is nothing. */
static bool file_scan(const char *path, ini_listener listener, struct profile_reader *reader,
                      struct error *error)
{
    struct secret_file file = {NULL, 0, 0};
    bool done = path == NULL || (secret_file_read(path, PROFILE_FILE_LIMIT, &file, error) &&
                                 ini_parse(file.text == NULL ? "" : file.text, file.length,
                                           listener, reader, error));

    secret_file_free(&file);
    return done ? true : error_prefix(error, "%s", path);
}

/* Keys and token of one file belong together; the rest is merged value by value. */
static void values_merge(struct profile_values *values, const struct profile_values *newer)
{
    if (newer->of[KEY_ACCESS_KEY] != NULL || newer->of[KEY_SECRET_KEY] != NULL) {
        values->of[KEY_ACCESS_KEY] = NULL;
        values->of[KEY_SECRET_KEY] = NULL;
        values->of[KEY_SESSION_TOKEN] = NULL;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        bool alone = i == KEY_SESSION_TOKEN && newer->of[KEY_ACCESS_KEY] == NULL &&
                     newer->of[KEY_SECRET_KEY] == NULL;

        if (newer->of[i] != NULL && !alone) {
            values->of[i] = newer->of[i];
        }
    }
}

static bool is_true(const char *value)
{
    return value != NULL && strcasecmp(value, "true") == 0;
}

static void profile_fill(struct aws_profile *profile, const struct profile_values *values)
{
    profile->access_key = values->of[KEY_ACCESS_KEY];
    profile->secret_key = values->of[KEY_SECRET_KEY];
    profile->session_token = values->of[KEY_SESSION_TOKEN];
    profile->region = values->of[KEY_REGION];
    profile->role_arn = values->of[KEY_ROLE_ARN];
    profile->source_profile = values->of[KEY_SOURCE_PROFILE];
    profile->credential_source = values->of[KEY_CREDENTIAL_SOURCE];
    profile->external_id = values->of[KEY_EXTERNAL_ID];
    profile->role_session_name = values->of[KEY_ROLE_SESSION_NAME];
    profile->duration_seconds = values->of[KEY_DURATION];
    profile->mfa_serial = values->of[KEY_MFA_SERIAL];
    profile->web_identity_token_file = values->of[KEY_TOKEN_FILE];
    profile->endpoint_url = values->of[KEY_ENDPOINT_URL];
    profile->use_fips = is_true(values->of[KEY_FIPS]);
    profile->use_dualstack = is_true(values->of[KEY_DUALSTACK]);
    profile->ignore_endpoints = is_true(values->of[KEY_IGNORE_ENDPOINTS]);
    for (size_t i = KEY_PROCESS; i < KEY_COUNT; i++) {
        if (values->of[i] != NULL) {
            profile->other_way = key_names[i];
        }
    }
}

/* The section is in the configuration file only, and may stand before the profile. */
static bool services_read(const struct aws_environment *environment, const char *name,
                          struct arena *arena, struct aws_profile *profile, struct error *error)
{
    const char *path = file_path(environment, &files[0], arena);
    struct profile_reader reader = {
        .name = name, .prefix = "services", .service_urls = profile->service_urls, .arena = arena};

    if (!file_scan(path, services_found, &reader, error)) {
        return false;
    }
    return reader.found ? true
                        : error_set(error, "profile %s: services: %s has no section [services %s]",
                                    profile->name, path, name);
}

/* `found` tells whether one of the files has it. */
static bool profile_read(const struct aws_environment *environment, struct arena *arena,
                         struct aws_profile *profile, bool *found, struct error *error)
{
    struct profile_values values = {{NULL}};
    const char *services;

    *found = false;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct profile_reader reader = {
            .name = profile->name, .prefix = files[i].prefixed ? "profile" : NULL, .arena = arena};

        if (!file_scan(file_path(environment, &files[i], arena), key_found, &reader, error)) {
            return false;
        }
        values_merge(&values, &reader.values);
        *found = *found || reader.found;
    }
    profile_fill(profile, &values);
    services = values.of[KEY_SERVICES];
    return services == NULL || services_read(environment, services, arena, profile, error);
}

bool aws_profile_read(const struct aws_environment *environment, struct arena *arena,
                      struct aws_profile *profile, struct error *error)
{
    const char *chosen = aws_variable(environment, "AWS_PROFILE");
    bool found = false;

    *profile = (struct aws_profile){.name = chosen == NULL ? "default" : chosen};
    if (!profile_read(environment, arena, profile, &found, error)) {
        return false;
    }
    if (chosen != NULL && !found) {
        return error_set(error, "AWS_PROFILE: neither shared file has a profile \"%s\"", chosen);
    }
    return true;
}

bool aws_profile_read_named(const struct aws_environment *environment, const char *name,
                            struct arena *arena, struct aws_profile *profile, struct error *error)
{
    bool found = false;

    *profile = (struct aws_profile){.name = arena_string(arena, name)};
    if (!profile_read(environment, arena, profile, &found, error)) {
        return false;
    }
    return found ? true : error_set(error, "neither shared file has a profile \"%s\"", name);
}
