/* SPDX-License-Identifier: MIT */

/*
 * zones/generation.c - carries generations from one snapshot to the next.
 */

#include "zones/generation.h"

#include "zones/record.h"

/* The generation in `previous` of an answer equal to this one; 0 when there is none. */
static uint64_t generation_carried(const struct snapshot *previous, const struct node *node,
                                   const struct rrset *srv)
{
    const struct node *twin =
        previous == NULL ? NULL
                         : table_find(&previous->table, node->name, node->name_length, node->hash);
    const struct rrset *old = twin == NULL ? NULL : node_rrset(twin, RECORD_SRV);

    if (old == NULL || old->answer.mark == NULL || !snapshot_rrset_equals(old, srv)) {
        return 0;
    }
    return old->answer.mark->generation;
}

void generation_mark(struct snapshot *snapshot, const struct zone_draft *draft,
                     const struct snapshot *previous)
{
    for (size_t i = 0; i < draft->names.node_count; i++) {
        const struct node *node = &draft->names.nodes[i];
        struct rrset *srv =
            draft->drafts[i].use == NAME_CLUSTER ? node_rrset(node, RECORD_SRV) : NULL;
        struct cluster_mark *mark = NULL;
        uint64_t carried = 0;

        if (srv == NULL) {
            continue;
        }
        carried = generation_carried(previous, node, srv);
        mark = arena_alloc(&snapshot->arena, sizeof(*mark));
        mark->generation = carried == 0 ? snapshot->number : carried;
        mark->cluster_key = node->hash == 0 ? 1 : node->hash;
        srv->answer.mark = mark;
    }
}
