/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/secret_file.c - open, look what it is, read, overwrite.
 */

#include "discovery/aws/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "discovery/aws/http_header.h"
#include "zones/arena.h"

static bool octets_read(int descriptor, size_t size_limit, struct secret_file *file,
                        struct error *error)
{
    ssize_t got;

    do {
        got = read(descriptor, file->text + file->length, size_limit + 1 - file->length);
        file->length += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && file->length <= size_limit) || (got < 0 && errno == EINTR));
    if (got < 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    if (file->length > size_limit) {
        return error_set(error, "larger than %zu octets", size_limit);
    }
    file->text[file->length] = '\0';
    return true;
}

static bool is_null_device(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

/* The reason when open(2) failed because nothing is to be seen at `path`, else 0. */
static int open_missing(const char *path, int reason)
{
    struct stat status;

    if (reason == EACCES && stat(path, &status) == 0) {
        errno = reason;
        return 0; /* it is there, and kept from us */
    }
    errno = reason;
    return reason == ENOENT || reason == ENOTDIR || reason == EACCES ? reason : 0;
}

bool secret_file_read(const char *path, size_t size_limit, struct secret_file *file,
                      struct error *error)
{
    /* A pipe without a writer must not stop the loop. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    bool done = false;

    *file = (struct secret_file){NULL, 0, 0};
    if (descriptor < 0) {
        file->missing = open_missing(path, errno);
        return file->missing != 0 ? true : error_set(error, "%s", strerrordesc_np(errno));
    }
    if (fstat(descriptor, &status) != 0) {
        (void)error_set(error, "%s", strerrordesc_np(errno));
    } else if (is_null_device(&status)) {
        done = true; /* the usual way to say: none */
    } else if (!S_ISREG(status.st_mode)) {
        (void)error_set(error, "not a regular file");
    } else {
        file->text = memory_new(size_limit + 2);
        done = octets_read(descriptor, size_limit, file, error);
    }
    (void)close(descriptor);
    if (!done) {
        secret_file_free(file);
    }
    return done;
}

static bool token_trim(struct secret_file *file, struct error *error)
{
    if (file->missing != 0) {
        return error_set(error, "%s", strerrordesc_np(file->missing));
    }
    if (file->length > 0 && file->text[file->length - 1] == '\n') {
        file->length--;
        if (file->length > 0 && file->text[file->length - 1] == '\r') {
            file->length--;
        }
        file->text[file->length] = '\0';
    }
    if (file->length == 0) {
        return error_set(error, "holds no token");
    }
    if (strlen(file->text) != file->length || !http_header_valid(file->text)) {
        return error_set(error, "the token holds a line end or another control character");
    }
    return true;
}

bool secret_file_read_token(const char *path, size_t size_limit, struct secret_file *file,
                            struct error *error)
{
    if (!secret_file_read(path, size_limit, file, error)) {
        return false;
    }
    if (!token_trim(file, error)) {
        secret_file_free(file);
        return false;
    }
    return true;
}

void secret_file_free(struct secret_file *file)
{
    if (file->text != NULL) {
        explicit_bzero(file->text, file->length);
    }
    free(file->text);
    *file = (struct secret_file){NULL, 0, 0};
}
