/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_ini.c - the syntax of the shared files.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "discovery/aws/ini.h"

struct heard {
    char text[1024]; /* "section|key|value;", nested "section|parent>key|value;" */
};

static void hear(void *owner, const struct ini_entry *entry)
{
    struct heard *heard = owner;
    size_t length = strlen(heard->text);

    snprintf(heard->text + length, sizeof(heard->text) - length, "%s|%s%s%s|%s;", entry->section,
             entry->parent == NULL ? "" : entry->parent, entry->parent == NULL ? "" : ">",
             entry->key, entry->value);
}

static void keys_come_with_their_sections(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        const char *expected;
    } rows[] = {
        {"plain",                      "[a]\nk = v\n",                                "a|k|v;"                          },
        {"no white space",             "[a]\nk=v",                                    "a|k|v;"                          },
        {"white space",                "  [ a b ]  \n  k\t=\t v w \t\n",              "a b|k|v w;"                      },
        {"carriage returns",           "[a]\r\nk = v\r\n",                            "a|k|v;"                          },
        {"empty value",                "[a]\nk =\n",                                  "a|k|;"                           },
        {"= in a value",               "[a]\nk = v=w==\n",                            "a|k|v=w==;"                      },
        {"comment lines",              "# x\n[a]\n; y = z\n\n  # y\nk = v",           "a|k|v;"                          },
        {"comment after a value",      "[a] # s\nk = v # c\nl = w ; c",               "a|k|v;a|l|w;"                    },
        {"# and ; inside a value",     "[a]\nk = v#w;x\n",                            "a|k|v#w;x;"                      },
        {"only a comment as a value",  "[a]\nk = # c\n",                              "a|k|;"                           },
        {"nested values",              "[a]\ns3 =\n  x = 1\n  y\n\tz=2 # c\nk = v\n",
         "a|s3|;a|s3>x|1;a|s3>z|2;a|k|v;"                                                                               },
        {"two parents",                "[a]\ns3 =\n  x = 1\nec2 =\n  x = 2\n",        "a|s3|;a|s3>x|1;a|ec2|;a|ec2>x|2;"},
        {"a value goes on",            "[a]\nj = v\n  x = 1\nk = w\n",                "a|j|v;a|k|w;"                    },
        {"nested without a key",       "[a]\nj =\n  = 1\nk = w\n",                    "a|j|;a|k|w;"                     },
        {"a section ends a parent",    "[a]\nj =\n[b]\n  k = w\n",                    "a|j|;b|k|w;"                     },
        {"the whole file is indented", "  [a]\n  k = v\n  l = w\n",                   "a|k|v;a|l|w;"                    },
        {"two sections",               "[a]\nk = v\n[b]\nk = w\n[a]\nk = x",          "a|k|v;b|k|w;a|k|x;"              },
        {"nothing",                    "",                                            ""                                },
        {"only a line end",            "\n",                                          ""                                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct heard heard = {0};
        struct error error = {0};
        bool parsed = ini_parse(rows[i].text, strlen(rows[i].text), hear, &heard, &error);

        print_message("%s\n", rows[i].why);
        assert_string_equal(error.text, "");
        assert_true(parsed);
        assert_string_equal(heard.text, rows[i].expected);
    }
}

static void the_line_of_a_mistake_is_named(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *expected;
    } rows[] = {
        {"[a]\nk = v\nnonsense\n", 0,  "line 3: neither [section] nor key = value"},
        {"k = v\n",                0,  "line 1: a key before the first [section]" },
        {"[a\n",                   0,  "line 1: a section without ']'"            },
        {"\n[ ]\n",                0,  "line 2: a section without a name"         },
        {"[a] b\n",                0,  "line 1: something follows a section's ']'"},
        {"[a]\n = v\n",            0,  "line 2: a value without a key"            },
        {"[a]\nk = \0v\n",         11, "line 2: a NUL octet"                      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct heard heard = {0};
        struct error error = {0};
        size_t length = rows[i].length == 0 ? strlen(rows[i].text) : rows[i].length;

        assert_false(ini_parse(rows[i].text, length, hear, &heard, &error));
        assert_string_equal(error.text, rows[i].expected);
    }
}

static void a_line_as_long_as_the_limit_is_refused_and_one_below_is_not(void **state)
{
    static char text[4 + INI_LINE_SIZE + 1] = "[a]\nk=";
    struct heard heard = {0};
    struct error error = {0};

    (void)state;
    memset(text + 6, 'v', INI_LINE_SIZE - 2);
    assert_true(ini_parse(text, 4 + INI_LINE_SIZE - 1, hear, &heard, &error));
    assert_false(ini_parse(text, 4 + INI_LINE_SIZE, hear, &heard, &error));
    assert_string_equal(error.text, "line 2: longer than 8191 octets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_with_their_sections),
        cmocka_unit_test(the_line_of_a_mistake_is_named),
        cmocka_unit_test(a_line_as_long_as_the_limit_is_refused_and_one_below_is_not),
    };

    return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
