/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_container_role.c - which URL is asked, with which token.
 * Acceptance group 32: the host rule of the full URI.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discovery/aws/container_role.h"
#include "tests/unit/discovery/aws/canned_server.h"

#define NOT_LOCAL "only loopback, localhost, 169.254.170.2"

static void plain_http_goes_to_this_machine_and_its_agents_only(void **state)
{
    static const struct {
        const char *relative;
        const char *full;
        const char *expected; /* a URL, or a part of the error */
    } rows[] = {
        {"/v2/credentials/id",       NULL,                                   "http://169.254.170.2/v2/credentials/id"                         },
        {"/v2/credentials?id=a%20b", "https://evil.net/",
         "http://169.254.170.2/v2/credentials?id=a%20b"                                                                                       },
        {"v2",                       NULL,                                   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: does not begin with '/'"},
        {"@evil.net/",               NULL,                                   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: does not begin with '/'"},
        {"/a b",                     NULL,                                   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "                       },
        {"/a?b c",                   NULL,                                   "the URL's query holds a character that must be encoded"         },
        {"/a?b#c",                   NULL,                                   "the URL's query holds a character that must be encoded"         },
        {NULL,                       "https://credentials.example.com/x",    "https://credentials.example.com/x"                              },
        {NULL,                       "https://credentials.example.com:8443", "https://credentials.example.com:8443/"                          },
        {NULL,                       "http://127.0.0.1:8080/x?y=1",          "http://127.0.0.1:8080/x?y=1"                                    },
        {NULL,                       "http://127.1.2.3/",                    "http://127.1.2.3/"                                              },
        {NULL,                       "http://localhost:1/",                  "http://localhost:1/"                                            },
        {NULL,                       "http://LocalHost/",                    "http://LocalHost/"                                              },
        {NULL,                       "http://[::1]:80/",                     "http://[::1]/"                                                  },
        {NULL,                       "http://[::1]:81/",                     "http://[::1]:81/"                                               },
        {NULL,                       "http://169.254.170.2/",                "http://169.254.170.2/"                                          },
        {NULL,                       "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials"                           },
        {NULL,                       "http://[fd00:ec2::23]/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"                           },
        {NULL,                       "http://[fd00:ec2:0:0::23]/",           "http://[fd00:ec2:0:0::23]/"                                     },
        {NULL,                       "http://169.254.169.254/",              NOT_LOCAL                                                        },
        {NULL,                       "http://169.254.170.22/",               NOT_LOCAL                                                        },
        {NULL,                       "http://[fd00:ec2::254]/",              NOT_LOCAL                                                        },
        {NULL,                       "http://10.0.0.1/",                     NOT_LOCAL                                                        },
        {NULL,                       "http://localhost.evil.net/",           NOT_LOCAL                                                        },
        {NULL,                       "http://127.0.0.1.evil.net/",           NOT_LOCAL                                                        },
        {NULL,                       "http://128.0.0.1/",                    NOT_LOCAL                                                        },
        {NULL,                       "http://0177.0.0.1/",                   NOT_LOCAL                                                        },
        {NULL,                       "http://2130706433/",                   NOT_LOCAL                                                        },
        {NULL,                       "http://127.0.0.1@evil.net/",           "AWS_CONTAINER_CREDENTIALS_FULL_URI: "                           },
        {NULL,                       "ftp://127.0.0.1/",                     "AWS_CONTAINER_CREDENTIALS_FULL_URI: "                           },
        {NULL,                       "/v2",                                  "AWS_CONTAINER_CREDENTIALS_FULL_URI: "                           },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *url = NULL;
        struct error error = {0};
        struct arena arena;
        bool allowed;

        print_message("%s %s\n", rows[i].relative, rows[i].full);
        arena_init(&arena);
        canned_environment_clear();
        canned_environment_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", rows[i].relative);
        canned_environment_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].full);
        assert_true(container_role_is_set(&canned_environment));
        allowed = container_role_url(&canned_environment, &arena, &url, &error);
        print_message("  %s\n", allowed ? url : error.text);
        assert_int_equal(allowed, strncmp(rows[i].expected, "http", 4) == 0);
        if (allowed) {
            assert_string_equal(url, rows[i].expected);
        } else {
            assert_non_null(strstr(error.text, rows[i].expected));
        }
        arena_free(&arena);
    }
    canned_environment_clear();
    assert_false(container_role_is_set(&canned_environment));
}

static void the_token_file_comes_first_and_is_read_each_time(void **state)
{
    char path[] = "/tmp/rollcall-container-XXXXXX";
    int file = mkstemp(path);
    const char *token = "";
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    assert_true(container_role_token(&canned_environment, &arena, &token, &error));
    assert_null(token);
    canned_environment_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic variable");
    assert_true(container_role_token(&canned_environment, &arena, &token, &error));
    assert_string_equal(token, "Basic variable");
    canned_environment_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    assert_int_equal(write(file, "one\n", 4), 4);
    assert_true(container_role_token(&canned_environment, &arena, &token, &error));
    assert_string_equal(token, "one");
    assert_int_equal(pwrite(file, "two\n", 4, 0), 4);
    assert_true(container_role_token(&canned_environment, &arena, &token, &error));
    assert_string_equal(token, "two");
    close(file);
    unlink(path);
    assert_false(container_role_token(&canned_environment, &arena, &token, &error));
    assert_memory_equal(error.text, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: /tmp/rollcall-c", 55);
    assert_non_null(strstr(error.text, ": No such file or directory"));
    arena_free(&arena);
}

static void a_token_that_would_write_headers_is_refused_and_not_shown(void **state)
{
    const char *token = NULL;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    canned_environment_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "canary\r\nX-Evil: 1");
    assert_false(container_role_token(&canned_environment, &arena, &token, &error));
    assert_string_equal(error.text, "AWS_CONTAINER_AUTHORIZATION_TOKEN: the token holds a line end "
                                    "or another control character");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_http_goes_to_this_machine_and_its_agents_only),
        cmocka_unit_test(the_token_file_comes_first_and_is_read_each_time),
        cmocka_unit_test(a_token_that_would_write_headers_is_refused_and_not_shown),
    };

    return cmocka_run_group_tests_name("container_role", tests, NULL, NULL);
}
