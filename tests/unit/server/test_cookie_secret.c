/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_cookie_secret.c - files with the secret of cookies, good and bad.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#include "server/cookie_secret.h"

enum { PATH_SIZE = 64 };

#define FIRST "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECOND "DD3BDF9344B678B185A6F5CB60FCA715"

static void file_write(char *path, const char *text, size_t length, mode_t mode)
{
    int descriptor = -1;

    (void)snprintf(path, PATH_SIZE, "/tmp/cookie-secret-XXXXXX");
    descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, length), (ssize_t)length);
    assert_int_equal(fchmod(descriptor, mode), 0);
    assert_int_equal(close(descriptor), 0);
}

#define TEXT(text) text, sizeof(text) - 1

/* clang-format off */
static const struct row {
    const char *why;
    const char *text;
    size_t length;
    mode_t mode;
    const char *error; /* NULL: it is good */
} rows[] = {
    {"one secret",               TEXT(FIRST "\n"),                       0600, NULL                                     },
    {"without a line's end",     TEXT(FIRST),                            0640, NULL                                     },
    {"two secrets",              TEXT(FIRST "\n" SECOND "\n"),           0400, NULL                                     },
    {"three secrets",            TEXT(FIRST "\n" SECOND "\n" FIRST "\n"), 0600, "line 3: there are at most 2 secrets"   },
    {"empty",                    TEXT(""),                               0600, "is empty"                               },
    {"an empty first line",      TEXT("\n" FIRST),                       0600, "line 1: is not 32 hexadecimal digits"   },
    {"31 digits",                TEXT("e5e973e5a6b2a43f48e7dc849e37bfc"), 0600, "line 1: is not 32 hexadecimal digits"  },
    {"33 digits",                TEXT(FIRST "0"),                        0600, "line 1: is not 32 hexadecimal digits"   },
    {"a letter that is none",    TEXT("g5e973e5a6b2a43f48e7dc849e37bfcf"), 0600, "line 1: is not 32 hexadecimal digits" },
    {"a bad second line",        TEXT(FIRST "\nno"),                     0600, "line 2: is not 32 hexadecimal digits"   },
    {"a NUL octet",              TEXT(FIRST "\0"),                       0600, "NUL octet"                              },
    {"readable by everybody",    TEXT(FIRST "\n"),                       0644, "everybody may read it"                  },
};
/* clang-format on */

static void each_file_is_read_or_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cookie_secrets secrets;
        struct error error = {.text = ""};
        char path[PATH_SIZE];
        bool is_read = false;

        file_write(path, rows[i].text, rows[i].length, rows[i].mode);
        is_read = cookie_secret_read(&secrets, path, &error);
        (void)unlink(path);
        if (is_read != (rows[i].error == NULL)) {
            fail_msg("%s: read %d: %s", rows[i].why, is_read, error.text);
        }
        if (!is_read && (strstr(error.text, rows[i].error) == NULL ||
                         strncmp(error.text, path, strlen(path)) != 0)) {
            fail_msg("%s: \"%s\"", rows[i].why, error.text);
        }
        assert_null(strstr(error.text, "e973e5a6"));
    }
}

static void the_first_line_makes_cookies_and_the_second_is_the_one_before(void **state)
{
    struct cookie_secrets secrets;
    char path[PATH_SIZE];

    (void)state;
    file_write(path, TEXT(FIRST "\n" SECOND "\n"), 0600);
    assert_true(cookie_secret_read(&secrets, path, NULL));
    (void)unlink(path);
    assert_memory_equal(secrets.current, "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f", 8);
    assert_memory_equal(secrets.previous, "\xdd\x3b\xdf\x93\x44\xb6\x78\xb1", 8);
    file_write(path, TEXT(FIRST "\n"), 0600);
    assert_true(cookie_secret_read(&secrets, path, NULL));
    (void)unlink(path);
    assert_memory_equal(secrets.current, secrets.previous, SIPHASH_KEY_LENGTH);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    struct cookie_secrets secrets;
    struct error error;

    (void)state;
    assert_false(cookie_secret_read(&secrets, "/nonexistent/secret", &error));
    assert_string_equal(error.text, "/nonexistent/secret: No such file or directory");
    assert_false(cookie_secret_read(&secrets, "/tmp", &error));
}

static void two_secrets_of_our_own_differ(void **state)
{
    struct cookie_secrets one;
    struct cookie_secrets other;

    (void)state;
    assert_true(cookie_secret_make(&one, NULL));
    assert_true(cookie_secret_make(&other, NULL));
    assert_memory_not_equal(one.current, other.current, SIPHASH_KEY_LENGTH);
    assert_memory_equal(one.current, one.previous, SIPHASH_KEY_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_read_or_refused_with_its_reason),
        cmocka_unit_test(the_first_line_makes_cookies_and_the_second_is_the_one_before),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
        cmocka_unit_test(two_secrets_of_our_own_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
