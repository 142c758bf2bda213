/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/watch.c - uv_poll handles and their ends.
 */

#include "discovery/aws/watch.h"

#include <stdlib.h>

#include "zones/arena.h"

struct socket_watch {
    uv_poll_t poll;
    struct watch_set *set;
    int socket;
    LIST_ENTRY(socket_watch) in_set;
};

static void handle_closed(struct watch_set *set)
{
    set->open_handles--;
    if (set->open_handles == 0) {
        set->on_closed(set->owner);
    }
}

static void poll_closed(uv_handle_t *handle)
{
    struct socket_watch *watch = handle->data;
    struct watch_set *set = watch->set;

    free(watch);
    handle_closed(set);
}

static void timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    const struct socket_watch *watch = poll->data;

    watch->set->on_socket(watch->set->owner, watch->socket, status < 0 ? status : events);
}

static void on_timer(uv_timer_t *timer)
{
    struct watch_set *set = timer->data;

    set->on_time(set->owner);
}

static struct socket_watch *watch_new(struct watch_set *set, int socket)
{
    struct socket_watch *watch = memory_new(sizeof(*watch));

    if (uv_poll_init_socket(set->loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->set = set;
    watch->socket = socket;
    LIST_INSERT_HEAD(&set->watches, watch, in_set);
    set->open_handles++;
    return watch;
}

struct socket_watch *watch_socket(struct watch_set *set, struct socket_watch *watch, int socket,
                                  int events)
{
    if (watch == NULL) {
        watch = watch_new(set, socket);
    }
    if (watch != NULL) {
        (void)uv_poll_start(&watch->poll, events, on_poll);
    }
    return watch;
}

void watch_end(struct socket_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    LIST_REMOVE(watch, in_set);
    uv_close((uv_handle_t *)&watch->poll, poll_closed);
}

void watch_set_timer(struct watch_set *set, int64_t timeout_ms)
{
    if (timeout_ms < 0) {
        (void)uv_timer_stop(&set->timer);
    } else {
        (void)uv_timer_start(&set->timer, on_timer, (uint64_t)timeout_ms, 0);
    }
}

void watch_set_open(struct watch_set *set)
{
    LIST_INIT(&set->watches);
    set->open_handles = 1;
    (void)uv_timer_init(set->loop, &set->timer);
    set->timer.data = set;
}

void watch_set_close(struct watch_set *set)
{
    for (struct socket_watch *watch = LIST_FIRST(&set->watches), *next; watch != NULL;
         watch = next) {
        next = LIST_NEXT(watch, in_set);
        watch_end(watch);
    }
    uv_close((uv_handle_t *)&set->timer, timer_closed);
}
