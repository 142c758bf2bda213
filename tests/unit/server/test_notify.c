/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_notify.c - the datagrams that systemd gets.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/notify.h"

/* A socket in a folder of its own, as systemd would make it; -1 in *fd when it cannot be. */
struct listener {
    int fd;
    char folder[64];
    struct sockaddr_un address;
};

static void listener_open(struct listener *listener)
{
    *listener = (struct listener){.folder = "/tmp/rollcall-notify-XXXXXX"};
    assert_non_null(mkdtemp(listener->folder));
    listener->address.sun_family = AF_UNIX;
    (void)snprintf(listener->address.sun_path, sizeof(listener->address.sun_path), "%s/notify",
                   listener->folder);
    listener->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(listener->fd >= 0);
    assert_int_equal(
        bind(listener->fd, (const struct sockaddr *)&listener->address, sizeof(listener->address)),
        0);
    (void)setenv("NOTIFY_SOCKET", listener->address.sun_path, 1);
}

static void listener_close(const struct listener *listener)
{
    (void)close(listener->fd);
    (void)unlink(listener->address.sun_path);
    (void)rmdir(listener->folder);
    (void)unsetenv("NOTIFY_SOCKET");
}

static void listener_expect(const struct listener *listener, const char *start)
{
    char text[128] = "";
    ssize_t length = recv(listener->fd, text, sizeof(text) - 1, 0);

    assert_true(length > 0);
    assert_memory_equal(text, start, strlen(start));
}

static void the_state_arrives_as_one_datagram(void **state)
{
    struct listener listener;

    (void)state;
    listener_open(&listener);
    notify_send("READY=1");
    listener_expect(&listener, "READY=1");
    listener_close(&listener);
}

static void reloading_carries_the_monotonic_time(void **state)
{
    struct listener listener;

    (void)state;
    listener_open(&listener);
    notify_reloading();
    listener_expect(&listener, "RELOADING=1\nMONOTONIC_USEC=");
    listener_close(&listener);
}

static void without_a_usable_socket_nothing_happens(void **state)
{
    static const char *const values[] = {"", "x", "relative/path", "/nowhere/at/all"};

    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void)setenv("NOTIFY_SOCKET", values[i], 1);
        notify_send("READY=1");
    }
    (void)unsetenv("NOTIFY_SOCKET");
}

/* The queue is short, net.unix.max_dgram_qlen: a send without a limit would wait for ever. */
static void a_manager_that_does_not_read_holds_nobody_up(void **state)
{
    struct listener listener;
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    char text[16] = "";

    (void)state;
    listener_open(&listener);
    while (sendto(sender, "full", 4, 0, (const struct sockaddr *)&listener.address,
                  sizeof(listener.address)) == 4) {
    }
    (void)close(sender);
    notify_send("STOPPING=1");
    while (recv(listener.fd, text, sizeof(text) - 1, 0) > 0) {
        assert_string_equal(text, "full");
    }
    listener_close(&listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_arrives_as_one_datagram),
        cmocka_unit_test(reloading_carries_the_monotonic_time),
        cmocka_unit_test(without_a_usable_socket_nothing_happens),
        cmocka_unit_test(a_manager_that_does_not_read_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
