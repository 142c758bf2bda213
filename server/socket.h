/* SPDX-License-Identifier: MIT */

/*
 * server/socket.h - the sockets that a worker listens on.
 *
 * Every worker has a UDP and a TCP socket of its own on every listen address; SO_REUSEPORT lets
 * the kernel spread the clients over them.
 */

#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "zones/error.h"

enum { SOCKET_ADDRESS_TEXT = 64 }; /* "[", an IPv6 address with a scope, "]:65535", NUL */

struct socket_pair {
    int udp_fd;
    int tcp_fd;                      /* bound; listening starts with the worker's loop */
    struct sockaddr_storage address; /* with the port that the kernel chose, never 0 */
    bool is_wildcard;                /* every datagram comes with the address that it was sent to */
};

/*
 * Bind both sockets, non-blocking and close-on-exec. Port 0 takes any port that is free for both.
 * IPv6 sockets take IPv6 alone. False with one sentence that names the address, what failed and,
 * where we know one, the remedy; nothing stays open then.
 */
bool socket_pair_open(struct socket_pair *pair, const struct sockaddr_storage *address,
                      struct error *error);

/* Close what is open. A descriptor that somebody else closes is set to -1 beforehand. */
void socket_pair_close(struct socket_pair *pair);

/*
 * Whether no other process holds the UDP address. SO_REUSEPORT would let a second rollcall of
 * the same user take half of the first one's queries without a word. Port 0 is always free.
 */
bool socket_is_free(const struct sockaddr_storage *address, struct error *error);

/* Let the process have as many descriptors as it may: each TCP client takes one, and the soft limit
 * of 1024 is select(2)'s, not ours. */
void socket_limit_raise(void);

/* How many more descriptors the process may open now: 0 to 262,144, even if there are more. */
size_t socket_descriptors_left(void);

/* Octets of the address by its family. */
socklen_t socket_address_length(const struct sockaddr_storage *address);

/* Port in host order. */
uint16_t socket_port(const struct sockaddr_storage *address);

/* "127.0.0.1:53" or "[::1]:53" into `text` of SOCKET_ADDRESS_TEXT octets; returns it. */
char *socket_address_to_text(const struct sockaddr_storage *address, char *text);

#endif
