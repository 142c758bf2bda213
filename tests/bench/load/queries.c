/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/queries.c - from a file of names to encoded questions.
 */

#include "tests/bench/load/queries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/name.h"

static void query_write(struct query *query, const struct name *name)
{
    static const uint8_t header[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1}; /* RD, one question */
    static const uint8_t srv_in[] = {0, 33, 0, 1};
    static const uint8_t opt[] = {0, 0, 41, 0xff, 0xff, 0, 0, 0, 0, 0, 0}; /* 65,535 octets */
    uint8_t *at = query->octets;

    memcpy(at, header, sizeof(header));
    at += sizeof(header);
    memcpy(at, name->octets, name->length);
    at += name->length;
    memcpy(at, srv_in, sizeof(srv_in));
    at += sizeof(srv_in);
    memcpy(at, opt, sizeof(opt));
    query->length = (size_t)(at + sizeof(opt) - query->octets);
}

void queries_load(struct queries *queries, const char *path, uint64_t random_seed)
{
    FILE *file = fopen(path, "re");
    char line[1024];
    struct name name;
    struct error error;

    if (file == NULL) {
        (void)fprintf(stderr, "bench_load: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    *queries = (struct queries){.random = random_seed};
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (queries->count == QUERIES_MAX || !name_from_text(&name, line, &error)) {
            (void)fprintf(stderr, "bench_load: %s:%zu: %s\n", path, queries->count + 1,
                          queries->count == QUERIES_MAX ? "too many names" : error.text);
            exit(2);
        }
        queries->items = memory_grow(queries->items, queries->count + 1, sizeof(*queries->items));
        query_write(&queries->items[queries->count++], &name);
    }
    (void)fclose(file);
    if (queries->count == 0) {
        (void)fprintf(stderr, "bench_load: %s holds no name\n", path);
        exit(2);
    }
}

const struct query *queries_next(struct queries *queries)
{
    size_t index = queries->next;

    if (queries->random != 0) { /* xorshift64: chance enough for a choice of names */
        queries->random ^= queries->random << 13;
        queries->random ^= queries->random >> 7;
        queries->random ^= queries->random << 17;
        return &queries->items[queries->random % queries->count];
    }
    queries->next = index + 1 == queries->count ? 0 : index + 1;
    return &queries->items[index];
}
