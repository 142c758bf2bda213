/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_xml_skim.c - what is dropped, what is not, and that no listener
 * can tell the difference: a comment before the root ends the skimming, so every document can be
 * parsed with it and without.
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

#include "discovery/aws/xml_skim.h"
#include "zones/arena.h"

static const struct xml_row ROWS[] = {
    {"R/set/item",    1, XML_ROW_GROUP},
    {"R/set/item/id", 2, XML_ROW_TEXT },
    {"R/set/item/t",  3, XML_ROW_TEXT },
    {"R/next",        4, XML_ROW_TEXT },
};
static const struct xml_grammar GRAMMAR = {ROWS, sizeof(ROWS) / sizeof(ROWS[0])};

static void leaves_of_no_interest_become_a_blank(void **state)
{
    static const struct {
        const char *why;
        const char *before;
        const char *after;
        size_t dropped;
    } rows[] = {
        {"a leaf",                 "<R><a>b</a></R>",                    "<R> </R>",                        1},
        {"an empty one",           "<R><a></a><b/></R>",                 "<R>  </R>",                       2},
        {"one that is named",      "<R><next>b</next></R>",              "<R><next>b</next></R>",           0},
        {"named elsewhere",        "<R><id>b</id></R>",                  "<R><id>b</id></R>",               0},
        {"a branch",               "<R><a><b>c</b></a></R>",             "<R><a> </a></R>",                 1},
        {"in a text that counts",  "<R><next>x<b>c</b>y</next></R>",
         "<R><next>x<b>c</b>y</next></R>",                                                                  0},
        {"in a group",             "<R><item><b/><id>1</id></item></R>", "<R><item> <id>1</id></item></R>", 1},
        {"with attributes",        "<R><a b='c'>d</a><e/></R>",          "<R><a b='c'>d</a> </R>",          1},
        {"in one with attributes", "<R><a b='c'><d/></a></R>",           "<R><a b='c'><d/></a></R>",        0},
        {"with a prefix",          "<R><n:a>b</n:a></R>",                "<R><n:a>b</n:a></R>",             0},
        {"with an entity",         "<R><a>&amp;</a></R>",                "<R><a>&amp;</a></R>",             0},
        {"with a bare ]]>",        "<R><a>]]></a></R>",                  "<R><a>]]></a></R>",               0},
        {"not ASCII",              "<R><a>\xc3\xa9</a></R>",             "<R><a>\xc3\xa9</a></R>",          0},
        {"a control character",    "<R><a>\x01</a></R>",                 "<R><a>\x01</a></R>",              0},
        {"another end",            "<R><a>b</c></R>",                    "<R><a>b</c></R>",                 0},
        {"an end with a blank",    "<R><a>b</a ></R>",                   "<R><a>b</a ></R>",                0},
        {"after a comment",        "<R><!-- <a/> --><b/></R>",           "<R><!-- <a/> --><b/></R>",        0},
        {"before a comment",       "<R><b/><!-- <a/> --></R>",           "<R> <!-- <a/> --></R>",           1},
        {"in a CDATA section",     "<R><id><![CDATA[<a/>]]></id></R>",
         "<R><id><![CDATA[<a/>]]></id></R>",                                                                0},
        {"after an instruction",   "<R><?a b?><c/></R>",                 "<R><?a b?><c/></R>",              0},
        {"after the declaration",  "<?xml version='1.0'?><R><c/></R>",
         "<?xml version='1.0'?><R> </R>",                                                                   1},
        {"in an attribute",        "<R a=\"<b/>\"><c/></R>",             "<R a=\"<b/>\"><c/></R>",          0},
        {"behind a '>' in quotes", "<R><a b='>'><c>d</c>'</a></R>",      "<R><a b='>'><c>d</c>'</a></R>",
         0                                                                                                   },
        {"outside of the root",    "<a/><R></R><b/>",                    "<a/><R></R><b/>",                 0},
        {"after too many ends",    "<R></R></R><R><b/></R>",             "<R></R></R><R><b/></R>",          0},
        {"nothing",                "",                                   "",                                0},
        {"a cut",                  "<R><a>b</a",                         "<R><a>b</a",                      0},
        {"another cut",            "<R><",                               "<R><",                            0},
        {"a cut declaration",      "<?xml version",                      "<?xml version",                   0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].before);
        size_t after = strlen(rows[i].after);
        char *document = malloc(length == 0 ? 1 : length); /* no NUL: a step too far is seen */
        char *text = malloc(length == 0 ? 1 : length);
        size_t text_length = 0;
        size_t dropped = 0;

        memcpy(document, rows[i].before, length);
        dropped = xml_skim(document, length, &GRAMMAR, text, &text_length);
        if (dropped != rows[i].dropped || text_length != after ||
            memcmp(text, rows[i].after, after) != 0) {
            fail_msg("%s: %zu, \"%.*s\"", rows[i].why, dropped, (int)text_length, text);
        }
        free(text);
        free(document);
    }
}

static void what_stays_is_found_again_in_the_document(void **state)
{
    static const char document[] = "<R><a>b</a><x k='1'><b/><c>d</c>&e;</x><next>f</next></R>";
    static const char *const marks[] = {"<R>", "k='1'", "&e;", "</x>", "<next>", "f</", "</R>"};
    char text[sizeof(document)] = "";
    size_t length = 0;

    (void)state;
    assert_int_equal(xml_skim(document, sizeof(document) - 1, &GRAMMAR, text, &length), 1);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t offset = (size_t)(strstr(text, marks[i]) - text);

        assert_int_equal(xml_skim_origin(document, sizeof(document) - 1, &GRAMMAR, offset),
                         strstr(document, marks[i]) - document);
    }
}

/* ---- nobody can tell the difference ---- */

#define DECLARATION "<?xml version=\"1.0\"?>"

static const char DOCUMENT[] =
    DECLARATION "<R xmlns=\"u\"><a>b</a><set a='1'><item><x/><id>i-1</id><y>z &amp;</y>"
                "<t>one<u>two</u>three</t><w><v>1</v></w></item><item><id/><q></q></item></set>"
                "<next>a+/=</next><a1>\xc3\xa9</a1></R>";
static const char COMMENT[] = "<!---->";

enum { HEAD = sizeof(DECLARATION) - 1, TRACE_SIZE = 2048, MUTATIONS = 100 * 1000, PIECES_MAX = 3 };

struct trace {
    char text[TRACE_SIZE];
    size_t length;
};

static bool trace_hear(void *owner, const struct xml_event *event, struct error *error)
{
    struct trace *trace = owner;

    (void)error;
    trace->length +=
        (size_t)snprintf(trace->text + trace->length, TRACE_SIZE - trace->length, "%d%d=%s;",
                         (int)event->kind, event->id, event->text == NULL ? "" : event->text);
    assert_true(trace->length < TRACE_SIZE);
    return true;
}

/* `text` with a comment behind its declaration, so that nothing is skimmed. */
static char *with_comment(const char *text, size_t length, size_t *new_length)
{
    char *other = malloc(length + sizeof(COMMENT));

    memcpy(other, text, HEAD);
    memcpy(other + HEAD, COMMENT, sizeof(COMMENT) - 1);
    memcpy(other + HEAD + sizeof(COMMENT) - 1, text + HEAD, length - HEAD);
    *new_length = length + sizeof(COMMENT) - 1;
    return other;
}

static uint32_t random_below(uint32_t *seed, size_t limit)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (uint32_t)(((uint64_t)(*seed >> 8) * limit) >> 24);
}

/* Overwrite, cut out, or repeat up to three pieces behind the declaration. */
static size_t mutate(char *text, size_t length, uint32_t *seed)
{
    static const char octets[] = "<>/&;!?'\"= ]-:aidtRb\x01\xc3";
    uint32_t pieces = 1 + random_below(seed, PIECES_MAX);

    for (uint32_t i = 0; i < pieces && length > HEAD + 8; i++) {
        size_t at = HEAD + random_below(seed, length - HEAD - 8);
        size_t size = 1 + random_below(seed, 8);

        switch (random_below(seed, 3)) {
        case 0:
            text[at] = octets[random_below(seed, sizeof(octets) - 1)];
            break;
        case 1:
            memmove(text + at, text + at + size, length - at - size);
            length -= size;
            break;
        default:
            memmove(text + at, text + random_below(seed, length - 8), size);
            break;
        }
    }
    return length;
}

static void check_alike(const char *text, size_t length)
{
    struct trace skimmed = {.length = 0};
    struct trace whole = {.length = 0};
    struct error error;
    size_t other_length = 0;
    char *other = with_comment(text, length, &other_length);
    bool is_good = xml_parse(text, length, &GRAMMAR, trace_hear, &skimmed, &error);
    bool is_good_whole = xml_parse(other, other_length, &GRAMMAR, trace_hear, &whole, &error);

    free(other);
    if (is_good != is_good_whole || (is_good && strcmp(skimmed.text, whole.text) != 0)) {
        fail_msg("%d \"%s\", without skimming %d \"%s\": %.*s", is_good, skimmed.text,
                 is_good_whole, whole.text, (int)length, text);
    }
}

static void no_listener_can_tell_the_difference(void **state)
{
    uint32_t seed = 4;

    (void)state;
    check_alike(DOCUMENT, sizeof(DOCUMENT) - 1);
    for (size_t i = 0; i < MUTATIONS; i++) {
        char text[sizeof(DOCUMENT)];
        size_t length = sizeof(DOCUMENT) - 1;

        memcpy(text, DOCUMENT, sizeof(DOCUMENT));
        length = mutate(text, length, &seed);
        check_alike(text, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_no_interest_become_a_blank),
        cmocka_unit_test(what_stays_is_found_again_in_the_document),
        cmocka_unit_test(no_listener_can_tell_the_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
