/* SPDX-License-Identifier: MIT */

/*
 * discovery/guard_loss.c - the mass rule: what absence may take from a cluster, and how fast.
 *
 * Most polls miss nobody, and then nothing here runs. Otherwise every cluster is counted once: who
 * is in it, who was lost lately, who would be lost now.
 */

#include <stdlib.h>
#include <string.h>

#include "discovery/guard_internal.h"
#include "discovery/sorted.h"

struct tally {
    const char *cluster;
    const struct view_freeze *was; /* how it was held before, or NULL */
    size_t member_count;           /* with those that are due */
    size_t lost_count;             /* within the window */
    size_t due_count;
    size_t fresh_count; /* due, and not held before */
    size_t left_count;  /* not due, and takes traffic for sure */
    bool is_held;
    struct view_freeze freeze; /* only with is_held */
};

/* Texts to indices 0, 1, 2 ... in the order in which they come: open addressing, never full. */
struct name_table {
    struct name_slot {
        const char *name; /* NULL: free */
        size_t index;
    } * slots;
    size_t capacity; /* a power of two */
    size_t count;
};

/* The tallies of one pass: a group's name is made into a cluster's once, not once a member. */
struct tally_book {
    struct guard_pass *pass;
    struct name_table groups;
    size_t *cluster_of_group; /* by the group's index */
    struct name_table clusters;
    struct tally *tallies; /* by the cluster's index */
};

static struct name_table name_table_new(struct arena *arena, size_t names_max)
{
    struct name_table table = {.capacity = 16};

    while (table.capacity < 2 * names_max) {
        table.capacity *= 2;
    }
    table.slots = arena_array(arena, table.capacity, sizeof(*table.slots));
    return table;
}

/* The index of `name`, which must live as long as the table; `*is_new` when it had none. */
static size_t name_table_put(struct name_table *table, const char *name, bool *is_new)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    size_t slot = 0;

    for (const char *octet = name; *octet != '\0'; octet++) {
        hash = (hash ^ (unsigned char)*octet) * UINT64_C(1099511628211);
    }
    slot = (size_t)(hash ^ (hash >> 32)) & (table->capacity - 1);
    while (table->slots[slot].name != NULL && strcmp(table->slots[slot].name, name) != 0) {
        slot = (slot + 1) & (table->capacity - 1);
    }
    *is_new = table->slots[slot].name == NULL;
    if (*is_new) {
        table->slots[slot] = (struct name_slot){name, table->count++};
    }
    return table->slots[slot].index;
}

const char *guard_cluster(const struct guard_rules *rules, const char *group,
                          char name[CLUSTER_NAME_SIZE])
{
    struct error ignored = {""};

    return rules->naming != NULL && naming_cluster(rules->naming, group, name, &ignored) ? name
                                                                                         : group;
}

static struct tally *tally_of(struct tally_book *book, const char *group)
{
    char name[CLUSTER_NAME_SIZE];
    bool is_new = false;
    size_t index = name_table_put(&book->groups, group, &is_new);

    if (is_new) {
        const char *cluster = guard_cluster(book->pass->rules, group, name);

        cluster = cluster == name ? arena_string(&book->pass->scratch, name) : group;
        book->cluster_of_group[index] = name_table_put(&book->clusters, cluster, &is_new);
        if (is_new) {
            struct tally *tally = &book->tallies[book->cluster_of_group[index]];

            tally->cluster = cluster;
            tally->was = view_find_freeze(book->pass->view, cluster);
        }
    }
    return &book->tallies[book->cluster_of_group[index]];
}

static void book_open(struct tally_book *book, struct guard_pass *pass)
{
    size_t names_max = pass->count + pass->view->departure_count + pass->view->group_count;

    book->pass = pass;
    book->groups = name_table_new(&pass->scratch, names_max);
    book->clusters = name_table_new(&pass->scratch, names_max);
    book->cluster_of_group =
        arena_array(&pass->scratch, names_max, sizeof(*book->cluster_of_group));
    book->tallies = arena_array(&pass->scratch, names_max, sizeof(*book->tallies));
}

static bool takes_traffic(const struct accepted *accepted)
{
    return accepted->weight > 0 && accepted->hold.kind == HOLD_NONE;
}

/* Those whom the poll repeats, in the clusters where it matters; after the verdicts. */
static void book_count_repeated(struct tally_book *book)
{
    const struct view *view = book->pass->view;

    for (size_t i = 0; i < view->group_count; i++) {
        const struct view_group *group = view->groups[i];
        struct tally *tally = tally_of(book, group->name);

        for (size_t j = 0; tally->due_count > 0 && j < group->count; j++) {
            const struct view_entry *entry = group->members[j];

            tally->member_count += !entry->is_judged;
            tally->left_count += !entry->is_judged && takes_traffic(&entry->accepted);
        }
    }
}

static void book_count(struct tally_book *book)
{
    const struct guard_pass *pass = book->pass;
    const struct view *view = pass->view;

    for (size_t i = 0; i < pass->count; i++) {
        const struct verdict *verdict = pass->verdicts[i];

        if (verdict->fate == FATE_MEMBER || verdict->fate == FATE_DUE) {
            struct tally *tally = tally_of(book, verdict->entry.accepted.group);

            tally->member_count++;
            tally->due_count += verdict->fate == FATE_DUE;
            tally->left_count +=
                verdict->fate == FATE_MEMBER && takes_traffic(&verdict->entry.accepted);
            tally->fresh_count += verdict->fate == FATE_DUE && !verdict->old_entry->is_frozen;
        }
    }
    book_count_repeated(book);
    for (size_t i = view->departure_count; i > 0; i--) {
        const struct view_departure *departure = &view->departures[i - 1];

        if (pass->at.started_ms - departure->at.started_ms >= GUARD_LOSS_WINDOW_MS) {
            break;
        }
        if (departure->is_loss) {
            tally_of(book, departure->group)->lost_count++;
        }
    }
}

static bool loss_is_too_much(const struct tally *tally)
{
    size_t losses = tally->lost_count + tally->due_count;
    size_t base = tally->lost_count + tally->member_count;

    return tally->left_count == 0 ||
           (losses > GUARD_LOSS_MIN && losses * 100 > base * GUARD_LOSS_PERCENT);
}

/* Somebody is due that was not held before; or a reload has given the cluster another name. */
static bool tally_has_grown(const struct tally *tally)
{
    return tally->was == NULL || tally->fresh_count > 0;
}

/* The freeze as this poll leaves it: the same ones missing count on, others count anew. With more
 * than before it begins anew, so that each has been held for the whole time. */
static struct view_freeze freeze_next(const struct tally *tally, int64_t now_ms)
{
    const struct view_freeze *was = tally->was;
    struct view_freeze freeze = {
        .cluster = tally->cluster,
        .member_count = tally->member_count,
        .held_count = tally->due_count,
        .since_ms = tally_has_grown(tally) ? now_ms : was->since_ms,
        .identical_polls = 1,
        .counted_ms = now_ms,
    };

    if (!tally_has_grown(tally) && tally->due_count == was->held_count) {
        bool counts = now_ms - was->counted_ms >= GUARD_ABSENT_GAP_MS;

        freeze.identical_polls = was->identical_polls + counts;
        freeze.counted_ms = counts ? now_ms : was->counted_ms;
    }
    return freeze;
}

static void tally_tell(const struct guard_pass *pass, const char *cluster,
                       enum view_event_kind kind, size_t count)
{
    guard_tell(pass, &(struct view_event){
                         .kind = kind,
                         .decision = {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
                         .cluster = cluster,
                         .count = count,
    });
}

static void tally_decide(const struct guard_pass *pass, struct tally *tally)
{
    if (tally->due_count > 0 && loss_is_too_much(tally)) {
        tally->freeze = freeze_next(tally, pass->at.started_ms);
        tally->is_held = tally->freeze.identical_polls < GUARD_FREEZE_POLLS ||
                         pass->at.started_ms - tally->freeze.since_ms < GUARD_FREEZE_MS;
    }
}

static int freeze_order(const void *left, const void *right)
{
    const struct view_freeze *first = left;
    const struct view_freeze *second = right;

    return strcmp(first->cluster, second->cluster);
}

static void freezes_fill(struct guard_pass *pass, const struct tally_book *book)
{
    pass->freezes = arena_array(&pass->scratch, book->clusters.count, sizeof(struct view_freeze));
    for (size_t i = 0; i < book->clusters.count; i++) {
        if (book->tallies[i].is_held) {
            pass->freezes[pass->freeze_count++] = book->tallies[i].freeze;
        }
    }
    if (pass->freeze_count > 1) {
        qsort(pass->freezes, pass->freeze_count, sizeof(struct view_freeze), freeze_order);
    }
}

/* In the order of the names. */
static void tell_frozen(const struct guard_pass *pass, struct tally_book *book)
{
    for (size_t i = 0; i < pass->freeze_count; i++) {
        const char *cluster = pass->freezes[i].cluster;
        bool is_new = false;
        const struct tally *tally =
            &book->tallies[name_table_put(&book->clusters, cluster, &is_new)];

        if (tally_has_grown(tally)) {
            tally_tell(pass, cluster, EVENT_FROZEN, tally->due_count);
        }
    }
}

static const struct view_freeze *pass_find_freeze(const struct guard_pass *pass,
                                                  const char *cluster)
{
    const struct view_freeze key = {.cluster = cluster};

    return sorted_find(&key, pass->freezes, pass->freeze_count, sizeof(struct view_freeze),
                       freeze_order);
}

/* Also of a cluster that has nobody any more, or that a reload has given another name. */
static void tell_thawed(const struct guard_pass *pass)
{
    for (size_t i = 0; i < pass->view->freeze_count; i++) {
        const struct view_freeze *was = &pass->view->freezes[i];

        if (pass_find_freeze(pass, was->cluster) == NULL) {
            tally_tell(pass, was->cluster, EVENT_THAWED, was->held_count);
        }
    }
}

static bool pass_has_due(const struct guard_pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        if (pass->verdicts[i]->fate == FATE_DUE) {
            return true;
        }
    }
    return false;
}

void guard_loss_judge(struct guard_pass *pass)
{
    struct tally_book book;

    if (pass_has_due(pass)) {
        book_open(&book, pass);
        book_count(&book);
        for (size_t i = 0; i < book.clusters.count; i++) {
            tally_decide(pass, &book.tallies[i]);
        }
        for (size_t i = 0; i < pass->count; i++) {
            struct verdict *verdict = pass->verdicts[i];

            if (verdict->fate == FATE_DUE) {
                verdict->entry.is_frozen = tally_of(&book, verdict->entry.accepted.group)->is_held;
                verdict->fate = verdict->entry.is_frozen ? FATE_FROZEN : FATE_LOST;
            }
        }
        freezes_fill(pass, &book);
        tell_frozen(pass, &book);
    }
    tell_thawed(pass);
}
