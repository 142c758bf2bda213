/* SPDX-License-Identifier: MIT */

/*
 * discovery/naming.c - rename rules: checked when they are read, so that only a group's own name
 * can be wrong later.
 */

#include "discovery/naming.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/name.h"

enum {
    /* A rule is written by hand, on one line; regcomp() takes memory by its length. */
    RULE_MAX_LENGTH = 256,
    /* "(a{255}){255}" is compiled to 65,025 states; a group's name has at most 256 characters. */
    RULE_MAX_REPEATS = 1024,
    /* \0 to \9 */
    RULE_REFERENCES = 10,
};

#define RULE_ARROW " -> "

struct rename_rule {
    regex_t pattern;
    const char *replacement;
};

struct naming {
    struct arena arena;
    struct rename_rule *rules;
    size_t rule_count;
};

/* The last arrow: a replacement cannot hold one, a pattern might. */
static const char *arrow_find(const char *rule)
{
    const char *arrow = NULL;

    for (const char *next = strstr(rule, RULE_ARROW); next != NULL;
         next = strstr(next + 1, RULE_ARROW)) {
        arrow = next;
    }
    return arrow;
}

/*
 * Keep regcomp() and regexec() cheap whatever is asked of them: glibc multiplies nested repeats out
 * and searches back for back-references, which POSIX extended expressions do not have anyway.
 */
static bool pattern_check(const char *pattern, struct error *error)
{
    unsigned long repeats = 1;

    for (const char *here = pattern; *here != '\0'; here++) {
        unsigned long most = 0;
        char *end = NULL;

        if (*here == '\\' && here[1] != '\0') {
            here++;
            if (*here >= '1' && *here <= '9') {
                return error_set(error, "\\%c stands in the pattern, where it means nothing",
                                 *here);
            }
            continue;
        }
        if (*here != '{') {
            continue;
        }
        most = strtoul(here + 1, &end, 10);
        if (*end == ',' && end[1] >= '0' && end[1] <= '9') {
            most = strtoul(end + 1, NULL, 10);
        }
        if (most > RULE_MAX_REPEATS || repeats * (most == 0 ? 1 : most) > RULE_MAX_REPEATS) {
            return error_set(error, "its {} ask for more than %d repeats", RULE_MAX_REPEATS);
        }
        repeats *= most == 0 ? 1 : most;
    }
    return true;
}

static bool replacement_check(const char *replacement, size_t groups, struct error *error)
{
    if (replacement[0] == '\0') {
        return error_set(error, "nothing stands after the arrow");
    }
    for (const char *here = replacement; *here != '\0'; here++) {
        if (*here == '\\') {
            here++;
            if (*here < '0' || *here > '9') {
                return error_set(error, "after '\\' the replacement wants a digit");
            }
            if ((size_t)(*here - '0') > groups) {
                return error_set(error, "\\%c, but the pattern has %zu groups", *here, groups);
            }
        } else if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
                          *here) == NULL) {
            return error_set(error, "'%c' of the replacement cannot stand in a name", *here);
        }
    }
    return true;
}

/* On success `rule->pattern` holds memory that regfree() gives back. */
static bool rule_compile(struct rename_rule *rule, const char *text, struct arena *arena,
                         struct error *error)
{
    const char *arrow = arrow_find(text);
    const char *pattern = NULL;
    int code = 0;

    if (strlen(text) > RULE_MAX_LENGTH) {
        return error_set(error, "it is longer than %d octets", RULE_MAX_LENGTH);
    }
    if (arrow == NULL) {
        return error_set(error, "it has no \"" RULE_ARROW "\"");
    }
    if (arrow == text) {
        return error_set(error, "nothing stands before the arrow");
    }
    pattern = arena_string_of(arena, text, (size_t)(arrow - text));
    rule->replacement = arena_string(arena, arrow + strlen(RULE_ARROW));
    if (!pattern_check(pattern, error)) {
        return false;
    }
    code = regcomp(&rule->pattern, pattern, REG_EXTENDED);
    if (code != 0) {
        char why[128];

        (void)regerror(code, &rule->pattern, why, sizeof(why));
        return error_set(error, "its pattern: %s", why);
    }
    if (!replacement_check(rule->replacement, rule->pattern.re_nsub, error)) {
        regfree(&rule->pattern);
        return false;
    }
    return true;
}

bool naming_new(struct naming **naming, const char *const *rules, size_t rule_count,
                struct error *error)
{
    struct naming *made = memory_new(sizeof(*made));

    *naming = NULL;
    arena_init(&made->arena);
    made->rules = arena_array(&made->arena, rule_count, sizeof(*made->rules));
    for (size_t i = 0; i < rule_count; i++) {
        if (!rule_compile(&made->rules[i], rules[i], &made->arena, error)) {
            naming_free(made);
            return error_prefix(error, "rename rule \"%s\"", rules[i]);
        }
        made->rule_count++;
    }
    *naming = made;
    return true;
}

void naming_free(struct naming *naming)
{
    if (naming == NULL) {
        return;
    }
    for (size_t i = 0; i < naming->rule_count; i++) {
        regfree(&naming->rules[i].pattern);
    }
    arena_free(&naming->arena);
    free(naming);
}

/* Append in lower case. False, with `name` unchanged, when it would be longer than a label. */
static bool name_append(char name[CLUSTER_NAME_SIZE], size_t *length, const char *text,
                        size_t count)
{
    if (count > LABEL_MAX_LENGTH - *length) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char letter = text[i];

        if (letter >= 'A' && letter <= 'Z') {
            letter = (char)(letter - 'A' + 'a');
        }
        name[(*length)++] = letter;
    }
    name[*length] = '\0';
    return true;
}

static bool replacement_expand(const char *replacement, const char *group,
                               const regmatch_t matches[RULE_REFERENCES],
                               char name[CLUSTER_NAME_SIZE])
{
    size_t length = 0;

    name[0] = '\0';
    for (const char *here = replacement; *here != '\0'; here++) {
        const char *text = here;
        size_t count = 1;

        if (*here == '\\') {
            const regmatch_t *match = &matches[*++here - '0'];

            /* A group that took no part in the match, as in "(a)|b", is empty. */
            text = match->rm_so < 0 ? "" : group + match->rm_so;
            count = match->rm_so < 0 ? 0 : (size_t)(match->rm_eo - match->rm_so);
        }
        if (!name_append(name, &length, text, count)) {
            return false;
        }
    }
    return true;
}

static bool group_rename(const struct naming *naming, const char *group,
                         char name[CLUSTER_NAME_SIZE])
{
    regmatch_t matches[RULE_REFERENCES];
    size_t length = 0;

    for (size_t i = 0; i < naming->rule_count; i++) {
        if (regexec(&naming->rules[i].pattern, group, RULE_REFERENCES, matches, 0) == 0) {
            return replacement_expand(naming->rules[i].replacement, group, matches, name);
        }
    }
    return name_append(name, &length, group, strlen(group));
}

bool naming_cluster(const struct naming *naming, const char *group, char name[CLUSTER_NAME_SIZE],
                    struct error *error)
{
    if (!group_rename(naming, group, name)) {
        return error_set(error,
                         "group \"%.160s\" gives a cluster name of more than %d octets; "
                         "a rename rule must shorten it",
                         group, LABEL_MAX_LENGTH);
    }
    if (!label_is_valid(name)) {
        return error_set(error,
                         "group \"%.160s\" gives the cluster name \"%s\", which is not one label "
                         "of a-z, 0-9, '-' and '_'; a rename rule is wanted",
                         group, name);
    }
    return true;
}
