/* SPDX-License-Identifier: MIT */

/*
 * discovery/inventory.c - collecting instances, and finding one by its id.
 */

#include "discovery/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/fingerprint.h"
#include "discovery/sorted.h"

/* EC2's words, API reference, InstanceState. */
static const char *const state_names[] = {
    [STATE_UNKNOWN] = "unknown",       [STATE_PENDING] = "pending",
    [STATE_RUNNING] = "running",       [STATE_SHUTTING_DOWN] = "shutting-down",
    [STATE_TERMINATED] = "terminated", [STATE_STOPPING] = "stopping",
    [STATE_STOPPED] = "stopped",
};

enum { STATE_COUNT = sizeof(state_names) / sizeof(state_names[0]) };

struct inventory *inventory_new(void)
{
    struct inventory *inventory = memory_new(sizeof(*inventory));

    arena_init(&inventory->arena);
    return inventory;
}

void inventory_free(struct inventory *inventory)
{
    if (inventory == NULL) {
        return;
    }
    arena_free(&inventory->arena);
    free(inventory->instances);
    free(inventory->prints);
    free(inventory);
}

struct instance *inventory_add(struct inventory *inventory)
{
    struct instance *instance = NULL;

    if (inventory->count == inventory->capacity) {
        inventory->capacity = inventory->capacity * 2 + 16;
        inventory->instances =
            memory_grow(inventory->instances, inventory->capacity, sizeof(*inventory->instances));
    }
    instance = &inventory->instances[inventory->count++];
    *instance = (struct instance){.id = NULL};
    return instance;
}

/* An instance that never got an id sorts first; it is no reason to crash. */
static const char *instance_id(const struct instance *instance)
{
    return instance->id == NULL ? "" : instance->id;
}

/* By id, then by place: qsort() alone would lose which of two is the later. */
static int place_compare(const void *left, const void *right)
{
    const struct instance *const *a = left;
    const struct instance *const *b = right;
    int order = strcmp(instance_id(*a), instance_id(*b));

    return order != 0 ? order : (*a > *b) - (*a < *b);
}

uint64_t inventory_print(const struct instance *instance)
{
    uint64_t print = (uint64_t)instance->state;

    print = fingerprint_text(instance->id, print);
    print = fingerprint_text(instance->group, print);
    print = fingerprint_text(instance->az, print);
    print = fingerprint_text(instance->private_address, print);
    print = fingerprint_text(instance->ipv6_address, print);
    print = fingerprint_text(instance->weight_tag, print);
    print = fingerprint_text(instance->address_tag, print);
    print = fingerprint_text(instance->port_tag, print);
    print = fingerprint_text(instance->hold_tag, print);
    print = fingerprint_text(instance->drain_since_tag, print);
    return print == 0 ? 1 : print;
}

size_t inventory_finish(struct inventory *inventory)
{
    size_t count = inventory->count;
    const struct instance **places = memory_new(count * sizeof(struct instance *));
    struct instance *finished = memory_new(count * sizeof(*finished));
    size_t kept = 0;

    for (size_t index = 0; index < count; index++) {
        places[index] = &inventory->instances[index];
    }
    qsort(places, count, sizeof(struct instance *), place_compare);
    for (size_t index = 0; index < count; index++) {
        if (index + 1 == count ||
            strcmp(instance_id(places[index]), instance_id(places[index + 1])) != 0) {
            finished[kept++] = *places[index];
        }
    }
    free(places);
    free(inventory->instances);
    free(inventory->prints);
    inventory->prints = memory_new(kept * sizeof(*inventory->prints));
    for (size_t index = 0; index < kept; index++) {
        inventory->prints[index] = inventory_print(&finished[index]);
    }
    inventory->instances = finished;
    inventory->count = kept;
    inventory->capacity = count;
    return count - kept;
}

static int id_compare(const void *id, const void *instance)
{
    return strcmp(id, instance_id(instance));
}

const struct instance *inventory_find(const struct inventory *inventory, const char *id)
{
    return sorted_find(id, inventory->instances, inventory->count, sizeof(*inventory->instances),
                       id_compare);
}

enum instance_state instance_state_from_text(const char *text)
{
    for (int state = STATE_PENDING; text != NULL && state < STATE_COUNT; state++) {
        if (strcmp(text, state_names[state]) == 0) {
            return (enum instance_state)state;
        }
    }
    return STATE_UNKNOWN;
}

const char *instance_state_name(enum instance_state state)
{
    return state_names[state];
}
