/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/xml.c - the only caller of expat.
 *
 * The path of the open elements is kept as text and held against the grammar's rows by length
 * first: a page has 10^5 elements, and nearly every comparison ends at the length.
 */

#include "discovery/aws/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/aws/xml_skim.h"
#include "zones/arena.h"

/* The longest path of any grammar is below 130 octets; what does not fit is not wanted. */
enum { XML_PATH_SIZE = 256 };

struct parse {
    XML_Parser parser;
    const char *document;
    size_t length;
    const struct xml_grammar *grammar;
    size_t row_lengths[XML_GRAMMAR_LIMIT];
    xml_listener listener;
    void *owner;
    struct error *error;
    bool failed; /* expat may still call us a few times after XML_StopParser() */

    size_t elements;
    size_t depth;
    char path[XML_PATH_SIZE];
    size_t path_length; /* XML_PATH_SIZE: too long, and so for all that lies inside */
    struct {
        size_t path_length; /* of the parent */
        const struct xml_row *row;
    } open[XML_DEPTH_LIMIT];

    const struct xml_row *text_row; /* whose text is being collected */
    size_t text_depth;
    char text[XML_TEXT_LIMIT + 1];
    size_t text_length;
};

/* Where the parser stands, counted in what came and not in what was left of it. */
static size_t octet_of_document(const struct parse *parse)
{
    return xml_skim_origin(parse->document, parse->length, parse->grammar,
                           (size_t)XML_GetCurrentByteIndex(parse->parser));
}

static void parse_fail(struct parse *parse)
{
    error_prefix(parse->error, "XML at octet %zu", octet_of_document(parse));
    parse->failed = true;
    XML_StopParser(parse->parser, XML_FALSE);
}

static void parse_tell(struct parse *parse, const struct xml_event *event)
{
    if (!parse->listener(parse->owner, event, parse->error)) {
        parse_fail(parse);
    }
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

static void path_append(struct parse *parse, const char *name)
{
    size_t length = strlen(name);
    size_t separator = parse->depth == 0 ? 0 : 1;
    if (parse->path_length + separator + length >= XML_PATH_SIZE) {
        parse->path_length = XML_PATH_SIZE;
        return;
    }
    if (separator != 0) {
        parse->path[parse->path_length++] = '/';
    }
    memcpy(parse->path + parse->path_length, name, length);
    parse->path_length += length;
}

static const struct xml_row *row_of_path(const struct parse *parse)
{
    for (size_t i = 0; i < parse->grammar->row_count; i++) {
        const struct xml_row *row = &parse->grammar->rows[i];
        if (parse->row_lengths[i] == parse->path_length &&
            memcmp(row->path, parse->path, parse->path_length) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool root_check(struct parse *parse, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < parse->grammar->row_count; i++) {
        const char *path = parse->grammar->rows[i].path;
        if (strncmp(path, name, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
            return true;
        }
    }
    const char *expected = parse->grammar->rows[0].path;
    return error_set(parse->error, "the root element is <%.64s>, not <%.*s>", name,
                     (int)strcspn(expected, "/"), expected);
}

static bool element_check(struct parse *parse, const char *name)
{
    if (parse->depth == 0 && !root_check(parse, name)) {
        return false;
    }
    if (parse->depth == XML_DEPTH_LIMIT) {
        return error_set(parse->error, "elements nest deeper than %d", XML_DEPTH_LIMIT);
    }
    if (++parse->elements > XML_ELEMENT_LIMIT) {
        return error_set(parse->error, "more than %d elements", XML_ELEMENT_LIMIT);
    }
    return true;
}

static void XMLCALL on_element_start(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct parse *parse = owner;
    (void)attributes;
    if (parse->failed) {
        return;
    }
    name = local_name(name);
    if (!element_check(parse, name)) {
        parse_fail(parse);
        return;
    }
    parse->open[parse->depth].path_length = parse->path_length;
    path_append(parse, name);
    const struct xml_row *row = row_of_path(parse);
    parse->open[parse->depth].row = row;
    parse->depth++;
    if (row == NULL) {
        return;
    }
    if (row->kind == XML_ROW_GROUP) {
        parse_tell(parse, &(struct xml_event){.kind = XML_BEGIN, .id = row->id});
        return;
    }
    parse->text_row = row;
    parse->text_depth = parse->depth;
    parse->text_length = 0;
}

static void XMLCALL on_text(void *owner, const XML_Char *text, int length)
{
    struct parse *parse = owner;
    if (parse->failed || parse->text_row == NULL || parse->depth != parse->text_depth) {
        return;
    }
    size_t size = (size_t)length;
    if (size > XML_TEXT_LIMIT - parse->text_length) {
        error_set(parse->error, "the text of %s is longer than %d octets", parse->text_row->path,
                  XML_TEXT_LIMIT);
        parse_fail(parse);
        return;
    }
    memcpy(parse->text + parse->text_length, text, size);
    parse->text_length += size;
}

static void XMLCALL on_element_end(void *owner, const XML_Char *name)
{
    struct parse *parse = owner;
    (void)name;
    if (parse->failed) {
        return;
    }
    parse->depth--;
    parse->path_length = parse->open[parse->depth].path_length;
    const struct xml_row *row = parse->open[parse->depth].row;
    if (row == NULL) {
        return;
    }
    struct xml_event event = {.kind = XML_END, .id = row->id};
    if (row->kind == XML_ROW_TEXT) {
        parse->text[parse->text_length] = '\0';
        parse->text_row = NULL;
        event = (struct xml_event){XML_TEXT, row->id, parse->text, parse->text_length};
    }
    parse_tell(parse, &event);
}

/* Without a document type there are no entities of the document's own, and so no bombs. */
static void XMLCALL on_document_type(void *owner, const XML_Char *name, const XML_Char *system_id,
                                     const XML_Char *public_id, int has_internal_subset)
{
    struct parse *parse = owner;
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    if (!parse->failed) {
        error_set(parse->error, "a document type is not allowed");
        parse_fail(parse);
    }
}

static void XMLCALL on_instruction(void *owner, const XML_Char *target, const XML_Char *text)
{
    struct parse *parse = owner;
    (void)text;
    if (!parse->failed) {
        error_set(parse->error, "a processing instruction is not allowed: <?%.32s", target);
        parse_fail(parse);
    }
}

static void XMLCALL on_declaration(void *owner, const XML_Char *version, const XML_Char *encoding,
                                   int standalone)
{
    struct parse *parse = owner;
    (void)version;
    (void)standalone;
    if (!parse->failed && encoding != NULL && strcasecmp(encoding, "UTF-8") != 0) {
        error_set(parse->error, "the encoding is %.32s, not UTF-8", encoding);
        parse_fail(parse);
    }
}

/* What expat itself found. It says "no element found" of a document that merely stops. */
static bool parse_syntax_error(const struct parse *parse)
{
    enum XML_Error code = XML_GetErrorCode(parse->parser);
    if (code == XML_ERROR_NO_ELEMENTS && parse->depth > 0) {
        error_set(parse->error, "the text ends inside <%.*s>",
                  (int)strcspn(parse->grammar->rows[0].path, "/"), parse->grammar->rows[0].path);
    } else {
        error_set(parse->error, "%s", XML_ErrorString(code));
    }
    return error_prefix(parse->error, "XML at octet %zu", octet_of_document(parse));
}

static bool document_check(const char *document, size_t length, struct error *error)
{
    if (length == 0) {
        return error_set(error, "XML: the text is empty");
    }
    if (length > XML_SIZE_LIMIT) {
        return error_set(error, "XML: the text is longer than %d octets", XML_SIZE_LIMIT);
    }
    /* expat would follow a byte order mark into UTF-16, in which every '<' has a NUL octet. */
    if (memchr(document, 0, length) != NULL) {
        return error_set(error, "XML: the text holds a NUL octet: not UTF-8");
    }
    return true;
}

static void parse_set_handlers(struct parse *parse)
{
    XML_Parser parser = parse->parser;
    XML_SetUserData(parser, parse);
    XML_SetElementHandler(parser, on_element_start, on_element_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_document_type);
    XML_SetProcessingInstructionHandler(parser, on_instruction);
    XML_SetXmlDeclHandler(parser, on_declaration);
}

bool xml_parse(const char *document, size_t length, const struct xml_grammar *grammar,
               xml_listener listener, void *owner, struct error *error)
{
    if (!document_check(document, length, error)) {
        return false;
    }
    struct parse parse = {.document = document,
                          .length = length,
                          .grammar = grammar,
                          .listener = listener,
                          .owner = owner,
                          .error = error};
    for (size_t i = 0; i < grammar->row_count; i++) {
        parse.row_lengths[i] = strlen(grammar->rows[i].path);
    }
    parse.parser = XML_ParserCreate("UTF-8");
    if (parse.parser == NULL) {
        return error_set(error, "XML: out of memory");
    }
    parse_set_handlers(&parse);

    /* Three quarters of the time of a page would go into elements that nobody wants. */
    char *text = memory_new(length);
    size_t text_length = 0;
    parse.elements = xml_skim(document, length, grammar, text, &text_length);

    /* One piece: fed in small ones, expat looks at a long token again and again. */
    bool parsed = XML_Parse(parse.parser, text, (int)text_length, 1) == XML_STATUS_OK;
    if (!parsed && !parse.failed) {
        parse_syntax_error(&parse);
    }
    XML_ParserFree(parse.parser);
    free(text);
    return parsed && !parse.failed;
}
