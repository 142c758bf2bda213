/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot_prefetch.c - the way of a look-up for many names side by side.
 *
 * A look-up in a large table goes from one place that is not in the cache to the next: slot, node,
 * name and RRsets, octets. Each stage here asks for what the next one reads, for all names before
 * any of it is waited for. What is guessed wrong costs a line of the cache and no more.
 */

#include "zones/snapshot.h"
#include "zones/snapshot_internal.h"

enum {
    /* What is asked for of an answer: four members or so. The processor itself goes on in a longer
     * run. */
    ANSWER_OCTETS = 320,
    /* Below so many names all of them stay in the cache, and asking would only cost. */
    LARGE_NAMES = 4096,
};

bool snapshot_is_large(const struct snapshot *snapshot)
{
    return table_name_count(&snapshot->table) >= LARGE_NAMES;
}

static void answer_prefetch(const struct answer *answer)
{
    __builtin_prefetch(answer->mark);
    for (size_t i = 0; i < answer->length && i < ANSWER_OCTETS; i += CACHE_LINE_SIZE) {
        __builtin_prefetch(answer->octets + i);
    }
}

void snapshot_prefetch(const struct snapshot *snapshot, const uint32_t *hashes, size_t count)
{
    const struct node *nodes[SNAPSHOT_PREFETCH_MAX];
    size_t found = 0;

    count = count < SNAPSHOT_PREFETCH_MAX ? count : SNAPSHOT_PREFETCH_MAX;
    for (size_t i = 0; i < count; i++) {
        table_prefetch(&snapshot->table, hashes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *node = table_likely_node(&snapshot->table, hashes[i]);

        if (node != NULL) {
            __builtin_prefetch(node);
            nodes[found++] = node;
        }
    }
    for (size_t i = 0; i < found; i++) {
        __builtin_prefetch(nodes[i]->name);
        __builtin_prefetch(nodes[i]->rrsets);
    }
    for (size_t i = 0; i < found; i++) {
        if (nodes[i]->rrset_count > 0) {
            answer_prefetch(&nodes[i]->rrsets[0].answer);
        }
    }
}
