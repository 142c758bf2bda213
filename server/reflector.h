/* SPDX-License-Identifier: MIT */

/*
 * server/reflector.h - sources that no client has: what we sent there would be answered by a
 * service that answers everything, or by ourselves, and so on without end. Pure.
 */

#ifndef SERVER_REFLECTOR_H
#define SERVER_REFLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/socket.h"
#include "zones/address.h"

/*
 * Whether a datagram from this port is a forgery: port 0 cannot be answered, and echo (7),
 * daytime (13), qotd (17), chargen (19), time (37), tftp (69) and ntp (123) are servers, some
 * of which answer whatever they get (CVE-2024-2169). Port 53 is none of them: resolvers may ask
 * from it, and between two DNS servers the QR bit ends the loop.
 */
bool reflector_is_port(uint16_t port);

/*
 * Whether `source` is one of the addresses that we listen on ourselves. `arrived_at` is where the
 * datagram was sent to, which is what tells for a wildcard; length 0 when that is not known.
 */
bool reflector_is_own(const struct sockaddr_storage *source, const struct socket_pair *listens,
                      size_t listen_count, const struct address *arrived_at);

#endif
