/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/profile.c - finding the files, and the profile in them.
 */

#include "discovery/aws/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/aws/ini.h"

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

/* Other ways than static keys; a profile with one of them must not quietly become the instance. */
static const char *const other_ways[] = {"role_arn", "web_identity_token_file",
                                         "credential_process", "sso_session", "sso_start_url"};

struct profile_reader {
    struct aws_profile *profile;
    struct arena *arena;
    bool prefixed;
    bool found;
};

/* Whether `section` is the profile's: "web", "profile web", "profile \"web\"". */
static bool section_matches(const struct profile_reader *reader, const char *section)
{
    static const char prefix[] = "profile";
    const char *name = reader->profile->name;
    size_t length;

    if (!reader->prefixed || (strcmp(name, "default") == 0 && strcmp(section, name) == 0)) {
        return strcmp(section, name) == 0;
    }
    if (strncmp(section, prefix, strlen(prefix)) != 0) {
        return false;
    }
    section += strlen(prefix);
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

static void key_found(void *owner, const char *section, const char *key, const char *value)
{
    struct profile_reader *reader = owner;
    struct aws_profile *profile = reader->profile;
    const struct {
        const char *key;
        const char **value;
    } wanted[] = {
        {"aws_access_key_id",     &profile->access_key   },
        {"aws_secret_access_key", &profile->secret_key   },
        {"aws_session_token",     &profile->session_token},
        {"region",                &profile->region       },
    };

    if (!section_matches(reader, section)) {
        return;
    }
    reader->found = true;
    if (*value == '\0') {
        return;
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strcmp(key, wanted[i].key) == 0) {
            *wanted[i].value = arena_string(reader->arena, value);
        }
    }
    for (size_t i = 0; i < sizeof(other_ways) / sizeof(other_ways[0]); i++) {
        if (strcmp(key, other_ways[i]) == 0) {
            profile->other_way = other_ways[i];
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

/* Up to `size` octets into `text`. */
static bool octets_read(int descriptor, char *text, size_t size, size_t *length,
                        struct error *error)
{
    ssize_t got;

    *length = 0;
    do {
        got = read(descriptor, text + *length, size - *length);
        *length += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && *length < size) || (got < 0 && errno == EINTR));
    if (got < 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    if (*length == size) {
        return error_set(error, "larger than %d octets", PROFILE_FILE_LIMIT);
    }
    return true;
}

/* A file that is not there gives no octets. */
static bool file_read(const char *path, char **text, size_t *length, struct error *error)
{
    /* A pipe without a writer must not stop the loop. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    bool done = false;

    *text = NULL;
    *length = 0;
    if (descriptor < 0) {
        return errno == ENOENT || errno == ENOTDIR ? true
                                                   : error_set(error, "%s", strerrordesc_np(errno));
    }
    if (fstat(descriptor, &status) != 0) {
        (void)error_set(error, "%s", strerrordesc_np(errno));
    } else if (!S_ISREG(status.st_mode)) {
        (void)error_set(error, "not a regular file");
    } else {
        *text = memory_new(PROFILE_FILE_LIMIT + 1);
        done = octets_read(descriptor, *text, PROFILE_FILE_LIMIT + 1, length, error);
    }
    (void)close(descriptor);
    return done;
}

static bool file_scan(struct profile_reader *reader, const char *path, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    bool done = file_read(path, &text, &length, error) &&
                ini_parse(text == NULL ? "" : text, length, key_found, reader, error);

    if (text != NULL) {
        explicit_bzero(text, length);
    }
    free(text);
    return done ? true : error_prefix(error, "%s", path);
}

/* Keys and token of one file belong together; the rest is merged value by value. */
static void profile_merge(struct aws_profile *profile, const struct aws_profile *newer)
{
    if (newer->access_key != NULL || newer->secret_key != NULL) {
        profile->access_key = newer->access_key;
        profile->secret_key = newer->secret_key;
        profile->session_token = newer->session_token;
    }
    if (newer->region != NULL) {
        profile->region = newer->region;
    }
    if (newer->other_way != NULL) {
        profile->other_way = newer->other_way;
    }
}

bool aws_profile_read(const struct aws_environment *environment, struct arena *arena,
                      struct aws_profile *profile, struct error *error)
{
    const char *chosen = aws_variable(environment, "AWS_PROFILE");
    bool found = false;

    *profile = (struct aws_profile){.name = chosen == NULL ? "default" : chosen};
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const char *path = file_path(environment, &files[i], arena);
        struct aws_profile part = {.name = profile->name};
        struct profile_reader reader = {&part, arena, files[i].prefixed, false};

        if (path != NULL && !file_scan(&reader, path, error)) {
            return false;
        }
        profile_merge(profile, &part);
        found = found || reader.found;
    }
    if (chosen != NULL && !found) {
        return error_set(error, "AWS_PROFILE: neither shared file has a profile \"%s\"", chosen);
    }
    return true;
}
