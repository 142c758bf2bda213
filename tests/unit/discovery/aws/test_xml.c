/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_xml.c - a small grammar against right and hostile documents.
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

#include "discovery/aws/xml.h"
#include "zones/arena.h"

enum { ROW_A, ROW_ITEM, ROW_NAME };

static const struct xml_row ROWS[] = {
    {"R/a",              ROW_A,    XML_ROW_TEXT },
    {"R/list/item",      ROW_ITEM, XML_ROW_GROUP},
    {"R/list/item/name", ROW_NAME, XML_ROW_TEXT },
    {"Other/a",          ROW_A,    XML_ROW_TEXT },
};

static const struct xml_grammar GRAMMAR = {ROWS, sizeof(ROWS) / sizeof(ROWS[0])};

/* What the listener heard, as text: "a=1 [ name=x ] ". */
struct trace {
    char text[2 * XML_TEXT_LIMIT];
    size_t length;
    const char *refuse; /* the text at which the listener fails */
};

static void trace_add(struct trace *trace, const char *text)
{
    size_t length = strlen(text);
    assert_true(trace->length + length < sizeof(trace->text));
    memcpy(trace->text + trace->length, text, length + 1);
    trace->length += length;
}

static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct trace *trace = owner;
    switch (event->kind) {
    case XML_BEGIN:
        assert_int_equal(event->id, ROW_ITEM);
        trace_add(trace, "[ ");
        return true;
    case XML_END:
        assert_int_equal(event->id, ROW_ITEM);
        trace_add(trace, "] ");
        return true;
    case XML_TEXT:
        assert_int_equal(strlen(event->text), event->length);
        trace_add(trace, event->id == ROW_A ? "a=" : "name=");
        trace_add(trace, event->text);
        trace_add(trace, " ");
        if (trace->refuse != NULL && strcmp(trace->refuse, event->text) == 0) {
            return error_set(error, "refused %s", event->text);
        }
        return true;
    }
    return true;
}

static bool parse(const char *document, size_t length, struct trace *trace, struct error *error)
{
    *trace = (struct trace){.length = 0};
    return xml_parse(document, length, &GRAMMAR, on_event, trace, error);
}

static void wanted_elements_are_told_in_order(void **state)
{
    static const struct {
        const char *why;
        const char *document;
        const char *expected;
    } cases[] = {
        {"one text",                          "<R><a>1</a></R>",                                                "a=1 "         },
        {"the other root",                    "<Other><a>1</a></Other>",                                        "a=1 "         },
        {"an empty root",                     "<R/>",                                                           ""             },
        {"groups",                            "<R><list><item><name>x</name></item><item/></list><a>2</a></R>",
         "[ name=x ] [ ] a=2 "                                                                                                 },
        {"the full path counts",              "<R><x><a>no</a></x><list><a>no</a></list><a>yes</a></R>",
         "a=yes "                                                                                                              },
        {"a name that only begins alike",     "<R><ab>no</ab><list><items/></list></R>",                        ""             },
        {"names that would make a path",      "<R><list.item/><a-/></R>",                                       ""             },
        {"empty elements",                    "<R><a/><a></a></R>",                                             "a= a= "       },
        {"attributes and namespaces",
         "<n:R xmlns=\"u:1\" xmlns:n=\"u:2\" v='1'><n:a xml:lang=\"en\">1</n:a></n:R>",                         "a=1 "         },
        {"predefined entities",               "<R><a>&lt;&amp;&gt;&quot;&apos;</a></R>",                        "a=<&>\"' "    },
        {"numeric entities",                  "<R><a>&#65;&#x6f22;&#x1F600;</a></R>",                           "a=A漢😀 "  },
        {"CDATA",                             "<R><a>x<![CDATA[<b>&amp;]]>y</a></R>",                           "a=x<b>&amp;y "},
        {"a comment inside a text",           "<R><a>x<!-- <a>no</a> -->y</a></R>",                             "a=xy "        },
        {"an element inside a text",          "<R><a>x<b>no<a>no</a></b>y</a></R>",                             "a=xy "        },
        {"spaces belong to a text",           "<R>\n <a> 1 </a>\n</R>\n",                                       "a= 1  "       },
        {"a declaration",                     "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<R><a>1</a></R>",    "a=1 "         },
        {"a declaration without an encoding", "<?xml version='1.0'?><R><a>1</a></R>",                           "a=1 "         },
        {"a byte order mark",                 "\xef\xbb\xbf<R><a>1</a></R>",                                    "a=1 "         },
        {"what follows the root",             "<R><a>1</a></R> <!-- end -->\n",                                 "a=1 "         },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trace trace;
        struct error error = {""};
        if (!parse(cases[i].document, strlen(cases[i].document), &trace, &error)) {
            fail_msg("%s: %s", cases[i].why, error.text);
        }
        if (strcmp(trace.text, cases[i].expected) != 0) {
            fail_msg("%s: heard \"%s\"", cases[i].why, trace.text);
        }
    }
}

#define BOMB                                                                                       \
    "<!DOCTYPE R [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;\">"               \
    "<!ENTITY n \"&m;&m;&m;&m;&m;&m;&m;&m;&m;&m;\">]><R><a>&n;</a></R>"

static void a_bad_document_is_refused_with_what_and_where(void **state)
{
    static const struct {
        const char *why;
        const char *document;
        const char *expected; /* part of the message */
    } cases[] = {
        {"empty",                          "",                                                                   "the text is empty"                  },
        {"spaces",                         " \n",                                                                "no element found"                   },
        {"plain text",                     "Service Unavailable",                                                "octet 0"                            },
        {"HTML",                           "<html><body>busy</body></html>",                                     "the root element is <html>, not <R>"},
        {"another root",                   "<X><R><a>1</a></R></X>",                                             "<X>, not <R>"                       },
        {"a root that begins alike",       "<Rest/>",                                                            "<Rest>, not <R>"                    },
        {"the start of a root",            "<Othe/>",                                                            "<Othe>, not <R>"                    },
        {"a document type",                "<!DOCTYPE R><R/>",                                                   "a document type is not allowed"     },
        {"a document type of HTML",        "<!DOCTYPE html><html/>",                                             "a document type is not allowed"     },
        {"a billion laughs",               BOMB,                                                                 "a document type is not allowed"     },
        {"an outside entity",              "<!DOCTYPE R [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><R>&e;</R>",
         "a document type is not allowed"                                                                                                             },
        {"an outside subset",              "<!DOCTYPE R SYSTEM \"http://127.0.0.1/x.dtd\"><R/>",
         "a document type is not allowed"                                                                                                             },
        {"an instruction",                 "<R><?php x?></R>",                                                   "octet 3: a processing instruction"  },
        {"an instruction before the root", "<?xml-stylesheet href='x'?><R/>",                                    "<?xml-stylesheet"                   },
        {"an entity that nobody defined",  "<R><a>&nbsp;</a></R>",                                               "octet 6"                            },
        {"an entity for NUL",              "<R><a>&#0;</a></R>",                                                 "octet 6"                            },
        {"another encoding",               "<?xml version='1.0' encoding='ISO-8859-1'?><R/>",
         "the encoding is ISO-8859-1"                                                                                                                 },
        {"Latin-1",                        "<R><a>\xe9</a></R>",                                                 "octet 6"                            },
        {"an overlong form",               "<R><a>\xc0\xaf</a></R>",                                             "octet 6"                            },
        {"half a surrogate pair",          "<R><a>\xed\xa0\x80</a></R>",                                         "octet 6"                            },
        {"not closed",                     "<R><a>1</a>",                                                        "octet 11: the text ends inside <R>" },
        {"closed wrongly",                 "<R><a>1</R>",                                                        "mismatched tag"                     },
        {"two roots",                      "<R></R><R></R>",                                                     "octet 7: junk"                      },
        {"text after the root",            "<R></R>x",                                                           "octet 7"                            },
        {"one attribute twice",            "<R b='1' b='2'/>",                                                   "duplicate attribute"                },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trace trace;
        struct error error = {""};
        if (parse(cases[i].document, strlen(cases[i].document), &trace, &error)) {
            fail_msg("%s: accepted", cases[i].why);
        }
        if (strncmp(error.text, "XML", 3) != 0 || strstr(error.text, cases[i].expected) == NULL) {
            fail_msg("%s: \"%s\"", cases[i].why, error.text);
        }
    }
}

static void utf_16_and_nul_are_refused(void **state)
{
    static const char little[] = "\xff\xfe<\0R\0/\0>\0";
    static const char big[] = "\xfe\xff\0<\0R\0/\0>";
    static const char unmarked[] = "<\0R\0/\0>\0";
    static const char nul[] = "<R><a>1\0</a></R>";
    struct trace trace;
    struct error error;
    (void)state;
    assert_false(parse(little, sizeof(little) - 1, &trace, &error));
    assert_false(parse(big, sizeof(big) - 1, &trace, &error));
    assert_false(parse(unmarked, sizeof(unmarked) - 1, &trace, &error));
    assert_false(parse(nul, sizeof(nul) - 1, &trace, &error));
    assert_string_equal(error.text, "XML: the text holds a NUL octet: not UTF-8");
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    static const char whole[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"u\"><list><item><name>&amp;漢"
        "</name></item></list><!-- c --><a><![CDATA[x]]></a></R>";
    struct trace trace;
    struct error error;
    (void)state;
    assert_true(parse(whole, sizeof(whole) - 1, &trace, &error));
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        if (parse(whole, length, &trace, &error)) {
            fail_msg("accepted after %zu octets", length);
        }
    }
}

/* `before`, then `part` `count` times, then `after`. */
static char *repeated(const char *before, const char *part, size_t count, const char *after)
{
    size_t size = strlen(part);
    char *text = memory_new(strlen(before) + count * size + strlen(after) + 1);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < count; i++) {
        memcpy(end, part, size);
        end += size;
    }
    stpcpy(end, after);
    return text;
}

static bool parse_and_free(char *document, struct trace *trace, struct error *error)
{
    bool parsed = parse(document, strlen(document), trace, error);
    free(document);
    return parsed;
}

static void a_text_may_have_16384_octets_and_no_more(void **state)
{
    struct trace trace;
    struct error error;
    (void)state;
    assert_true(
        parse_and_free(repeated("<R><a>", "x", XML_TEXT_LIMIT, "</a></R>"), &trace, &error));
    assert_int_equal(trace.length, strlen("a= ") + XML_TEXT_LIMIT);
    assert_false(
        parse_and_free(repeated("<R><a>", "x", XML_TEXT_LIMIT + 1, "</a></R>"), &trace, &error));
    assert_non_null(strstr(error.text, "the text of R/a is longer than 16384 octets"));
    assert_string_equal(trace.text, "");
    assert_false(parse_and_free(repeated("<R><a>", "&amp;", XML_TEXT_LIMIT + 1, "</a></R>"), &trace,
                                &error));
}

static void a_long_text_that_nobody_wants_is_skipped(void **state)
{
    struct trace trace;
    struct error error;
    (void)state;
    assert_true(
        parse_and_free(repeated("<R><b>", "x", 1 << 20, "</b><a>1</a></R>"), &trace, &error));
    assert_string_equal(trace.text, "a=1 ");
}

static void a_name_longer_than_every_path_is_skipped(void **state)
{
    struct trace trace;
    struct error error;
    char *open = repeated("<R><", "n", 5000, "><a>no</a></");
    char *whole = repeated(open, "n", 5000, "><a>1</a></R>");
    (void)state;
    free(open);
    assert_true(parse_and_free(whole, &trace, &error));
    assert_string_equal(trace.text, "a=1 ");
}

static void elements_nest_32_deep_and_no_deeper(void **state)
{
    struct trace trace;
    struct error error;
    char *open = repeated("<R>", "<x>", XML_DEPTH_LIMIT - 1, "");
    (void)state;
    assert_true(
        parse_and_free(repeated(open, "</x>", XML_DEPTH_LIMIT - 1, "</R>"), &trace, &error));
    free(open);
    assert_false(parse_and_free(repeated("<R>", "<x>", 100 * 1000, ""), &trace, &error));
    assert_non_null(strstr(error.text, "octet 96: elements nest deeper than 32"));
}

static void the_number_of_elements_is_bounded(void **state)
{
    struct trace trace;
    struct error error;
    (void)state;
    assert_true(
        parse_and_free(repeated("<R>", "<x/>", XML_ELEMENT_LIMIT - 1, "</R>"), &trace, &error));
    assert_false(
        parse_and_free(repeated("<R>", "<x/>", XML_ELEMENT_LIMIT, "</R>"), &trace, &error));
    assert_non_null(strstr(error.text, "more than 2000000 elements"));
}

static void a_document_longer_than_the_limit_is_refused(void **state)
{
    struct trace trace;
    struct error error;
    (void)state;
    assert_false(parse_and_free(repeated("<R>", " ", XML_SIZE_LIMIT, "</R>"), &trace, &error));
    assert_string_equal(error.text, "XML: the text is longer than 16777216 octets");
}

static void a_listener_that_fails_hears_nothing_more(void **state)
{
    static const char document[] = "<R><a>1</a><a>2</a><a>3</a><list><item/></list></R>";
    struct trace trace = {.refuse = "2"};
    struct error error;
    (void)state;
    assert_false(xml_parse(document, sizeof(document) - 1, &GRAMMAR, on_event, &trace, &error));
    assert_string_equal(trace.text, "a=1 a=2 ");
    assert_string_equal(error.text, "XML at octet 15: refused 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_elements_are_told_in_order),
        cmocka_unit_test(a_bad_document_is_refused_with_what_and_where),
        cmocka_unit_test(utf_16_and_nul_are_refused),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(a_text_may_have_16384_octets_and_no_more),
        cmocka_unit_test(a_long_text_that_nobody_wants_is_skipped),
        cmocka_unit_test(a_name_longer_than_every_path_is_skipped),
        cmocka_unit_test(elements_nest_32_deep_and_no_deeper),
        cmocka_unit_test(the_number_of_elements_is_bounded),
        cmocka_unit_test(a_document_longer_than_the_limit_is_refused),
        cmocka_unit_test(a_listener_that_fails_hears_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
