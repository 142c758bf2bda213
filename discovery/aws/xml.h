/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/xml.h - the wanted elements of one XML reply. The only room that knows expat.
 *
 * A grammar is a table of full paths; everything that it does not name is skipped, so that new
 * elements of the service do no harm. Local names count, namespaces and attributes do not. A
 * document type, a processing instruction, another encoding than UTF-8 and another root than the
 * grammar's are errors, and so is text after which the root element is not closed.
 */

#ifndef DISCOVERY_AWS_XML_H
#define DISCOVERY_AWS_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

enum {
    /* As much as the HTTP room takes in; expat counts in int. */
    XML_SIZE_LIMIT = 16 * 1024 * 1024,
    /* AWS replies nest 10 to 12 deep. */
    XML_DEPTH_LIMIT = 32,
    /* A page of 1000 instances with 50 tags each has 150,000 elements of tags. */
    XML_ELEMENT_LIMIT = 2 * 1000 * 1000,
    /* A tag value is at most 256 characters, page tokens are a few hundred octets. Session tokens
     * of STS are the longest: usually below 4 KiB, but AWS promises no bound. */
    XML_TEXT_LIMIT = 16 * 1024,
    XML_GRAMMAR_LIMIT = 32,
};

enum xml_row_kind {
    XML_ROW_TEXT,  /* one XML_TEXT at the end, with the text of the element itself */
    XML_ROW_GROUP, /* XML_BEGIN and XML_END around what lies inside */
};

/* `path` begins with the root: "Response/Errors/Error/Code". No text row lies inside another. */
struct xml_row {
    const char *path;
    int id; /* told to the listener; ours to choose */
    enum xml_row_kind kind;
};

struct xml_grammar {
    const struct xml_row *rows; /* the first names of the paths are the roots allowed */
    size_t row_count;           /* at most XML_GRAMMAR_LIMIT */
};

enum xml_event_kind { XML_BEGIN, XML_END, XML_TEXT };

/* `text` has a NUL after `length` octets of UTF-8 without NUL; it lives for the call. */
struct xml_event {
    enum xml_event_kind kind;
    int id;
    const char *text; /* NULL unless XML_TEXT; "" for an empty element */
    size_t length;
};

/* False, with the error set, ends the parse. */
typedef bool (*xml_listener)(void *owner, const struct xml_event *event, struct error *error);

/*
 * Parse a whole document. Events come while it is read: what they built counts only when the
 * result is true. False: the error says what is wrong and at which octet. Pure; any thread.
 */
bool xml_parse(const char *document, size_t length, const struct xml_grammar *grammar,
               xml_listener listener, void *owner, struct error *error);

#endif
