/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_json.c - which texts are JSON, and what the typed readers say.
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

#include "discovery/json.h"
#include "discovery/json_scan.h"

enum { SIZE_LIMIT = 1024 * 1024 };

/* From the heap without a NUL behind it, so that a sanitizer sees one octet too many. */
static struct json_document *parse_octets(const char *text, size_t length, struct error *error)
{
    char *octets = malloc(length + (length == 0));
    struct json_document *document = NULL;

    memcpy(octets, text, length);
    document = json_parse(octets, length, SIZE_LIMIT, error);
    free(octets);
    return document;
}

static struct json_document *parse(const char *text)
{
    struct error error = {""};
    struct json_document *document = parse_octets(text, strlen(text), &error);

    if (document == NULL) {
        fail_msg("%s: %s", text, error.text);
    }
    return document;
}

static void what_rfc_8259_allows_is_taken(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+10",
        "1E5",
        "0.1e-2",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1,[2,[3]],{}]",
        "{\"a\":{\"b\":[null,true,false]},\"c\":\"d\"}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"\x7f\"",
        "[{\"a\":1},{\"a\":1}]",
        "{\"a\":1,\"A\":2}",
        "{\"\":0}",
        "123456789012345678901234567890123456789012345678901234567890",
        "1e999",
    };

    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        json_free(parse(texts[index]));
    }
    json_free(NULL);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",                                                              "line 1, column 1: the text ends too early"      },
        {" \n ",                                                          "line 2, column 2: the text ends too early"      },
        {"[1,\n2,,3]",                                                    "line 2, column 3: a value is wanted"            },
        {"[1,]",                                                          "line 1, column 4: a value is wanted"            },
        {"[1 2]",                                                         "line 1, column 4: ',' or ']' is wanted"         },
        {"{\"a\":1 \"b\":2}",                                             "line 1, column 8: ',' or '}' is wanted"         },
        {"{\"a\":1,}",                                                    "line 1, column 8: a string is wanted"           },
        {"{\"a\" 1}",                                                     "line 1, column 6: ':' is wanted"                },
        {"{a:1}",                                                         "line 1, column 2: a string is wanted"           },
        {"{'a':1}",                                                       "line 1, column 2: a string is wanted"           },
        {"[1}",                                                           "line 1, column 3: ',' or ']' is wanted"         },
        {"[",                                                             "line 1, column 2: the text ends too early"      },
        {"{\"a\":",                                                       "line 1, column 6: the text ends too early"      },
        {"[1",                                                            "line 1, column 3: the text ends too early"      },
        {"\"abc",                                                         "line 1, column 5: the string is not closed"     },
        {"\"a\nb\"",                                                      "line 1, column 3: a control octet in a string"  },
        {"\"\\x41\"",                                                     "line 1, column 3: an unknown escape in a string"},
        {"\"\\u12g4\"",                                                   "column 6: an unknown escape in a string"        },
        {"\"\\u00\"",                                                     "column 6: an unknown escape in a string"        },
        {"\"\\u0000\"",                                                   "\\u0000 in a string"                            },
        {"\"\\ud83d\"",                                                   "half of a surrogate pair"                       },
        {"\"\\ud83dx\"",                                                  "half of a surrogate pair"                       },
        {"\"\\ud83d\\n\"",                                                "half of a surrogate pair"                       },
        {"\"\\ud83d\\u0041\"",                                            "half of a surrogate pair"                       },
        {"\"\\ude00\\ud83d\"",                                            "half of a surrogate pair"                       },
        {"\"\xff\"",                                                      "a string that is not UTF-8"                     },
        {"\"\xc0\xaf\"",                                                  "a string that is not UTF-8"                     },
        {"\"\xed\xa0\x80\"",                                              "a string that is not UTF-8"                     },
        {"\"\xe2\x82\"",                                                  "a string that is not UTF-8"                     },
        {"\xef\xbb\xbf{}",                                                "line 1, column 1: a value is wanted"            },
        {"\x01[]",                                                        "line 1, column 1: a value is wanted"            },
        {"01",                                                            "line 1, column 2: something after the end"      },
        {"-",                                                             "line 1, column 2: a digit is wanted"            },
        {"1.",                                                            "line 1, column 3: a digit is wanted"            },
        {"1e+",                                                           "line 1, column 4: a digit is wanted"            },
        {".5",                                                            "line 1, column 1: a value is wanted"            },
        {"+1",                                                            "line 1, column 1: a value is wanted"            },
        {"0x10",                                                          "line 1, column 2: something after the end"      },
        {"NaN",                                                           "line 1, column 1: a value is wanted"            },
        {"Infinity",                                                      "line 1, column 1: a value is wanted"            },
        {"True",                                                          "line 1, column 1: a value is wanted"            },
        {"nul",                                                           "line 1, column 1: a value is wanted"            },
        {"nulll",                                                         "line 1, column 5: something after the end"      },
        {"{} {}",                                                         "line 1, column 4: something after the end"      },
        {"[]]",                                                           "line 1, column 3: something after the end"      },
        {"[1] // x",                                                      "line 1, column 5: something after the end"      },
        {"1234567890123456789012345678901234567890123456789012345678901", "the number is too long"                         },
        {"{\"a\":1,\"b\":2,\"a\":3}",                                     "document: \"a\" is there twice"                 },
        {"{\"a\":1,\"\\u0061\":3}",                                       "document: \"a\" is there twice"                 },
        {"{\"x\":[{},{\"k\":{\"a\":1,\"a\":1}}]}",                        "x[1].k: \"a\" is there twice"                   },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct error error = {""};

        if (parse_octets(cases[index].text, strlen(cases[index].text), &error) != NULL) {
            fail_msg("taken: %s", cases[index].text);
        }
        if (strstr(error.text, cases[index].why) == NULL) {
            fail_msg("%s gives: %s", cases[index].text, error.text);
        }
    }
}

static void a_nul_octet_is_refused_wherever_it_stands(void **state)
{
    static const char text[] = "{\"a\": [1, \"b\", null]} ";

    (void)state;
    for (size_t place = 0; place < sizeof(text) - 1; place++) {
        char with_nul[sizeof(text)];
        struct error error = {""};

        memcpy(with_nul, text, place);
        with_nul[place] = '\0';
        memcpy(with_nul + place + 1, text + place, sizeof(text) - 1 - place);
        assert_null(parse_octets(with_nul, sizeof(text), &error));
    }
}

static void a_text_that_is_cut_anywhere_is_refused(void **state)
{
    static const char text[] =
        "{\"a\":[1.5e3,\"b\\u00e9\\ud83d\\ude00\xc3\xa9\",null,{}],\"c\":true}";

    (void)state;
    json_free(parse(text));
    for (size_t length = 0; length < sizeof(text) - 1; length++) {
        struct error error = {""};

        assert_null(parse_octets(text, length, &error));
        assert_int_not_equal(error.text[0], '\0');
    }
}

static void any_octet_in_any_place_gives_a_document_or_a_message(void **state)
{
    static const char text[] = "{\"a\":[-1.5e3,\"b\\u00e9\",null,{\"d\":{}}],\"c\":true}";

    (void)state;
    for (size_t place = 0; place < sizeof(text) - 1; place++) {
        for (int octet = 0; octet <= UINT8_MAX; octet++) {
            char changed[sizeof(text)];
            struct error error = {""};
            struct json_document *document = NULL;

            memcpy(changed, text, sizeof(text));
            changed[place] = (char)octet;
            document = parse_octets(changed, sizeof(text) - 1, &error);
            assert_int_equal(document == NULL, error.text[0] != '\0');
            json_free(document);
        }
    }
}

static void thirty_two_levels_are_the_deepest(void **state)
{
    (void)state;
    for (size_t depth = 1; depth <= 40; depth++) {
        char text[200];
        struct error error = {""};
        struct json_document *document = NULL;

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        document = parse_octets(text, 2 * depth, &error);
        assert_int_equal(document != NULL, depth <= JSON_DEPTH_MAX);
        assert_true(document != NULL ||
                    strcmp(error.text, "line 1, column 34: nested too deep") == 0);
        json_free(document);
    }
}

static void a_million_brackets_are_refused_at_once(void **state)
{
    char *text = malloc(SIZE_LIMIT);
    struct error error = {""};

    (void)state;
    memset(text, '[', SIZE_LIMIT);
    assert_null(json_parse(text, SIZE_LIMIT, SIZE_LIMIT, &error));
    assert_string_equal(error.text, "line 1, column 34: nested too deep");
    assert_null(json_parse(text, SIZE_LIMIT, SIZE_LIMIT - 1, &error));
    assert_string_equal(error.text, "1048576 octets, more than the 1048575 that are read");
    free(text);
}

static const char example[] = "{\"groups\":[{\"name\":\"db\",\"on\":true},"
                              "{\"name\":\"web\",\"members\":[{\"port\":70000,\"id\":7}],"
                              "\"half\":0.5,\"whole\":5.0,\"least\":-3,\"huge\":1e300}]}";

static void members_are_found_and_read(void **state)
{
    struct json_document *document = parse(example);
    struct error error = {""};
    struct json_value root;
    struct json_value groups;
    struct json_value group = {0};
    struct json_value value;
    const char *names[3] = {NULL};
    size_t count = 0;

    (void)state;
    assert_true(json_root(document, JSON_OBJECT, &root, &error));
    assert_true(json_member(&root, "groups", JSON_ARRAY, &groups, &error));
    while (json_each(&groups, &group)) {
        assert_true(json_member(&group, "name", JSON_STRING, &value, &error));
        assert_int_equal(group.index, count);
        names[count++] = json_text(&value);
        assert_true(json_optional(&group, "on", JSON_BOOL, &value, &error));
        assert_int_equal(json_is_there(&value), count == 1);
        assert_true(count != 1 || json_bool(&value));
    }
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "db");
    assert_string_equal(names[1], "web");
    json_free(document);
}

static void what_is_wrong_is_told_by_path(void **state)
{
    static const char *const keys[] = {"name", "members"};
    struct json_document *document = parse(example);
    struct error error = {""};
    struct json_value root;
    struct json_value groups;
    struct json_value group = {0};
    struct json_value members;
    struct json_value member = {0};
    struct json_value value;
    int64_t integer = 0;

    (void)state;
    assert_false(json_root(document, JSON_ARRAY, &root, &error));
    assert_string_equal(error.text, "document: an object, not an array");
    assert_false(json_member(&root, "x", JSON_STRING, &value, &error));
    assert_string_equal(error.text, "document: \"x\" is missing");
    assert_true(json_member(&root, "groups", JSON_ARRAY, &groups, &error));
    assert_true(json_each(&groups, &group));
    assert_true(json_each(&groups, &group));
    assert_false(json_only(&group, keys, 2, &error));
    assert_string_equal(error.text, "groups[1]: unknown key \"half\"");
    assert_true(json_member(&group, "members", JSON_ARRAY, &members, &error));
    assert_true(json_each(&members, &member));
    assert_false(json_member(&member, "id", JSON_STRING, &value, &error));
    assert_string_equal(error.text, "groups[1].members[0].id: a number, not a string");
    assert_false(json_optional(&member, "id", JSON_STRING, &value, &error));
    assert_false(json_member(&member, "address", JSON_STRING, &value, &error));
    assert_string_equal(error.text, "groups[1].members[0]: \"address\" is missing");
    assert_true(json_member(&member, "port", JSON_NUMBER, &value, &error));
    assert_false(json_integer(&value, 1, 65535, &integer, &error));
    assert_string_equal(error.text, "groups[1].members[0].port: 70000 is not in 1 to 65535");
    assert_false(json_each(&members, &member));
    json_free(document);
}

static void integers_are_whole_and_in_range(void **state)
{
    static const struct {
        const char *key;
        bool is_good;
        int64_t integer;
    } cases[] = {
        {"half",  false, 0 },
        {"whole", true,  5 },
        {"least", true,  -3},
        {"huge",  false, 0 }
    };
    struct json_document *document = parse(example);
    struct error error = {""};
    struct json_value root;
    struct json_value groups;
    struct json_value group = {0};

    (void)state;
    assert_true(json_root(document, JSON_OBJECT, &root, &error));
    assert_true(json_member(&root, "groups", JSON_ARRAY, &groups, &error));
    assert_true(json_each(&groups, &group) && json_each(&groups, &group));
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct json_value value;
        int64_t integer = 0;

        assert_true(json_member(&group, cases[index].key, JSON_NUMBER, &value, &error));
        assert_int_equal(json_integer(&value, -10, 10, &integer, &error), cases[index].is_good);
        assert_int_equal(integer, cases[index].integer);
    }
    json_free(document);
}

static void a_path_that_is_too_long_is_cut(void **state)
{
    char text[20 * 80] = "";
    size_t length = 0;
    struct error error = {""};

    (void)state;
    for (int level = 0; level < 15; level++) {
        text[length++] = '{';
        text[length++] = '"';
        memset(text + length, 'k', 70);
        length += 70;
        memcpy(text + length, "\":", 2);
        length += 2;
    }
    memcpy(text + length, "{\"a\":1,\"a\":2}", 13);
    length += 13;
    memset(text + length, '}', 15);
    assert_null(parse_octets(text, length + 15, &error));
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
}

static void an_object_of_many_members_is_checked_in_no_time(void **state)
{
    enum { MEMBERS = 60000 };
    char *text = malloc(MEMBERS * 16);
    size_t length = 0;
    struct error error = {""};

    (void)state;
    text[length++] = '{';
    for (int member = 0; member < MEMBERS; member++) {
        length += (size_t)snprintf(text + length, 16, "\"%d\":0,", member);
    }
    length += (size_t)snprintf(text + length, 16, "\"7\":0}");
    assert_null(parse_octets(text, length, &error));
    assert_string_equal(error.text, "document: \"7\" is there twice");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rfc_8259_allows_is_taken),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(a_nul_octet_is_refused_wherever_it_stands),
        cmocka_unit_test(a_text_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(any_octet_in_any_place_gives_a_document_or_a_message),
        cmocka_unit_test(thirty_two_levels_are_the_deepest),
        cmocka_unit_test(a_million_brackets_are_refused_at_once),
        cmocka_unit_test(members_are_found_and_read),
        cmocka_unit_test(what_is_wrong_is_told_by_path),
        cmocka_unit_test(integers_are_whole_and_in_range),
        cmocka_unit_test(a_path_that_is_too_long_is_cut),
        cmocka_unit_test(an_object_of_many_members_is_checked_in_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
