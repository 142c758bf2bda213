/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_socket.c - binding, and what is said when it fails.
 */

#include <fcntl.h>
#include <sys/resource.h>

#include "server/socket.h"
#include "tests/unit/server/fixture.h"

static void port_0_gives_one_port_for_udp_and_tcp(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "0.0.0.0", "::"};
    struct socket_pair pair;
    struct sockaddr_storage tcp;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct sockaddr_storage wanted = fixture_address(hosts[i], 0);
        socklen_t length = sizeof(tcp);

        assert_true(socket_pair_open(&pair, &wanted, &error));
        assert_int_not_equal(socket_port(&pair.address), 0);
        assert_int_equal(getsockname(pair.tcp_fd, (struct sockaddr *)&tcp, &length), 0);
        assert_int_equal(socket_port(&tcp), socket_port(&pair.address));
        assert_int_equal(pair.is_wildcard, i >= 2);
        socket_pair_close(&pair);
        assert_int_equal(pair.udp_fd, -1);
    }
}

static void sockets_neither_block_nor_survive_exec(void **state)
{
    struct sockaddr_storage wanted = fixture_address("127.0.0.1", 0);
    struct socket_pair pair;

    (void)state;
    assert_true(socket_pair_open(&pair, &wanted, NULL));
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? pair.udp_fd : pair.tcp_fd;

        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    socket_pair_close(&pair);
}

static void several_workers_share_an_address(void **state)
{
    struct sockaddr_storage wanted = fixture_address("127.0.0.1", 0);
    struct socket_pair first;
    struct socket_pair second;

    (void)state;
    assert_true(socket_pair_open(&first, &wanted, NULL));
    assert_true(socket_pair_open(&second, &first.address, NULL));
    assert_int_equal(socket_port(&first.address), socket_port(&second.address));
    socket_pair_close(&second);
    socket_pair_close(&first);
}

static void an_address_in_use_is_found_although_ports_are_shared(void **state)
{
    struct sockaddr_storage wanted = fixture_address("127.0.0.1", 0);
    struct socket_pair first;
    struct error error = {.text = ""};

    (void)state;
    assert_true(socket_is_free(&wanted, &error));
    assert_true(socket_pair_open(&first, &wanted, &error));
    assert_false(socket_is_free(&first.address, &error));
    assert_non_null(strstr(error.text, "cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(error.text, "another process listens there"));
    wanted = first.address;
    socket_pair_close(&first);
    assert_true(socket_is_free(&wanted, &error));
}

static void an_address_of_no_interface_is_named(void **state)
{
    struct sockaddr_storage v4 = fixture_address("192.0.2.1", 5353);
    struct sockaddr_storage v6 = fixture_address("2001:db8::1", 5353);
    struct socket_pair pair;
    struct error error = {.text = ""};

    (void)state;
    assert_false(socket_pair_open(&pair, &v4, &error));
    assert_non_null(strstr(error.text, "cannot listen on 192.0.2.1:5353 (UDP): "));
    assert_non_null(strstr(error.text, "no interface has this address"));
    assert_false(socket_pair_open(&pair, &v6, &error));
    assert_non_null(strstr(error.text, "cannot listen on [2001:db8::1]:5353 (UDP): "));
}

/* Root may bind any port, so the case needs another user; files of this process stay open. */
static void a_privileged_port_names_the_capability(void **state)
{
    struct sockaddr_storage wanted = fixture_address("127.0.0.1", 53);
    struct socket_pair pair;
    struct error error = {.text = ""};
    enum { NOBODY = 65534 };

    (void)state;
    if (geteuid() == 0 && seteuid(NOBODY) != 0) {
        skip();
    }
    if (socket_pair_open(&pair, &wanted, &error)) {
        socket_pair_close(&pair); /* net.ipv4.ip_unprivileged_port_start allows it here */
        skip();
    }
    assert_non_null(strstr(error.text, "cannot listen on 127.0.0.1:53 (UDP): Permission denied"));
    assert_non_null(strstr(error.text, "CAP_NET_BIND_SERVICE"));
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
    }
}

static void each_descriptor_in_use_is_one_less_left(void **state)
{
    enum { USED = 10, LIMIT = 100 };
    struct rlimit before;
    struct rlimit few;
    int used[USED];
    size_t left = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = LIMIT;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    left = socket_descriptors_left();
    assert_in_range(left, USED + 1, LIMIT - 1);
    for (size_t i = 0; i < USED; i++) {
        used[i] = dup(STDERR_FILENO);
        assert_int_equal(socket_descriptors_left(), left - i - 1);
    }
    few.rlim_cur = LIMIT - left + USED;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(socket_descriptors_left(), 0);
    for (size_t i = 0; i < USED; i++) {
        (void)close(used[i]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_gives_one_port_for_udp_and_tcp),
        cmocka_unit_test(sockets_neither_block_nor_survive_exec),
        cmocka_unit_test(several_workers_share_an_address),
        cmocka_unit_test(an_address_in_use_is_found_although_ports_are_shared),
        cmocka_unit_test(an_address_of_no_interface_is_named),
        cmocka_unit_test(a_privileged_port_names_the_capability),
        cmocka_unit_test(each_descriptor_in_use_is_one_less_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
