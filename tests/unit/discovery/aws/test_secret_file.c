/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_secret_file.c - what counts as a token, and what is refused.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/aws/secret_file.h"

static char path[] = "/tmp/rollcall-secret-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int file = mkstemp(path);

    return file < 0 ? -1 : close(file);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void file_write(const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

static void a_token_is_the_file_without_its_line_end(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *token; /* NULL: refused */
        const char *error;
    } rows[] = {
        {"eyJ.e30.sig",       11, "eyJ.e30.sig",      ""                                                       },
        {"token\n",           6,  "token",            ""                                                       },
        {"token\r\n",         7,  "token",            ""                                                       },
        {"Basic a b",         9,  "Basic a b",        ""                                                       },
        {"",                  0,  NULL,               "holds no token"                                         },
        {"\n",                1,  NULL,               "holds no token"                                         },
        {"hunter2\n\n",       9,  NULL,               "the token holds a line end or another control character"},
        {"hunter2\r",         8,  NULL,               "the token holds a line end or another control character"},
        {"a\r\nX-Evil: 1",    12, NULL,               "the token holds a line end or another control character"},
        {"a\0b",              3,  NULL,               "the token holds a line end or another control character"},
        {"0123456789abcdefX", 17, NULL,               "larger than 16 octets"                                  },
        {"0123456789abcdef",  16, "0123456789abcdef", ""                                                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret_file file;
        struct error error = {0};

        file_write(rows[i].text, rows[i].length);
        assert_int_equal(secret_file_read_token(path, 16, &file, &error), rows[i].token != NULL);
        assert_string_equal(error.text, rows[i].error);
        if (rows[i].token != NULL) {
            assert_string_equal(file.text, rows[i].token);
            assert_int_equal(file.length, strlen(rows[i].token));
        } else {
            assert_null(file.text);
        }
        secret_file_free(&file);
    }
}

static void a_file_that_is_not_there_is_an_error_only_for_a_token(void **state)
{
    struct secret_file file;
    struct error error;

    (void)state;
    assert_true(secret_file_read("/nonexistent/file", 16, &file, &error));
    assert_null(file.text);
    assert_true(secret_file_read("/dev/null", 16, &file, &error));
    assert_null(file.text);
    assert_false(secret_file_read_token("/nonexistent/file", 16, &file, &error));
    assert_string_equal(error.text, "No such file or directory");
    assert_false(secret_file_read_token("/dev/null", 16, &file, &error));
    assert_string_equal(error.text, "holds no token");
}

/* A service may have the HOME of somebody else. */
static void what_lies_in_a_closed_folder_is_not_there_but_a_closed_file_is_an_error(void **state)
{
    char folder[] = "/tmp/rollcall-closed-XXXXXX";
    char inside[64];
    struct secret_file file;
    struct error error;
    uid_t own = geteuid();

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(inside, sizeof(inside), "%s/file", folder);
    file_write("x", 1);
    assert_int_equal(chmod(folder, 0), 0);
    assert_int_equal(chmod(path, 0), 0);
    assert_true(own != 0 || seteuid(65534) == 0); /* root may read everything */
    assert_true(secret_file_read(inside, 16, &file, &error));
    assert_null(file.text);
    assert_false(secret_file_read_token(inside, 16, &file, &error));
    assert_string_equal(error.text, "Permission denied");
    assert_false(secret_file_read(path, 16, &file, &error));
    assert_string_equal(error.text, "Permission denied");
    assert_true(own != 0 || seteuid(own) == 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_folder_or_a_device_is_not_read(void **state)
{
    static const char *const paths[] = {"/tmp", "/dev/zero"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct secret_file file;
        struct error error;

        assert_false(secret_file_read_token(paths[i], 16, &file, &error));
        assert_string_equal(error.text, "not a regular file");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_the_file_without_its_line_end),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error_only_for_a_token),
        cmocka_unit_test(what_lies_in_a_closed_folder_is_not_there_but_a_closed_file_is_an_error),
        cmocka_unit_test(a_folder_or_a_device_is_not_read),
    };

    return cmocka_run_group_tests_name("secret_file", tests, setup, teardown);
}
