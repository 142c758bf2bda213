/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/xml_skim.h - takes out of a reply what nobody will look at, before it is parsed.
 *
 * Most elements of an instance are leaves that no grammar names, and most of the time of a parse
 * goes into them. A leaf that is plainly well-formed, "<name>text</name>" or "<name/>", and is of
 * no interest, becomes one blank. What is not plain is left for the parser to judge. Pure; any
 * thread.
 */

#ifndef DISCOVERY_AWS_XML_SKIM_H
#define DISCOVERY_AWS_XML_SKIM_H

#include <stddef.h>

#include "discovery/aws/xml.h"

/*
 * Copy `document` into `text`, which has room for `length` octets, but for the leaves that
 * `grammar` does not name; the number of those. The listener of a parse hears of the text what it
 * would have heard of the document.
 */
size_t xml_skim(const char *document, size_t length, const struct xml_grammar *grammar, char *text,
                size_t *text_length);

/* Where in the document stands what has come to stand at `offset` of the text. Takes as long. */
size_t xml_skim_origin(const char *document, size_t length, const struct xml_grammar *grammar,
                       size_t offset);

#endif
