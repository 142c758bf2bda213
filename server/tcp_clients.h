/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_clients.h - how many connections each client has. Pure; one thread.
 *
 * A client is an IPv4 address or an IPv6 /56: a household's or a rack's prefix, in which one host
 * takes as many addresses as it likes.
 */

#ifndef SERVER_TCP_CLIENTS_H
#define SERVER_TCP_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "zones/address.h"

enum {
    /* A power of two, and twice TCP_CONNECTIONS_MAX: probing stays short and always ends. */
    TCP_CLIENT_SLOTS = 2048,
    TCP_CLIENT_V6_BITS = 56,
};

struct tcp_client {
    uint64_t key;
    uint32_t count; /* 0: the slot is free */
};

struct tcp_clients {
    uint64_t seed; /* odd; unknown to clients, who could crowd one place otherwise */
    struct tcp_client slots[TCP_CLIENT_SLOTS];
};

/* Nobody is there. `seed` is any number that clients cannot guess. */
void tcp_clients_init(struct tcp_clients *clients, uint64_t seed);

/* Connections of the client of `address`; addresses of no family (length 0) are one client. */
size_t tcp_clients_count(const struct tcp_clients *clients, const struct address *address);

/* One more, or one less. At most TCP_CLIENT_SLOTS / 2 in all, and no less without a more. */
void tcp_clients_add(struct tcp_clients *clients, const struct address *address);
void tcp_clients_remove(struct tcp_clients *clients, const struct address *address);

#endif
