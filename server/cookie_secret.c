/* SPDX-License-Identifier: MIT */

/*
 * server/cookie_secret.c - one or two lines of hexadecimal digits.
 */

#include "server/cookie_secret.h"

#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "discovery/aws/secret_file.h"

enum {
    SECRET_DIGITS = 2 * SIPHASH_KEY_LENGTH,
    SECRETS_MAX = 2,
    FILE_SIZE_MAX = 1024, /* far more than two lines, so that the lines get a complaint of theirs */
};

static bool digit_read(char digit, uint8_t *value)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit);

    if (digit == '\0' || found == NULL) {
        return false;
    }
    *value = (uint8_t)(found - digits);
    return true;
}

static bool line_read(uint8_t secret[SIPHASH_KEY_LENGTH], const char *line, size_t length)
{
    if (length != SECRET_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < SIPHASH_KEY_LENGTH; i++) {
        uint8_t high = 0;
        uint8_t low = 0;

        if (!digit_read(line[2 * i], &high) || !digit_read(line[2 * i + 1], &low)) {
            return false;
        }
        secret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool text_read(uint8_t keys[SECRETS_MAX][SIPHASH_KEY_LENGTH], const char *text,
                      size_t *count, struct error *error)
{
    *count = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (*count == SECRETS_MAX) {
            return error_set(error, "line %d: there are at most %d secrets", SECRETS_MAX + 1,
                             SECRETS_MAX);
        }
        if (!line_read(keys[*count], text, length)) {
            return error_set(error, "line %zu: is not %d hexadecimal digits", *count + 1,
                             SECRET_DIGITS);
        }
        (*count)++;
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    return *count > 0 ||
           error_set(error, "is empty: the first line has to be %d hexadecimal digits",
                     SECRET_DIGITS);
}

/* A secret that everybody on the machine knows is none. */
static bool is_kept_secret(const char *path, struct error *error)
{
    struct stat status;

    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0) {
        return error_set(error, "everybody may read it: chmod o-r");
    }
    return true;
}

bool cookie_secret_read(struct cookie_secrets *secrets, const char *path, struct error *error)
{
    uint8_t keys[SECRETS_MAX][SIPHASH_KEY_LENGTH];
    struct secret_file file = {.text = NULL};
    size_t count = 0;
    bool is_read = false;

    if (!is_kept_secret(path, error) || !secret_file_read(path, FILE_SIZE_MAX, &file, error)) {
        goto out;
    }
    if (file.text == NULL) {
        (void)error_set(error, "%s", strerrordesc_np(file.missing));
    } else if (memchr(file.text, '\0', file.length) != NULL) {
        (void)error_set(error, "is not text: it holds a NUL octet");
    } else {
        is_read = text_read(keys, file.text, &count, error);
    }
    if (is_read) {
        memcpy(secrets->current, keys[0], SIPHASH_KEY_LENGTH);
        memcpy(secrets->previous, keys[count - 1], SIPHASH_KEY_LENGTH);
    }
out:
    explicit_bzero(keys, sizeof(keys));
    secret_file_free(&file);
    return is_read || error_prefix(error, "%s", path);
}

bool cookie_secret_make(struct cookie_secrets *secrets, struct error *error)
{
    if (getrandom(secrets->current, SIPHASH_KEY_LENGTH, 0) != SIPHASH_KEY_LENGTH) {
        return error_set(error, "the kernel gives no random octets");
    }
    memcpy(secrets->previous, secrets->current, SIPHASH_KEY_LENGTH);
    return true;
}
