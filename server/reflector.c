/* SPDX-License-Identifier: MIT */

/*
 * server/reflector.c - ports as bits, addresses one by one: there are few of either.
 */

#include "server/reflector.h"

#include "server/serving.h"

enum { PORTS_END = 128, PORTS_PER_WORD = 64 };

#define PORT_BIT(port) (UINT64_C(1) << ((port) % PORTS_PER_WORD))

static const uint64_t reflector_ports[PORTS_END / PORTS_PER_WORD] = {
    PORT_BIT(0) | PORT_BIT(7) | PORT_BIT(13) | PORT_BIT(17) | PORT_BIT(19) | PORT_BIT(37),
    PORT_BIT(69) | PORT_BIT(123),
};

bool reflector_is_port(uint16_t port)
{
    return port < PORTS_END && (reflector_ports[port / PORTS_PER_WORD] & PORT_BIT(port)) != 0;
}

bool reflector_is_own(const struct sockaddr_storage *source, const struct socket_pair *listens,
                      size_t listen_count, const struct address *arrived_at)
{
    uint16_t port = socket_port(source);

    for (size_t i = 0; i < listen_count; i++) {
        if (port == socket_port(&listens[i].address)) {
            struct address address = serving_client(source);
            struct address own =
                listens[i].is_wildcard ? *arrived_at : serving_client(&listens[i].address);

            if (own.length != 0 && address_compare(&address, &own) == 0) {
                return true;
            }
        }
    }
    return false;
}
