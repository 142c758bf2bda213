/* SPDX-License-Identifier: MIT */

/*
 * The file of the control socket: its mode, its folder, who was there before, and its end.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/control_socket.h"

struct place {
    char folder[64];
    char deeper[80];
    char path[96];
};

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/rollcall-control-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->deeper, sizeof(place->deeper), "%s/run", place->folder);
    (void)snprintf(place->path, sizeof(place->path), "%s/c.sock", place->deeper);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;

    (void)chmod(place->deeper, 0700);
    (void)unlink(place->path);
    (void)rmdir(place->path);
    (void)rmdir(place->deeper);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

static bool connects(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    bool is_connected = false;

    memcpy(address.sun_path, path, strlen(path) + 1);
    is_connected = connect(client, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(client);
    return is_connected;
}

static void the_folder_is_made_and_the_mode_is_0660_whatever_the_umask(void **state)
{
    const struct place *place = *state;
    static const mode_t masks[] = {022, 0, 027, 077};

    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        struct control_socket made;
        struct error error;
        struct stat status;
        mode_t before = 0;

        if (i == 0) {
            assert_int_equal(stat(place->deeper, &status), -1);
        }
        before = umask(masks[i]);
        assert_true(control_socket_open(&made, place->path, &error));
        umask(before);
        assert_int_equal(stat(place->path, &status), 0);
        assert_true(S_ISSOCK(status.st_mode));
        assert_int_equal(status.st_mode & 07777, 0660);
        assert_int_equal(stat(place->deeper, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0755);
        assert_true(connects(place->path));
        control_socket_remove(&made);
        close(made.listener);
        assert_int_equal(stat(place->path, &status), -1);
    }
}

static void the_socket_of_a_dead_process_is_replaced(void **state)
{
    const struct place *place = *state;
    struct control_socket dead;
    struct control_socket made;
    struct error error;

    assert_true(control_socket_open(&dead, place->path, &error));
    close(dead.listener);
    assert_false(connects(place->path));
    if (!control_socket_open(&made, place->path, &error)) {
        fail_msg("%s", error.text);
    }
    assert_true(connects(place->path));
    close(made.listener);
}

static void the_socket_of_a_living_process_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct control_socket alive;
    struct control_socket made;
    struct error error;

    assert_true(control_socket_open(&alive, place->path, &error));
    assert_false(control_socket_open(&made, place->path, &error));
    assert_non_null(strstr(error.text, place->path));
    assert_non_null(strstr(error.text, "another process listens there"));
    assert_int_equal(made.listener, -1);
    assert_true(connects(place->path));
    close(alive.listener);
}

static void something_else_at_the_path_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct control_socket made;
    struct error error;
    struct stat status;
    FILE *file = NULL;

    assert_int_equal(mkdir(place->deeper, 0755), 0);
    file = fopen(place->path, "w");
    assert_non_null(file);
    fclose(file);
    assert_false(control_socket_open(&made, place->path, &error));
    assert_non_null(strstr(error.text, "is not a socket"));
    assert_int_equal(stat(place->path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
}

static void another_ones_socket_is_not_removed_at_the_end(void **state)
{
    const struct place *place = *state;
    struct control_socket first;
    struct control_socket second;
    struct error error;

    assert_true(control_socket_open(&first, place->path, &error));
    assert_int_equal(unlink(place->path), 0);
    assert_true(control_socket_open(&second, place->path, &error));
    control_socket_remove(&first);
    assert_true(connects(place->path));
    control_socket_remove(&second);
    assert_false(connects(place->path));
    close(first.listener);
    close(second.listener);
}

static void a_path_that_no_socket_can_have_is_named(void **state)
{
    static const struct {
        const char *why;
        const char *path;
        const char *said;
    } rows[] = {
        {"too long",
         "/tmp/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aa"
         "aaaaaaaaaaaaaaaaaaaaaa",                                 "longer than the path of a socket"},
        {"two folders are missing", "/tmp/rollcall-none/a/b.sock", "No such file or directory"       },
        {"the folder is a file",    "/dev/null/c.sock",            "Not a directory"                 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct control_socket made;
        struct error error = {""};

        if (control_socket_open(&made, rows[i].path, &error) ||
            strstr(error.text, rows[i].said) == NULL || strstr(error.text, rows[i].path) == NULL) {
            fail_msg("%s: %s", rows[i].why, error.text);
        }
    }
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(the_folder_is_made_and_the_mode_is_0660_whatever_the_umask),
        PLACED(the_socket_of_a_dead_process_is_replaced),
        PLACED(the_socket_of_a_living_process_is_left_alone),
        PLACED(something_else_at_the_path_is_left_alone),
        PLACED(another_ones_socket_is_not_removed_at_the_end),
        cmocka_unit_test(a_path_that_no_socket_can_have_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
