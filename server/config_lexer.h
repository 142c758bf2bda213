/* SPDX-License-Identifier: MIT */

/*
 * server/config_lexer.h - the tokens of a configuration file, with their places.
 */

#ifndef SERVER_CONFIG_LEXER_H
#define SERVER_CONFIG_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "server/complaints.h"

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT, /* quoted or not */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_EQUALS,
    TOKEN_APPEND, /* += */
    TOKEN_OTHER,  /* comma and parentheses */
};

struct token {
    enum token_kind kind;
    size_t start;
    size_t end;
    unsigned line;
};

struct lexer {
    char *text;
    size_t length;
    size_t position;
    unsigned line;     /* from 1 */
    unsigned cut_line; /* where reading ended with a complaint, 0: it goes on */
    struct complaints *complaints;
};

/* The next token. Comments are blanked on the way. After a cut only TOKEN_END comes. */
struct token token_next(struct lexer *lexer);

/*
 * The token's text without its quotes, not terminated. Escapes are left as they are: two texts
 * that differ in them count as two.
 */
const char *token_text(const struct lexer *lexer, const struct token *token, int *length);

/* Put spaces over the text from `start` to `end`, but keep its lines. */
void lexer_blank(struct lexer *lexer, size_t start, size_t end);

/* End the reading, with a complaint about `line`. The first one counts. */
void lexer_cut(struct lexer *lexer, unsigned line, const char *what);

#endif
