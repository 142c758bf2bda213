/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/watch.h - sockets and a timer on the loop, for a library that brings its own.
 *
 * The library opens and closes the sockets; here they are only watched.
 */

#ifndef DISCOVERY_AWS_WATCH_H
#define DISCOVERY_AWS_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct socket_watch;

struct watch_set {
    uv_loop_t *loop;
    uv_timer_t timer;
    LIST_HEAD(, socket_watch) watches;
    size_t open_handles; /* the timer and the sockets' until they are closed */
    void *owner;
    /* `events` are UV_READABLE and UV_WRITABLE; negative for an error on the socket. */
    void (*on_socket)(void *owner, int socket, int events);
    void (*on_time)(void *owner);
    void (*on_closed)(void *owner); /* after watch_set_close(); may free the set */
};

/* loop, owner and the callbacks are set; what is there else becomes empty. */
void watch_set_open(struct watch_set *set);

/* Stop everything. */
void watch_set_close(struct watch_set *set);

/* Call on_time once in `timeout_ms`, also 0, but not from within; negative: not any more. */
void watch_set_timer(struct watch_set *set, int64_t timeout_ms);

/*
 * Watch `socket` for `events` from now on. `watch` is NULL or what the last call for this socket
 * returned. NULL when the loop cannot watch it.
 */
struct socket_watch *watch_socket(struct watch_set *set, struct socket_watch *watch, int socket,
                                  int events);

/* Watch it no longer; it may be closed right after. NULL does nothing. */
void watch_end(struct socket_watch *watch);

#endif
