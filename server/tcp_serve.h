/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_serve.h - what a connection asks, and its answers on their way into the socket; and
 * what that needs of the connection's life (tcp_connection.c).
 *
 * One thread, that of the loop.
 */

#ifndef SERVER_TCP_SERVE_H
#define SERVER_TCP_SERVE_H

#include "server/tcp_connection.h"

/* Answer what lies in the input, as far as the turn goes and the peer takes it; then read on, wait
 * or end. The connection may be closed behind it. */
void tcp_serve(struct tcp_connection *connection);

bool tcp_connection_is_closing(const struct tcp_connection *connection);

/* This becomes of the connection, unless it is decided already. */
void tcp_connection_count(struct tcp_connection *connection, enum counter fate);

/* Be in `state` from now on, also when it is there already: then its time begins anew. */
void tcp_connection_enter(struct tcp_connection *connection, enum tcp_state state);

/* Read from now on. The connection may be closed behind it. */
void tcp_connection_read(struct tcp_connection *connection);

/* Be in `state` and do not read meanwhile. */
void tcp_connection_wait(struct tcp_connection *connection, enum tcp_state state);

/* Say goodbye: nothing is under way. The connection may be closed behind it. */
void tcp_connection_end(struct tcp_connection *connection);

#endif
