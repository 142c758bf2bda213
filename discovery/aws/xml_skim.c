/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/xml_skim.c - one pass from tag to tag; it ends at the first thing that is not
 * plain: a comment, a CDATA section, an instruction, a '<' out of place.
 */

#include "discovery/aws/xml_skim.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SKIM_FOLD = 31 }; /* a mask */

struct skim {
    const char *at;
    const char *end;
    char *text;       /* where what stays goes; NULL: nowhere, the pass is for `dropped` only */
    size_t kept;      /* octets of it */
    const char *from; /* what is kept next begins here */
    size_t dropped;   /* octets that are gone */
    size_t kept_max;  /* the pass ends here */
    size_t leaves;
    const struct xml_grammar *grammar;
    const char *names[XML_GRAMMAR_LIMIT]; /* the last of each row's path */
    size_t name_lengths[XML_GRAMMAR_LIMIT];
    bool may_be_named[SKIM_FOLD + 1]
                     [SKIM_FOLD + 1]; /* by length and first letter: most names end here */
    size_t depth;
    bool is_text[XML_DEPTH_LIMIT + 1]; /* the open elements: may be one whose text counts */
};

static void names_collect(struct skim *skim)
{
    for (size_t i = 0; i < skim->grammar->row_count; i++) {
        const char *path = skim->grammar->rows[i].path;
        const char *slash = strrchr(path, '/');
        const char *name = slash == NULL ? path : slash + 1;
        size_t length = strlen(name);

        skim->names[i] = name;
        skim->name_lengths[i] = length;
        skim->may_be_named[length & SKIM_FOLD][(unsigned char)name[0] & SKIM_FOLD] = true;
    }
}

/* Whether the path of a row ends with the name; of any row, or only of those whose text counts. */
static bool name_is_wanted(const struct skim *skim, const char *name, size_t length, bool as_text)
{
    if (!skim->may_be_named[length & SKIM_FOLD][(unsigned char)name[0] & SKIM_FOLD]) {
        return false;
    }
    for (size_t i = 0; i < skim->grammar->row_count; i++) {
        if (skim->name_lengths[i] == length && memcmp(skim->names[i], name, length) == 0 &&
            (!as_text || skim->grammar->rows[i].kind == XML_ROW_TEXT)) {
            return true;
        }
    }
    return false;
}

static bool is_letter(char octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
}

/* The length of a plain name at `at`, which has to be followed by a '>' or '/' before `end`; 0. */
static size_t name_measure(const char *at, const char *end)
{
    const char *here = at;

    while (here < end && (is_letter(*here) || (here > at && *here >= '0' && *here <= '9'))) {
        here++;
    }
    return here < end && (*here == '>' || *here == '/') ? (size_t)(here - at) : 0;
}

/* Printable ASCII without '&': nothing that a parser could object to or make something of. A '>' is
 * left out for the sake of "]]>". */
static const char *text_skip(const char *at, const char *end)
{
    while (at < end && *at >= ' ' && *at < 0x7f && *at != '<' && *at != '&' && *at != '>') {
        at++;
    }
    return at;
}

/* The end of the plain leaf that begins at `start` with a name of `length`; NULL: it is none. */
static const char *leaf_end(const struct skim *skim, const char *start, size_t length)
{
    const char *name = start + 1;
    const char *here = name + length;

    if (*here == '/') {
        return skim->end - here >= 2 && here[1] == '>' ? here + 2 : NULL;
    }
    here = text_skip(here + 1, skim->end);
    if ((size_t)(skim->end - here) < length + 3 || here[0] != '<' || here[1] != '/' ||
        memcmp(here + 2, name, length) != 0 || here[2 + length] != '>') {
        return NULL;
    }
    return here + length + 3;
}

/* The end of a tag with attributes, from behind its name; NULL: not plain. */
static const char *tag_end(const struct skim *skim, const char *here)
{
    char quote = '\0';

    for (; here < skim->end && *here != '<'; here++) {
        if (quote == '\0' && *here == '>') {
            return here + 1;
        }
        if (quote == '\0' && (*here == '"' || *here == '\'')) {
            quote = *here;
        } else if (*here == quote) {
            quote = '\0';
        }
    }
    return NULL;
}

/* A start tag that stays. False: the pass ends here. */
static bool tag_enter(struct skim *skim, const char *start, size_t length)
{
    const char *end =
        length > 0 && start[1 + length] == '>' ? start + length + 2 : tag_end(skim, start + 1);

    if (end == NULL) {
        return false;
    }
    if (end[-2] != '/') {
        if (skim->depth == XML_DEPTH_LIMIT) {
            return false;
        }
        /* One with attributes or a prefix is not compared, and counts as one whose text may. */
        skim->is_text[skim->depth++] = length == 0 || name_is_wanted(skim, start + 1, length, true);
    }
    skim->at = end;
    return true;
}

static bool tag_leave(struct skim *skim, const char *start)
{
    const char *end = memchr(start, '>', (size_t)(skim->end - start));

    if (end == NULL || skim->depth == 0) {
        return false;
    }
    skim->depth--;
    skim->at = end + 1;
    return true;
}

static void keep_until(struct skim *skim, const char *end)
{
    size_t length = (size_t)(end - skim->from);

    if (skim->text != NULL) {
        memcpy(skim->text + skim->kept, skim->from, length);
    }
    skim->kept += length;
}

/* One blank stays in its place: "&am" and "p;" must not come together, nor "]]" and ">". */
static bool leaf_drop(struct skim *skim, const char *start, const char *end)
{
    keep_until(skim, start);
    if (skim->kept >= skim->kept_max) {
        return false;
    }
    if (skim->text != NULL) {
        skim->text[skim->kept] = ' ';
    }
    skim->kept++;
    skim->dropped += (size_t)(end - start) - 1;
    skim->leaves++;
    skim->from = end;
    skim->at = end;
    return true;
}

/* The tag at `start`: a leaf of no interest is dropped, else it is gone past. */
static bool tag_skim(struct skim *skim, const char *start)
{
    size_t length = 0;
    const char *end = NULL;

    if (skim->end - start < 2 || start[1] == '!' || start[1] == '?') {
        return false;
    }
    if (start[1] == '/') {
        return tag_leave(skim, start);
    }
    length = name_measure(start + 1, skim->end);
    /* A blank is as good as nothing only where text does not count, and depth must be judged. */
    if (length > 0 && skim->depth > 0 && skim->depth < XML_DEPTH_LIMIT &&
        !skim->is_text[skim->depth - 1] && !name_is_wanted(skim, start + 1, length, false)) {
        end = leaf_end(skim, start, length);
    }
    if (end == NULL) {
        return tag_enter(skim, start, length);
    }
    return leaf_drop(skim, start, end);
}

static void skim_run(struct skim *skim, const char *document, size_t length,
                     const struct xml_grammar *grammar)
{
    static const char declaration[] = "<?xml ";

    skim->at = document;
    skim->from = document;
    skim->end = document + length;
    skim->grammar = grammar;
    names_collect(skim);
    if (length > sizeof(declaration) &&
        memcmp(document, declaration, sizeof(declaration) - 1) == 0) {
        skim->at = tag_end(skim, document + 1);
    }
    while (skim->at != NULL && skim->at < skim->end) {
        const char *start = memchr(skim->at, '<', (size_t)(skim->end - skim->at));

        if (start == NULL || !tag_skim(skim, start)) {
            break;
        }
    }
}

size_t xml_skim(const char *document, size_t length, const struct xml_grammar *grammar, char *text,
                size_t *text_length)
{
    struct skim skim = {.text = text, .kept_max = SIZE_MAX};

    skim_run(&skim, document, length, grammar);
    keep_until(&skim, skim.end);
    *text_length = skim.kept;
    return skim.leaves;
}

size_t xml_skim_origin(const char *document, size_t length, const struct xml_grammar *grammar,
                       size_t offset)
{
    struct skim skim = {.kept_max = offset};

    skim_run(&skim, document, length, grammar);
    return offset + skim.dropped;
}
