/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_clients.c - a table with linear probing, closed up again when a client leaves.
 */

#include "server/tcp_clients.h"

#include <string.h>

enum {
    KEY_V4 = 4, /* in the topmost octet, so that the families never meet */
    KEY_V6 = 6,
    KEY_OTHER = 1,
    SLOT_BITS = 11,
};

_Static_assert(TCP_CLIENT_SLOTS == 1 << SLOT_BITS, "slots are counted in bits");

static uint64_t client_key(const struct address *address)
{
    size_t octets =
        address->length == ADDRESS_V4_LENGTH ? ADDRESS_V4_LENGTH : TCP_CLIENT_V6_BITS / 8;
    uint64_t key = KEY_OTHER;

    if (address->length == ADDRESS_V4_LENGTH) {
        key = KEY_V4;
    } else if (address->length == ADDRESS_V6_LENGTH) {
        key = KEY_V6;
    } else {
        octets = 0;
    }
    for (size_t i = 0; i < octets; i++) {
        key = key << 8 | address->octets[i];
    }
    return key;
}

/* Where the key would stand if nobody else was there: the product's upper bits depend on all. */
static size_t key_home(const struct tcp_clients *clients, uint64_t key)
{
    return (size_t)((key * clients->seed) >> (64 - SLOT_BITS));
}

static size_t slot_after(size_t slot)
{
    return (slot + 1) % TCP_CLIENT_SLOTS;
}

/* The key's slot, or the free one that it would get. */
static size_t key_slot(const struct tcp_clients *clients, uint64_t key)
{
    size_t slot = key_home(clients, key);

    while (clients->slots[slot].count != 0 && clients->slots[slot].key != key) {
        slot = slot_after(slot);
    }
    return slot;
}

/* Whoever stands behind the gap and could not be found across it moves into it. */
static void slots_close_gap(struct tcp_clients *clients, size_t gap)
{
    for (size_t slot = slot_after(gap); clients->slots[slot].count != 0; slot = slot_after(slot)) {
        size_t home = key_home(clients, clients->slots[slot].key);
        size_t from_home = (slot - home) % TCP_CLIENT_SLOTS;
        size_t from_gap = (slot - gap) % TCP_CLIENT_SLOTS;

        if (from_home >= from_gap) {
            clients->slots[gap] = clients->slots[slot];
            clients->slots[slot].count = 0;
            gap = slot;
        }
    }
}

void tcp_clients_init(struct tcp_clients *clients, uint64_t seed)
{
    memset(clients, 0, sizeof(*clients));
    clients->seed = seed | 1;
}

size_t tcp_clients_count(const struct tcp_clients *clients, const struct address *address)
{
    return clients->slots[key_slot(clients, client_key(address))].count;
}

void tcp_clients_add(struct tcp_clients *clients, const struct address *address)
{
    uint64_t key = client_key(address);
    struct tcp_client *client = &clients->slots[key_slot(clients, key)];

    client->key = key;
    client->count++;
}

void tcp_clients_remove(struct tcp_clients *clients, const struct address *address)
{
    size_t slot = key_slot(clients, client_key(address));

    if (clients->slots[slot].count == 0) {
        return;
    }
    clients->slots[slot].count--;
    if (clients->slots[slot].count == 0) {
        slots_close_gap(clients, slot);
    }
}
