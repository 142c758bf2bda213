/* SPDX-License-Identifier: MIT */

/*
 * server/complaint_set.c - the C library's balanced tree over texts in an arena.
 */

#include "server/complaint_set.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"

struct complaint_set {
    struct arena texts;
    void *root; /* of tsearch(3) */
};

static int text_compare(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* The arena has the text. */
static void text_leave(void *text)
{
    (void)text;
}

struct complaint_set *complaint_set_new(void)
{
    struct complaint_set *set = memory_new(sizeof(*set));

    arena_init(&set->texts);
    return set;
}

void complaint_set_free(struct complaint_set *set)
{
    if (set != NULL) {
        tdestroy(set->root, text_leave);
        arena_free(&set->texts);
        free(set);
    }
}

bool complaint_set_add(struct complaint_set *set, const char *text)
{
    if (complaint_set_has(set, text)) {
        return false;
    }
    if (tsearch(arena_string(&set->texts, text), &set->root, text_compare) == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    return true;
}

bool complaint_set_has(const struct complaint_set *set, const char *text)
{
    return tfind(text, &set->root, text_compare) != NULL;
}
