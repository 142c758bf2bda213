/* SPDX-License-Identifier: MIT */

/*
 * server/seen_collect.c - what the tables of all workers say together.
 */

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "server/seen.h"
#include "server/seen_internal.h"

/* A reader's look: whole, or again. A writer that lost its core in the middle gets one. The tail is
 * of use only with the head of a client over TCP, and is read whatever the head says. */
static void slot_read(const struct seen_table *table, size_t index, union seen_image *image,
                      union seen_tail_image *tail)
{
    const struct seen_slot *slot = &table->slots[index];

    for (;;) {
        uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);

        for (size_t i = 0; i < SEEN_HEAD_WORDS; i++) {
            image->words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
        }
        for (size_t i = 0; i < SEEN_TAIL_WORDS; i++) {
            tail->words[i] =
                atomic_load_explicit(&table->tails[index].words[i], memory_order_acquire);
        }
        if (before % 2 == 0 &&
            atomic_load_explicit(&slot->sequence, memory_order_relaxed) == before) {
            break;
        }
        (void)sched_yield();
    }
}

struct entry_list {
    struct seen_entry *entries;
    size_t count;
    size_t capacity;
};

static void entry_list_add(struct entry_list *list, const struct seen_entry *entry)
{
    enum { FIRST_CAPACITY = 64 };

    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? FIRST_CAPACITY : 2 * list->capacity;
        list->entries = memory_grow(list->entries, list->capacity, sizeof(*list->entries));
    }
    list->entries[list->count++] = *entry;
}

/* One answer over UDP is proof enough, and the newest generation is the one that counts. */
static void entry_complete(struct seen_entry *entry, const struct seen_tail *tail)
{
    static const struct seen_tail one_answer = {.answers = {1}};

    seen_tail_unpack(entry, entry->key.port == 0 ? tail : &one_answer);
}

static void table_read(const struct seen_table *table, uint32_t cluster_key, int64_t now_ms,
                       struct entry_list *list)
{
    for (size_t i = 0; i < SEEN_ALL_SLOTS; i++) {
        union seen_image image;
        union seen_tail_image tail;

        if (atomic_load_explicit(&table->clusters[i], memory_order_acquire) != cluster_key) {
            continue;
        }
        slot_read(table, i, &image, &tail);
        /* The slot may be another cluster's by now. */
        if (image.entry.key.cluster_key == cluster_key &&
            now_ms - image.entry.last_ms <= SEEN_ACTIVE_MS) {
            entry_complete(&image.entry, &tail.tail);
            entry_list_add(list, &image.entry);
        }
    }
}

static int entry_compare(const void *left, const void *right)
{
    const struct seen_entry *one = left;
    const struct seen_entry *other = right;
    int order = address_compare(&one->key.client, &other->key.client);

    return order != 0 ? order : one->key.port - other->key.port;
}

/* The entries that several workers have of one client. */
struct group {
    const struct seen_entry *entries;
    size_t count;
    int64_t newest_window;          /* the second of the last question */
    uint64_t windows[SEEN_WINDOWS]; /* questions per second, that one first */
};

static void group_count_windows(struct group *group, int64_t last_ms)
{
    group->newest_window = last_ms / SEEN_RESOLVE_MS;
    for (size_t i = 0; i < group->count; i++) {
        const struct seen_entry *entry = &group->entries[i];
        int64_t last_window = entry->last_ms / SEEN_RESOLVE_MS;

        for (int64_t age = group->newest_window - last_window; age < SEEN_WINDOWS; age++) {
            int64_t window = group->newest_window - age;

            /* The entry itself knows no more than ten seconds before its last question. */
            if (window >= 0 && last_window - window < SEEN_WINDOWS) {
                group->windows[age] += entry->windows[window % SEEN_WINDOWS];
            }
        }
    }
}

static uint64_t group_per_interval(const struct group *group)
{
    uint64_t busiest = 1;

    for (size_t age = 0; age < SEEN_WINDOWS; age++) {
        busiest = group->windows[age] > busiest ? group->windows[age] : busiest;
    }
    return busiest;
}

/* How many answers had `generation` or a newer one, and when the first of them went out. */
static uint64_t group_answers(const struct group *group, uint64_t generation, int64_t *first_ms)
{
    uint64_t answers = 0;

    for (size_t i = 0; i < group->count; i++) {
        const struct seen_entry *entry = &group->entries[i];

        for (size_t j = 0; j < SEEN_GENERATIONS; j++) {
            if (entry->received[j].generation < generation) {
                break;
            }
            if (answers == 0 || entry->received[j].first_ms < *first_ms) {
                *first_ms = entry->received[j].first_ms;
            }
            answers += entry->answers[j];
        }
    }
    return answers;
}

/* The end of the second in which the question with `later` ones behind it was answered; 0 when
 * that was before the seconds that are known. */
static int64_t group_time_before(const struct group *group, uint64_t later)
{
    for (int64_t age = 0; age < SEEN_WINDOWS; age++) {
        if (later < group->windows[age]) {
            return (group->newest_window - age + 1) * SEEN_RESOLVE_MS - 1;
        }
        later -= group->windows[age];
    }
    return 0;
}

/* The newest generation that enough questions were answered with. */
static void group_find_seen(const struct group *group, struct seen_client *client)
{
    uint64_t needed = client->port == 0 ? group_per_interval(group) : 1;

    for (size_t i = 0; i < group->count * SEEN_GENERATIONS; i++) {
        const struct seen_entry *entry = &group->entries[i / SEEN_GENERATIONS];
        uint64_t generation = entry->received[i % SEEN_GENERATIONS].generation;
        int64_t first_ms = 0;
        uint64_t answers = 0;

        if (generation <= client->generation) {
            continue;
        }
        answers = group_answers(group, generation, &first_ms);
        if (answers >= needed) {
            int64_t counted_ms =
                needed == 1 ? first_ms : group_time_before(group, answers - needed);

            counted_ms = counted_ms < client->last_ms ? counted_ms : client->last_ms;
            client->generation = generation;
            client->first_ms = counted_ms > first_ms ? counted_ms : first_ms;
        }
    }
}

static struct seen_client group_merge(struct group *group, int64_t now_ms)
{
    struct seen_client client = {.address = group->entries[0].key.client,
                                 .port = group->entries[0].key.port,
                                 .last_ms = group->entries[0].last_ms};
    uint32_t gap_ms = 0;

    for (size_t i = 0; i < group->count; i++) {
        const struct seen_entry *entry = &group->entries[i];

        client.last_ms = entry->last_ms > client.last_ms ? entry->last_ms : client.last_ms;
        /* All workers together are asked at least as often as any one of them. */
        if (entry->gap_ms != 0 && (gap_ms == 0 || entry->gap_ms < gap_ms)) {
            gap_ms = entry->gap_ms;
        }
    }
    client.first_ms = client.last_ms;
    client.is_gone = seen_entry_is_gone(client.last_ms, gap_ms, now_ms);
    group_count_windows(group, client.last_ms);
    group_find_seen(group, &client);
    return client;
}

size_t seen_collect(const struct seen_table *const *tables, size_t table_count,
                    uint32_t cluster_key, int64_t now_ms, struct arena *arena,
                    struct seen_client **clients)
{
    struct entry_list list = {.count = 0};
    size_t client_count = 0;

    for (size_t i = 0; i < table_count; i++) {
        table_read(tables[i], cluster_key, now_ms, &list);
    }
    *clients = arena_array(arena, list.count, sizeof(**clients));
    if (list.count > 0) {
        qsort(list.entries, list.count, sizeof(*list.entries), entry_compare);
    }
    for (size_t first = 0; first < list.count;) {
        struct group group = {.entries = &list.entries[first], .count = 1};

        while (first + group.count < list.count &&
               entry_compare(&list.entries[first], &list.entries[first + group.count]) == 0) {
            group.count++;
        }
        (*clients)[client_count++] = group_merge(&group, now_ms);
        first += group.count;
    }
    free(list.entries);
    return client_count;
}
