/* SPDX-License-Identifier: MIT */

/*
 * server/notify.c - the few octets of systemd's notification protocol that we need; the protocol
 * is stable by systemd's own promise, so that a library would only add a dependency.
 */

#include "server/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A manager that reads takes a datagram at once; one that does not may not hold up the polls. */
#define NOTIFY_WAIT_MS 200

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): never set */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_usec = NOTIFY_WAIT_MS * 1000L};
    size_t length = path == NULL ? 0 : strlen(path);
    int fd = -1;

    if (length < 2 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract name space, unix(7) */
    }

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

void notify_reloading(void)
{
    char state[64];
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_send(state);
}
