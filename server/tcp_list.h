/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_list.h - connections in the order in which they came: a doubly linked list whose links
 * stand in the connections, so that joining and leaving it cost a few stores.
 */

#ifndef SERVER_TCP_LIST_H
#define SERVER_TCP_LIST_H

#include <stddef.h>

struct tcp_connection;

struct tcp_link {
    struct tcp_connection *connection; /* whose link this is */
    struct tcp_link *previous;
    struct tcp_link *next;
};

/* Zeroed memory is an empty list. */
struct tcp_list {
    struct tcp_link *first;
    struct tcp_link *last;
    size_t count;
};

/* Put a link, which is in no list, at the end. */
static inline void tcp_list_append(struct tcp_list *list, struct tcp_link *link)
{
    link->previous = list->last;
    link->next = NULL;
    if (list->last == NULL) {
        list->first = link;
    } else {
        list->last->next = link;
    }
    list->last = link;
    list->count++;
}

/* Take out a link that is in the list. */
static inline void tcp_list_remove(struct tcp_list *list, struct tcp_link *link)
{
    if (link->previous == NULL) {
        list->first = link->next;
    } else {
        link->previous->next = link->next;
    }
    if (link->next == NULL) {
        list->last = link->previous;
    } else {
        link->next->previous = link->previous;
    }
    list->count--;
}

#endif
