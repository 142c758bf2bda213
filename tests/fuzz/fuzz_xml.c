/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_xml.c - any octets as an XML document, with what nobody looks at taken out before
 * the parse, and with all of it: no listener may hear a difference, and what one refuses the other
 * refuses too. A comment before the root keeps everything in.
 */

#include "discovery/aws/xml.h"
#include "discovery/aws/xml_skim.h"
#include "tests/fuzz/reply.h"
#include "zones/arena.h"

static const struct xml_row rows[] = {
    {"R/set/item",    1, XML_ROW_GROUP},
    {"R/set/item/id", 2, XML_ROW_TEXT },
    {"R/set/item/t",  3, XML_ROW_TEXT },
    {"R/next",        4, XML_ROW_TEXT },
};
static const struct xml_grammar grammar = {rows, sizeof(rows) / sizeof(rows[0])};

static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct outcome *outcome = owner;

    (void)error;
    outcome_add_number(outcome, (int64_t)event->kind);
    outcome_add_number(outcome, event->id);
    expect((event->kind == XML_TEXT) == (event->text != NULL), "a text event has a text");
    if (event->text != NULL) {
        expect(strlen(event->text) == event->length, "a text ends where it says");
        expect(event->length <= XML_TEXT_LIMIT, "a text has a bound");
        outcome_add(outcome, event->text);
    }
    return true;
}

static void document_read(struct outcome *outcome, const char *document, size_t length)
{
    outcome->is_taken = xml_parse(document, length, &grammar, on_event, outcome, &outcome->error);
}

/* Where a comment may stand: behind the declaration, if there is one. */
static size_t prologue_end(const char *document, size_t length)
{
    const char *end = NULL;

    if (length < 5 || memcmp(document, "<?xml", 5) != 0) {
        return 0;
    }
    end = memmem(document, length, "?>", 2);
    return end == NULL ? length : (size_t)(end - document) + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const char comment[] = "<!-- -->";
    const char *document = (const char *)octets;
    size_t prologue = prologue_end(document, length);
    size_t whole_length = length + sizeof(comment) - 1;
    char *whole = memory_new(whole_length);
    struct outcome skimmed = {.error = {""}};
    struct outcome unskimmed = {.error = {""}};

    reply_try(document_read, octets, length);
    if (length > 0) {
        memcpy(whole, document, prologue);
        memcpy(whole + prologue + sizeof(comment) - 1, document + prologue, length - prologue);
    }
    memcpy(whole + prologue, comment, sizeof(comment) - 1);
    document_read(&skimmed, document, length);
    document_read(&unskimmed, whole, whole_length);
    expect(skimmed.is_taken == unskimmed.is_taken, "skimming refuses nothing and takes nothing");
    if (skimmed.is_taken) {
        expect(skimmed.digest == unskimmed.digest, "skimming is not heard");
    }
    free(whole);
    return 0;
}
