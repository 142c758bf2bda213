/* SPDX-License-Identifier: MIT */

/*
 * server/config_lexer.c - tokens as libconfuse's lexer cuts them, so that both read the same file.
 */

#include "server/config_lexer.h"

#include <string.h>

static char octet_at(const struct lexer *lexer, size_t position)
{
    if (position >= lexer->length) {
        return '\0';
    }
    return lexer->text[position];
}

static bool text_starts(const struct lexer *lexer, const char *start)
{
    size_t length = strlen(start);

    return lexer->length - lexer->position >= length &&
           memcmp(lexer->text + lexer->position, start, length) == 0;
}

void lexer_blank(struct lexer *lexer, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) {
        if (lexer->text[i] != '\n') {
            lexer->text[i] = ' ';
        }
    }
}

static void lexer_advance(struct lexer *lexer, size_t count)
{
    for (; count > 0 && lexer->position < lexer->length; count--) {
        lexer->line += lexer->text[lexer->position] == '\n';
        lexer->position++;
    }
}

void lexer_cut(struct lexer *lexer, unsigned line, const char *what)
{
    if (lexer->cut_line == 0) {
        complain(lexer->complaints, line, "%s", what);
        lexer->cut_line = line;
    }
}

/* What is not closed swallows the rest: nothing in it can be read. */
static void lexer_cut_rest(struct lexer *lexer, size_t start, unsigned line, const char *what)
{
    lexer_cut(lexer, line, what);
    lexer_blank(lexer, start, lexer->length);
}

static void comment_skip(struct lexer *lexer)
{
    size_t start = lexer->position;
    unsigned line = lexer->line;

    if (text_starts(lexer, "/*")) {
        lexer_advance(lexer, 2);
        while (lexer->position < lexer->length && !text_starts(lexer, "*/")) {
            lexer_advance(lexer, 1);
        }
        if (lexer->position == lexer->length) {
            lexer_cut_rest(lexer, start, line, "the comment that starts here is not closed");
            return;
        }
        lexer_advance(lexer, 2);
    } else {
        while (lexer->position < lexer->length && octet_at(lexer, lexer->position) != '\n') {
            lexer_advance(lexer, 1);
        }
    }
    lexer_blank(lexer, start, lexer->position);
}

/* What libconfuse's lexer steps over between tokens. */
static void gap_skip(struct lexer *lexer)
{
    while (lexer->position < lexer->length) {
        if (octet_at(lexer, lexer->position) == '#' || text_starts(lexer, "//") ||
            text_starts(lexer, "/*")) {
            comment_skip(lexer);
        } else if (text_starts(lexer, "+=") ||
                   strchr(" \t\r\n+*", octet_at(lexer, lexer->position)) == NULL) {
            return;
        } else {
            lexer_advance(lexer, 1);
        }
    }
}

static void quoted_skip(struct lexer *lexer)
{
    size_t start = lexer->position;
    unsigned line = lexer->line;
    char quote = octet_at(lexer, start);

    lexer_advance(lexer, 1);
    while (lexer->position < lexer->length && octet_at(lexer, lexer->position) != quote) {
        lexer_advance(lexer, octet_at(lexer, lexer->position) == '\\' ? 2 : 1);
    }
    if (lexer->position == lexer->length) {
        lexer_cut_rest(lexer, start, line, "the string that starts here is not closed");
        return;
    }
    lexer_advance(lexer, 1);
}

static void plain_skip(struct lexer *lexer)
{
    if (text_starts(lexer, "${")) {
        while (lexer->position < lexer->length && octet_at(lexer, lexer->position) != '}') {
            lexer_advance(lexer, 1);
        }
        lexer_advance(lexer, 1);
        return;
    }
    while (lexer->position < lexer->length &&
           strchr(" #\"'\t\n\r={}()+,*", octet_at(lexer, lexer->position)) == NULL) {
        lexer_advance(lexer, 1);
    }
}

struct token token_next(struct lexer *lexer)
{
    struct token token;

    gap_skip(lexer);
    token = (struct token){.start = lexer->position, .line = lexer->line};
    switch (octet_at(lexer, lexer->position)) {
    case '\0':
        token.kind = TOKEN_END;
        break;
    case '{':
        token.kind = TOKEN_OPEN;
        lexer_advance(lexer, 1);
        break;
    case '}':
        token.kind = TOKEN_CLOSE;
        lexer_advance(lexer, 1);
        break;
    case '=':
        token.kind = TOKEN_EQUALS;
        lexer_advance(lexer, 1);
        break;
    case '+':
        token.kind = TOKEN_APPEND;
        lexer_advance(lexer, 2);
        break;
    case '"':
    case '\'':
        token.kind = TOKEN_TEXT;
        quoted_skip(lexer);
        break;
    case ',':
    case '(':
    case ')':
        token.kind = TOKEN_OTHER;
        lexer_advance(lexer, 1);
        break;
    default:
        token.kind = TOKEN_TEXT;
        plain_skip(lexer);
        break;
    }
    /* What was blanked because it is never closed is no token any more. */
    if (lexer->cut_line != 0) {
        token.kind = TOKEN_END;
    }
    token.end = lexer->position;
    return token;
}

const char *token_text(const struct lexer *lexer, const struct token *token, int *length)
{
    size_t quote = strchr("\"'", lexer->text[token->start]) != NULL ? 1 : 0;

    *length = (int)(token->end - token->start - 2 * quote);
    return lexer->text + token->start + quote;
}
