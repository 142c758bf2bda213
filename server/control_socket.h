/* SPDX-License-Identifier: MIT */

/*
 * server/control_socket.h - the file of a listening Unix socket, from its making to its end.
 */

#ifndef SERVER_CONTROL_SOCKET_H
#define SERVER_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "zones/error.h"

struct control_socket {
    int listener;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t device; /* of the file that we made: another's is not removed */
    ino_t inode;
};

/*
 * Listen at `path` with mode 0660; its folder is made, with mode 0755, when it is missing. The
 * socket of a dead process is replaced. False when another process listens there, or something
 * else stands there, or the folder cannot be written. The caller closes the listener. Main thread.
 */
bool control_socket_open(struct control_socket *made, const char *path, struct error *error);

/* Remove the file, unless somebody else has put another in its place. */
void control_socket_remove(const struct control_socket *made);

#endif
