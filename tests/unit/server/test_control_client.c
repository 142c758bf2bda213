/* SPDX-License-Identifier: MIT */

/*
 * What a verb hears when there is no server, no right, or no answer.
 */

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/server/control_fixture.h"

static enum control_result ask(const char *path, struct error *error)
{
    char *body = NULL;
    size_t length = 0;
    int status = 0;
    enum control_result result =
        control_ask(path, "GET", "/v1/status", &status, &body, &length, error);

    free(body);
    return result;
}

static void a_server_answers_as_often_as_it_is_asked(void **state)
{
    struct control_bench *bench = *state;
    struct error error;

    for (int i = 0; i < 50; i++) {
        assert_int_equal(ask(bench->path, &error), CONTROL_ANSWERED);
    }
}

static void where_nothing_is_there_is_no_server(void **state)
{
    static const char *const paths[] = {"/tmp/rollcall-none/c.sock", "/dev/null/c.sock"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct error error = {""};

        assert_int_equal(ask(paths[i], &error), CONTROL_ABSENT);
        assert_non_null(strstr(error.text, paths[i]));
    }
}

/* A listening socket at a new path, which the caller removes. */
static int listen_at(char *path, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(path, size, "/tmp/rollcall-client-%d.sock", (int)getpid());
    (void)unlink(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    return listener;
}

static void the_socket_of_a_dead_server_is_no_server(void **state)
{
    struct error error = {""};
    char path[64];

    (void)state;
    close(listen_at(path, sizeof(path)));
    assert_int_equal(ask(path, &error), CONTROL_ABSENT);
    assert_int_equal(unlink(path), 0);
}

static void *hang_up_on_everybody(void *argument)
{
    const int *listener = argument;

    for (;;) {
        int client = accept(*listener, NULL, NULL);

        if (client < 0) {
            return NULL;
        }
        close(client);
    }
}

static void a_server_that_hangs_up_is_a_failure(void **state)
{
    struct error error = {""};
    char path[64];
    int listener = listen_at(path, sizeof(path));
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, hang_up_on_everybody, &listener), 0);
    assert_int_equal(ask(path, &error), CONTROL_FAILED);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(shutdown(listener, SHUT_RDWR), 0); /* wakes accept() */
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(listener);
    assert_int_equal(unlink(path), 0);
}

static void missing_rights_are_told_as_such(void **state)
{
    struct error error = {""};
    char path[64];
    int listener = listen_at(path, sizeof(path));

    (void)state;
    if (geteuid() == 0) { /* root may everything */
        close(listener);
        (void)unlink(path);
        skip();
    }
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(ask(path, &error), CONTROL_FAILED);
    assert_non_null(
        strstr(error.text, "Permission denied (needs root or the group of the socket)"));
    close(listener);
    assert_int_equal(unlink(path), 0);
}

static void a_path_that_no_socket_can_have_is_a_failure(void **state)
{
    struct error error = {""};
    char path[200];

    (void)state;
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(ask(path, &error), CONTROL_FAILED);
    assert_non_null(strstr(error.text, "longer than the path of a socket"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_answers_as_often_as_it_is_asked,
                                        control_bench_open, control_bench_close),
        cmocka_unit_test(where_nothing_is_there_is_no_server),
        cmocka_unit_test(the_socket_of_a_dead_server_is_no_server),
        cmocka_unit_test(a_server_that_hangs_up_is_a_failure),
        cmocka_unit_test(missing_rights_are_told_as_such),
        cmocka_unit_test(a_path_that_no_socket_can_have_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
