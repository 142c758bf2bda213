/* SPDX-License-Identifier: MIT */

/*
 * server/control_socket.c - making and removing the socket's file.
 */

#include "server/control_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zones/arena.h"

enum {
    SOCKET_MODE = 0660,
    FOLDER_MODE = 0755,
    SOCKET_BACKLOG = 128, /* curl takes a full queue for an absent server */
};

static bool address_fill(struct sockaddr_un *address, const char *path, struct error *error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path)) {
        return error_set(error, "longer than the path of a socket can be (%zu octets)",
                         sizeof(address->sun_path) - 1);
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

/* Take away what a dead process left at the path, and nothing else. */
static bool stale_remove(const struct sockaddr_un *address, struct error *error)
{
    struct stat status;
    int probe = -1;
    int reason = 0;

    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return error_set(error, "is there already and is not a socket");
    }
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    reason = connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    (void)close(probe);
    if (reason != ECONNREFUSED && reason != ENOENT) {
        return error_set(error, "another process listens there");
    }
    if (unlink(address->sun_path) != 0 && errno != ENOENT) {
        return error_set(error, "the socket of a dead process is there: %s",
                         strerrordesc_np(errno));
    }
    return true;
}

static void folder_make(const char *path)
{
    char *folder = memory_string(path);
    char *slash = strrchr(folder, '/');

    if (slash != NULL && slash != folder) {
        *slash = '\0';
        (void)mkdir(folder, FOLDER_MODE); /* bind(2) tells what is wrong with it */
    }
    free(folder);
}

static bool socket_bind(int listener, const struct sockaddr_un *address, struct error *error)
{
    const struct sockaddr *bound = (const struct sockaddr *)address;

    if (bind(listener, bound, sizeof(*address)) == 0) {
        return true;
    }
    if (errno == EADDRINUSE) {
        if (!stale_remove(address, error)) {
            return false;
        }
        if (bind(listener, bound, sizeof(*address)) == 0) {
            return true;
        }
    }
    return error_set(error, "%s", strerrordesc_np(errno));
}

bool control_socket_open(struct control_socket *made, const char *path, struct error *error)
{
    struct sockaddr_un address;
    struct stat status;

    *made = (struct control_socket){.listener = -1};
    if (!address_fill(&address, path, error)) {
        return error_prefix(error, "%s", path);
    }
    memcpy(made->path, address.sun_path, sizeof(made->path));
    folder_make(path);
    made->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->listener < 0) {
        return error_set(error, "%s: %s", path, strerrordesc_np(errno));
    }
    if (!socket_bind(made->listener, &address, error)) {
        goto fail;
    }
    /* Nobody can connect before listen(), hence nobody by the mode that the umask left. */
    if (chmod(path, SOCKET_MODE) != 0 || lstat(path, &status) != 0 ||
        listen(made->listener, SOCKET_BACKLOG) != 0) {
        error_set(error, "%s", strerrordesc_np(errno));
        (void)unlink(path);
        goto fail;
    }
    made->device = status.st_dev;
    made->inode = status.st_ino;
    return true;

fail:
    (void)close(made->listener);
    made->listener = -1;
    return error_prefix(error, "%s", path);
}

void control_socket_remove(const struct control_socket *made)
{
    struct stat status;

    if (lstat(made->path, &status) == 0 && status.st_dev == made->device &&
        status.st_ino == made->inode) {
        (void)unlink(made->path);
    }
}
