/* SPDX-License-Identifier: MIT */

/*
 * Requests through a real socket to the handlers and back.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/server/control_fixture.h"

static void each_request_gets_its_status_and_body(void **state)
{
    static const struct {
        const char *why;
        const char *method;
        const char *target;
        int status;
        const char *body;
    } rows[] = {
        {"everything",               "GET",    "/v1/status",        200, "xxxxxxxxxx"                                },
        {"one cluster",              "GET",    "/v1/status/web",    200, "{\"cluster\":\"web\"}"                     },
        {"an unknown cluster",       "GET",    "/v1/status/nope",   404,
         "{\"error\":\"no such cluster: nope\"}"                                                                     },
        {"no cluster's name",        "GET",    "/v1/status/",       404, "{\"error\":\"no such cluster: \"}"         },
        {"hostile text",             "GET",    "/v1/status/%22%0a", 404, "{\"error\":\"no such cluster: \\\"?\"}"    },
        {"refresh",                  "POST",   "/v1/refresh",       202, "{\"refresh\":\"begun\"}"                   },
        {"reload",                   "POST",   "/v1/reload",        200, "{\"reload\":\"done\"}"                     },
        {"metrics",                  "GET",    "/metrics",          200, "rollcall_up 1\n"                           },
        {"explain",                  "GET",    "/v1/explain/i-1",   200, "{\"subject\":\"i-1\"}"                     },
        {"explain nobody",           "GET",    "/v1/explain/i-2",   404,
         "{\"error\":\"no source has told of \\\"i-2\\\": it is no instance, address, target or "
         "cluster here\"}"                                                                                           },
        {"explain nothing",          "GET",    "/v1/explain",       404,
         "{\"error\":\"no source has told of \\\"\\\": it is no instance, address, target or "
         "cluster "
         "here\"}"                                                                                                   },
        {"explain by POST",          "POST",   "/v1/explain/i-1",   405,
         "{\"error\":\"wrong method for this path\"}"                                                                },
        {"accept",                   "POST",   "/v1/accept/frozen", 200, "{\"cluster\":\"frozen\",\"accepted\":2}"   },
        {"accept with nothing held", "POST",   "/v1/accept/web",    409,
         "{\"error\":\"no removal of cluster web is held back\"}"                                                    },
        {"accept of no cluster",     "POST",   "/v1/accept/nope",   404,
         "{\"error\":\"no such cluster: nope\"}"                                                                     },
        {"accept by GET",            "GET",    "/v1/accept/frozen", 405,
         "{\"error\":\"wrong method for this path\"}"                                                                },
        {"ready",                    "GET",    "/ready",            200, "{\"ready\":\"said\"}"                      },
        {"health",                   "GET",    "/health",           200, "{\"health\":\"alive\"}"                    },
        {"health by POST",           "POST",   "/health",           405, "{\"error\":\"wrong method for this path\"}"},
        {"metrics by POST",          "POST",   "/metrics",          405, "{\"error\":\"wrong method for this path\"}"},
        {"metrics with a tail",      "GET",    "/metrics/",         404, "{\"error\":\"no such path\"}"              },
        {"nothing there",            "GET",    "/",                 404, "{\"error\":\"no such path\"}"              },
        {"another version",          "GET",    "/v2/status",        404, "{\"error\":\"no such path\"}"              },
        {"a longer word",            "GET",    "/v1/statuses",      404, "{\"error\":\"no such path\"}"              },
        {"a tail too much",          "POST",   "/v1/reload/now",    404, "{\"error\":\"no such path\"}"              },
        {"reload by GET",            "GET",    "/v1/reload",        405, "{\"error\":\"wrong method for this path\"}"},
        {"refresh by GET",           "GET",    "/v1/refresh",       405, "{\"error\":\"wrong method for this path\"}"},
        {"status by POST",           "POST",   "/v1/status",        405, "{\"error\":\"wrong method for this path\"}"},
        {"an unheard-of method",     "DELETE", "/v1/status/web",    405,
         "{\"error\":\"wrong method for this path\"}"                                                                },
    };
    struct control_bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        char *body = NULL;
        size_t length = 0;
        int status = 0;

        if (control_ask(bench->path, rows[i].method, rows[i].target, &status, &body, &length,
                        &error) != CONTROL_ANSWERED ||
            status != rows[i].status || strcmp(body, rows[i].body) != 0 ||
            length != strlen(rows[i].body)) {
            fail_msg("%s: %d %s %s", rows[i].why, status, body, error.text);
        }
        free(body);
    }
    assert_int_equal(atomic_load(&bench->refreshes), 1);
    assert_int_equal(atomic_load(&bench->reloads), 1);
}

static void not_ready_is_503_while_health_stays_200(void **state)
{
    struct control_bench *bench = *state;
    static const struct {
        const char *target;
        int status;
    } rows[] = {
        {"/ready",  503},
        {"/health", 200},
    };

    bench->is_loading = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error;
        char *body = NULL;
        size_t length = 0;
        int status = 0;

        assert_int_equal(
            control_ask(bench->path, "GET", rows[i].target, &status, &body, &length, &error),
            CONTROL_ANSWERED);
        assert_int_equal(status, rows[i].status);
        free(body);
    }
}

static void a_refused_reload_brings_its_reasons(void **state)
{
    struct control_bench *bench = *state;
    struct error error;
    char *body = NULL;
    size_t length = 0;
    int status = 0;

    bench->refuses_reload = true;
    assert_int_equal(
        control_ask(bench->path, "POST", "/v1/reload", &status, &body, &length, &error),
        CONTROL_ANSWERED);
    assert_int_equal(status, 422);
    assert_string_equal(body, "{\"errors\":[\"a.conf:1: no\"]}");
    free(body);
}

static void an_answer_of_megabytes_comes_whole(void **state)
{
    struct control_bench *bench = *state;
    struct error error;
    char *body = NULL;
    size_t length = 0;
    int status = 0;

    bench->status_octets = 8 * 1024 * 1024;
    assert_int_equal(control_ask(bench->path, "GET", "/v1/status", &status, &body, &length, &error),
                     CONTROL_ANSWERED);
    assert_int_equal(status, 200);
    assert_int_equal(length, bench->status_octets);
    assert_int_equal(strspn(body, "x"), length);
    free(body);
}

static int connect_raw(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
    return client;
}

/* Read until the other side closes; the text has a NUL behind it. */
static size_t read_all(int client, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got = 0;

    while (length < size - 1 && (got = read(client, text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    return length;
}

static void a_body_that_nobody_wants_is_read_over(void **state)
{
    static const char head[] = "POST /v1/refresh HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                               "Content-Length: 200000\r\n\r\n";
    struct control_bench *bench = *state;
    char *body = calloc(1, 200000);
    char text[1024];
    int client = connect_raw(bench->path);

    assert_int_equal(write(client, head, strlen(head)), strlen(head));
    assert_int_equal(write(client, body, 200000), 200000);
    (void)read_all(client, text, sizeof(text));
    assert_memory_equal(text, "HTTP/1.1 202", strlen("HTTP/1.1 202"));
    assert_int_equal(atomic_load(&bench->refreshes), 1);
    close(client);
    free(body);
}

static void each_body_comes_with_its_content_type(void **state)
{
    static const struct {
        const char *path;
        const char *header;
    } rows[] = {
        {"/metrics",   "Content-Type: text/plain; version=0.0.4\r\n"},
        {"/v1/status", "Content-Type: application/json\r\n"         },
        {"/nothing",   "Content-Type: application/json\r\n"         },
    };
    struct control_bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1024];
        int client = connect_raw(bench->path);

        assert_true(dprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                            rows[i].path) > 0);
        (void)read_all(client, text, sizeof(text));
        if (strstr(text, rows[i].header) == NULL) {
            fail_msg("%s: %s", rows[i].path, text);
        }
        close(client);
    }
}

static void what_is_no_http_is_refused_and_harms_nobody(void **state)
{
    static const struct {
        const char *text;
        bool is_answered; /* else it might still become a request: nobody waits for that here */
    } rows[] = {
        {"\x16\x03\x01\x02",                false},
        {"\r\n\r\n\r\n",                    false},
        {"GET /v1/status HTT",              false},
        {"GARBAGE\r\n\r\n",                 true },
        {"GET /v1/status HTTP/9.9\r\n\r\n", true },
    };
    struct control_bench *bench = *state;
    struct error error;
    char *body = NULL;
    size_t length = 0;
    int status = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int client = connect_raw(bench->path);
        char text[1024];

        assert_int_equal(write(client, rows[i].text, strlen(rows[i].text)), strlen(rows[i].text));
        if (rows[i].is_answered) {
            (void)read_all(client, text, sizeof(text));
            assert_null(strstr(text, " 200 "));
        }
        close(client);
    }
    assert_int_equal(
        control_ask(bench->path, "GET", "/v1/status/web", &status, &body, &length, &error),
        CONTROL_ANSWERED);
    assert_int_equal(status, 200);
    free(body);
}

static void clients_that_say_nothing_do_not_keep_others_out(void **state)
{
    enum { SILENT = 16 };
    struct control_bench *bench = *state;
    int silent[SILENT];

    for (size_t i = 0; i < SILENT; i++) {
        silent[i] = connect_raw(bench->path);
    }
    for (size_t i = 0; i < SILENT; i++) {
        struct error error;
        char *body = NULL;
        size_t length = 0;
        int status = 0;

        if (control_ask(bench->path, "GET", "/v1/status/web", &status, &body, &length, &error) !=
            CONTROL_ANSWERED) {
            fail_msg("after %zu: %s", i, error.text);
        }
        assert_int_equal(status, 200);
        free(body);
    }
    for (size_t i = 0; i < SILENT; i++) {
        close(silent[i]);
    }
}

static void a_second_one_at_the_same_path_is_refused(void **state)
{
    struct control_bench *bench = *state;
    const struct control_handlers handlers = {.owner = bench};
    struct control *second = NULL;
    struct error error;
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_false(control_open(&second, &loop, bench->path, &handlers, &error));
    assert_null(second);
    assert_non_null(strstr(error.text, bench->path));
    assert_int_equal(uv_loop_close(&loop), 0);
    control_close(NULL);
}

#define BENCHED(test) cmocka_unit_test_setup_teardown(test, control_bench_open, control_bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCHED(each_request_gets_its_status_and_body),
        BENCHED(not_ready_is_503_while_health_stays_200),
        BENCHED(a_refused_reload_brings_its_reasons),
        BENCHED(an_answer_of_megabytes_comes_whole),
        BENCHED(a_body_that_nobody_wants_is_read_over),
        BENCHED(each_body_comes_with_its_content_type),
        BENCHED(what_is_no_http_is_refused_and_harms_nobody),
        BENCHED(clients_that_say_nothing_do_not_keep_others_out),
        BENCHED(a_second_one_at_the_same_path_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
