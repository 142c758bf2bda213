/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/config_fixture.h - configuration files from text, and what is said of them.
 */

#ifndef TESTS_UNIT_SERVER_CONFIG_FIXTURE_H
#define TESTS_UNIT_SERVER_CONFIG_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"

/* The least that loads; two lines. */
static const char least[] = "listen = \"127.0.0.1:53\"\n"
                            "zone \"a.example\" { nameservers = \"ns.a.example\" }\n";

enum { HEARD_LIMIT = 120, TEXT_SIZE = 4096 };

struct heard {
    size_t count;
    char *texts[HEARD_LIMIT];
};

static inline void hear(void *owner, const char *text)
{
    struct heard *heard = owner;

    assert_true(heard->count < HEARD_LIMIT);
    heard->texts[heard->count++] = strdup(text);
}

static inline void heard_free(struct heard *heard)
{
    while (heard->count > 0) {
        free(heard->texts[--heard->count]);
    }
}

static inline bool heard_has(const struct heard *heard, const char *part)
{
    for (size_t i = 0; i < heard->count; i++) {
        if (strstr(heard->texts[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

/* A file of this text; the path is in a buffer that the next call overwrites. */
static inline const char *file_of(const void *text, size_t length)
{
    static char path[64];
    int fd = -1;

    snprintf(path, sizeof(path), "/tmp/rollcall-test-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    close(fd);
    return path;
}

static inline struct config *load_text(const char *text, struct heard *heard)
{
    const char *path = file_of(text, strlen(text));
    struct config *config = NULL;

    heard->count = 0;
    config = config_load(path, hear, heard);
    unlink(path);
    return config;
}

#endif
