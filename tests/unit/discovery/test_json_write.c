/* SPDX-License-Identifier: MIT */

/*
 * What the writer makes of every kind of value, and that our own strict reader takes it.
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
#include "discovery/json_write.h"

static void values_nest_with_commas_between(void **state)
{
    struct json_writer writer;
    char *text = NULL;

    (void)state;
    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_array(&writer, "empty");
    json_write_end(&writer);
    json_write_array(&writer, "list");
    json_write_integer(&writer, NULL, -7);
    json_write_object(&writer, NULL);
    json_write_bool(&writer, "yes", true);
    json_write_bool(&writer, "no", false);
    json_write_end(&writer);
    json_write_text(&writer, NULL, "a");
    json_write_end(&writer);
    json_write_null(&writer, "nothing");
    json_write_text(&writer, "none", NULL);
    json_write_integer(&writer, "large", INT64_MIN);
    json_write_end(&writer);
    text = json_writer_close(&writer);
    assert_string_equal(text, "{\"empty\":[],\"list\":[-7,{\"yes\":true,\"no\":false},\"a\"],"
                              "\"nothing\":null,\"none\":null,\"large\":-9223372036854775808}");
    free(text);
}

static void what_is_open_ends_with_the_document(void **state)
{
    struct json_writer writer;
    char *text = NULL;

    (void)state;
    json_writer_open(&writer);
    json_write_array(&writer, NULL);
    json_write_object(&writer, NULL);
    json_write_array(&writer, "a");
    text = json_writer_close(&writer);
    assert_string_equal(text, "[{\"a\":[]}]");
    free(text);
}

static const struct {
    const char *why;
    const char *text;
    const char *written;
} strings[] = {
    {"plain",                        "web",                                     "\"web\""                                   },
    {"empty",                        "",                                        "\"\""                                      },
    {"quote and backslash",          "a\"b\\c",                                 "\"a\\\"b\\\\c\""                           },
    {"control characters",           "a\nb\tc\x01\x1b\x7f",                     "\"a\\u000ab\\u0009c\\u0001\\u001b\\u007f\""},
    {"more than one octet",          "gr\xc3\xbc\xe2\x82\xac \xf0\x9f\x98\x80",
     "\"gr\xc3\xbc\xe2\x82\xac \xf0\x9f\x98\x80\""                                                                          },
    {"an octet that is no UTF-8",
     "a\xff"
     "b",                                                                       "\"a\xef\xbf\xbd"
     "b\""                                                                                                         },
    {"a character that is cut",      "a\xe2\x82",                               "\"a\xef\xbf\xbd\xef\xbf\xbd\""             },
    {"an overlong form",             "\xc0\xaf",                                "\"\xef\xbf\xbd\xef\xbf\xbd\""              },
    {"half of a pair of surrogates", "\xed\xa0\x80",                            "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""  },
};

static void strings_are_escaped_and_become_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        struct json_writer writer;
        char *text = NULL;

        json_writer_open(&writer);
        json_write_text(&writer, NULL, strings[i].text);
        text = json_writer_close(&writer);
        if (strcmp(text, strings[i].written) != 0) {
            fail_msg("%s: %s", strings[i].why, text);
        }
        free(text);
    }
}

/* Every octet, as a value and as a key: the reader must take it and give it back. */
static void the_reader_takes_whatever_was_written(void **state)
{
    char octets[256];
    struct json_writer writer;
    struct json_document *document = NULL;
    struct json_value root;
    struct json_value value;
    struct error error = {""};
    char *text = NULL;

    (void)state;
    for (int i = 1; i <= 127; i++) {
        octets[i - 1] = (char)i;
    }
    octets[127] = '\0';
    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, octets, octets);
    text = json_writer_close(&writer);
    document = json_parse(text, strlen(text), 4096, &error);
    if (document == NULL) {
        fail_msg("%s: %s", text, error.text);
    }
    assert_true(json_root(document, JSON_OBJECT, &root, &error));
    assert_true(json_member(&root, octets, JSON_STRING, &value, &error));
    assert_string_equal(json_text(&value), octets);
    json_free(document);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_nest_with_commas_between),
        cmocka_unit_test(what_is_open_ends_with_the_document),
        cmocka_unit_test(strings_are_escaped_and_become_utf8),
        cmocka_unit_test(the_reader_takes_whatever_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
