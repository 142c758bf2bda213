/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_http.c - exchanges with a server on the same loop.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discovery/aws/http.h"
#include "tests/unit/discovery/aws/canned_server.h"

struct bench {
    uv_loop_t loop;
    struct http *http;
    struct canned_server server;
    struct canned_reply (*answer)(void);
    char url[128];
    /* what came */
    bool done;
    size_t calls;
    int status;
    char *body;
    size_t body_length;
    bool timed_out;
    int64_t date_s;
    int64_t retry_after_ms;
    char error[512];
    bool free_when_done;
};

static struct canned_reply bench_answer(void *owner, const char *request)
{
    const struct bench *bench = owner;

    (void)request;
    return bench->answer();
}

static int setup(void **state)
{
    struct bench *bench = memory_new(sizeof(*bench));

    uv_loop_init(&bench->loop);
    bench->http = http_new(&bench->loop);
    canned_server_start(&bench->server, &bench->loop, bench_answer, bench);
    snprintf(bench->url, sizeof(bench->url), "%s/path", bench->server.url);
    *state = bench;
    return 0;
}

/* Every handle must have ended by itself: what is left makes uv_loop_close() fail. */
static int teardown(void **state)
{
    struct bench *bench = *state;
    int result;

    if (bench->http != NULL) {
        http_free(bench->http);
    }
    canned_server_stop(&bench->server);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    result = uv_loop_close(&bench->loop);
    free(bench->body);
    free(bench);
    return result;
}

static void on_done(void *owner, const struct http_response *response)
{
    struct bench *bench = owner;

    bench->done = true;
    bench->calls++;
    bench->status = response->status;
    free(bench->body);
    bench->body = memory_new(response->body_length + 1);
    memcpy(bench->body, response->body, response->body_length + 1);
    bench->body_length = response->body_length;
    bench->timed_out = response->timed_out;
    bench->date_s = response->date_s;
    bench->retry_after_ms = response->retry_after_ms;
    snprintf(bench->error, sizeof(bench->error), "%s", response->error.text);
    if (bench->free_when_done) {
        http_free(bench->http);
        bench->http = NULL;
    }
}

static struct http_request request_get(const struct bench *bench)
{
    return (struct http_request){
        .method = "GET", .url = bench->url, .connect_timeout_ms = 20000, .timeout_ms = 20000};
}

static void exchange(struct bench *bench, const struct http_request *request)
{
    bench->done = false;
    bench->error[0] = '\0';
    (void)http_start(bench->http, request, on_done, bench);
    assert_false(bench->done);
    assert_true(loop_until(&bench->loop, &bench->done));
}

static struct canned_reply answer_plain(void)
{
    return canned_text("200 OK", "Date: Sat, 22 Nov 2025 14:00:00 GMT\r\n", "hello");
}

static void a_get_brings_status_body_and_date(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);
    const char *sent;

    bench->answer = answer_plain;
    exchange(bench, &request);
    assert_int_equal(bench->status, 200);
    assert_string_equal(bench->body, "hello");
    assert_int_equal(bench->body_length, 5);
    assert_int_equal(bench->date_s, 1763820000);
    sent = bench->server.log[0];
    assert_memory_equal(sent, "GET /path HTTP/1.1\r\n", 20);
    assert_string_equal(canned_header(sent, "Accept-Encoding"), "");
    assert_string_equal(canned_header(sent, "User-Agent"), "rollcall");
}

static void a_post_sends_just_what_was_asked(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);
    const struct http_header headers[] = {
        {"Host",         "ec2.eu-west-1.amazonaws.com"},
        {"Content-Type", "text/x"                     },
        {"X-Empty",      ""                           }
    };
    char *body = memory_new(40000);
    const char *sent;

    memset(body, 'b', 39999);
    bench->answer = answer_plain;
    request.method = "POST";
    request.body = body;
    request.body_length = 39999;
    request.headers = headers;
    request.header_count = 3;
    exchange(bench, &request);
    sent = bench->server.log[0];
    assert_memory_equal(sent, "POST /path HTTP/1.1\r\n", 21);
    assert_string_equal(canned_header(sent, "Host"), "ec2.eu-west-1.amazonaws.com");
    assert_string_equal(canned_header(sent, "Content-Type"), "text/x");
    assert_string_equal(canned_header(sent, "Expect"), "");
    assert_string_equal(canned_header(sent, "Content-Length"), "39999");
    assert_non_null(strstr(sent, "\r\nX-Empty:"));
    assert_string_equal(strstr(sent, "\r\n\r\n") + 4, body);
    free(body);
}

static void a_put_without_a_body_has_no_type_of_its_own(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    request.method = "PUT";
    exchange(bench, &request);
    assert_memory_equal(bench->server.log[0], "PUT /path HTTP/1.1\r\n", 20);
    assert_string_equal(canned_header(bench->server.log[0], "Content-Type"), "");
    assert_string_equal(canned_header(bench->server.log[0], "Content-Length"), "0");
}

static void a_connection_is_used_again(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    for (int i = 0; i < 5; i++) {
        exchange(bench, &request);
        assert_int_equal(bench->status, 200);
    }
    assert_int_equal(bench->server.requests, 5);
    assert_int_equal(bench->server.connections, 1);
}

static struct canned_reply answer_redirect(void)
{
    return canned_text("302 Found", "Location: /elsewhere\r\n", "");
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_redirect;
    exchange(bench, &request);
    assert_int_equal(bench->status, 302);
    assert_int_equal(bench->server.requests, 1);
}

static struct canned_reply answer_gzip(void)
{
    return canned_text("200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b");
}

static struct canned_reply answer_identity(void)
{
    return canned_text("200 OK", "content-encoding: Identity\r\n", "hello");
}

static struct canned_reply answer_short(void)
{
    return canned_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
}

static struct canned_reply answer_cut_chunk(void)
{
    return canned_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello");
}

static struct canned_reply answer_no_http(void)
{
    return canned_raw("hello\r\n");
}

static struct canned_reply answer_nothing(void)
{
    return canned_raw("");
}

static struct canned_reply answer_announced_large(void)
{
    return canned_raw("HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\nhello");
}

static struct canned_reply answer_large(void)
{
    struct canned_reply reply = {memory_new(HTTP_BODY_LIMIT + 100), HTTP_BODY_LIMIT + 100, true};

    memset(reply.text, 'x', reply.length);
    memcpy(reply.text, "HTTP/1.0 200 OK\r\n\r\n", 19);
    return reply;
}

static struct canned_reply answer_at_limit(void)
{
    struct canned_reply reply = {memory_new(HTTP_BODY_LIMIT + 19), HTTP_BODY_LIMIT + 19, true};

    memset(reply.text, 'x', reply.length);
    memcpy(reply.text, "HTTP/1.0 200 OK\r\n\r\n", 19);
    return reply;
}

static struct canned_reply answer_many_headers(void)
{
    struct canned_reply reply = {memory_new(80000), 0, true};

    strcat(reply.text, "HTTP/1.1 200 OK\r\n");
    reply.length = strlen(reply.text);
    while (reply.length < 70000) {
        reply.length +=
            (size_t)sprintf(reply.text + reply.length, "X-%zu: %0900d\r\n", reply.length, 7);
    }
    reply.length += (size_t)sprintf(reply.text + reply.length, "Content-Length: 0\r\n\r\n");
    return reply;
}

static void bad_answers_are_errors_without_a_body(void **state)
{
    static const struct {
        const char *why;
        struct canned_reply (*answer)(void);
        const char *expected; /* in the error; NULL: it is a good one */
    } rows[] = {
        {"compressed",                answer_gzip,            "encoded as \"gzip\""                 },
        {"identity is no encoding",   answer_identity,        NULL                                  },
        {"shorter than announced",    answer_short,           ""                                    },
        {"cut inside a chunk",        answer_cut_chunk,       ""                                    },
        {"not HTTP",                  answer_no_http,         ""                                    },
        {"the connection just ends",  answer_nothing,         ""                                    },
        {"too large by its own word", answer_announced_large, ""                                    },
        {"a little too large",        answer_large,           "larger than 16777216 octets"         },
        {"as large as may be",        answer_at_limit,        NULL                                  },
        {"too many headers",          answer_many_headers,    "headers are larger than 65536 octets"},
    };
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].why);
        bench->answer = rows[i].answer;
        exchange(bench, &request);
        print_message("    %d %s\n", bench->status, bench->error);
        assert_int_equal(bench->status, rows[i].expected == NULL ? 200 : 0);
        if (rows[i].expected != NULL) {
            assert_int_equal(bench->body_length, 0);
            assert_memory_equal(bench->error, bench->url, strlen(bench->url));
            assert_non_null(strstr(bench->error, rows[i].expected));
        }
    }
}

static struct canned_reply answer_silence(void)
{
    return (struct canned_reply){NULL, 0, false};
}

static void silence_ends_by_the_time_limit(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_silence;
    request.timeout_ms = 50;
    exchange(bench, &request);
    assert_int_equal(bench->status, 0);
    assert_true(bench->timed_out);
    assert_string_not_equal(bench->error, "");
}

static void nobody_listening_is_an_error_from_the_loop(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int held = socket(AF_INET, SOCK_STREAM, 0); /* bound but not listening */

    assert_int_equal(bind(held, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(held, (struct sockaddr *)&address, &length), 0);
    snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
    exchange(bench, &request);
    assert_int_equal(bench->status, 0);
    assert_false(bench->timed_out);
    close(held);
}

static void only_http_and_https_are_spoken(void **state)
{
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1/", "gopher://x/",
                                       "127.0.0.1", ""};
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_request request = request_get(bench);

        request.url = urls[i];
        exchange(bench, &request);
        assert_int_equal(bench->status, 0);
    }
}

static void a_header_with_a_line_end_is_not_sent(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);
    const struct http_header header = {"X-Token", "hunter2\r\nX-Evil: 1"};

    bench->answer = answer_plain;
    request.headers = &header;
    request.header_count = 1;
    exchange(bench, &request);
    assert_int_equal(bench->status, 0);
    assert_int_equal(bench->server.requests, 0);
    assert_non_null(strstr(bench->error, "the header X-Token holds a control character"));
    assert_null(strstr(bench->error, "hunter2"));
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    exchange(bench, &request);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(bench->status, 200);
}

static void a_configured_proxy_is_asked_whatever_the_environment_says(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    request.url = "http://ec2.eu-west-1.amazonaws.test/path";
    request.proxy = bench->server.url;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("no_proxy", "*", 1);
    exchange(bench, &request);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    assert_int_equal(bench->status, 200);
    assert_int_equal(bench->server.requests, 1);
    assert_memory_equal(bench->server.log[0],
                        "GET http://ec2.eu-west-1.amazonaws.test/path HTTP/1.1\r\n", 55);
}

static void https_goes_through_a_proxys_tunnel_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_redirect;
    request.url = "https://ec2.eu-west-1.amazonaws.test/path";
    request.proxy = bench->server.url;
    exchange(bench, &request);
    assert_int_equal(bench->status, 0);
    assert_memory_equal(bench->server.log[0],
                        "CONNECT ec2.eu-west-1.amazonaws.test:443 HTTP/1.1\r\n", 51);
    assert_int_equal(bench->server.requests, 1);
}

static struct canned_reply answer_tunnel(void)
{
    return canned_raw("HTTP/1.1 200 Connection established\r\n"
                      "Date: Sat, 22 Nov 2025 14:00:00 GMT\r\nRetry-After: 9\r\n\r\n");
}

/* Its clock would be taken for that of AWS. */
static void what_a_proxy_says_about_its_tunnel_is_no_header_of_an_answer(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_tunnel;
    request.url = "https://ec2.eu-west-1.amazonaws.test/path";
    request.proxy = bench->server.url;
    exchange(bench, &request);
    assert_int_equal(bench->status, 0);
    assert_int_equal(bench->date_s, 0);
    assert_int_equal(bench->retry_after_ms, 0);
}

static void no_proxy_is_asked_for_this_machine(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    request.proxy = "http://127.0.0.1:1";
    exchange(bench, &request);
    assert_int_equal(bench->status, 200);
    assert_memory_equal(bench->server.log[0], "GET /path HTTP/1.1\r\n", 20);
}

static struct canned_reply answer_later(void)
{
    return canned_text("503 Slow Down", "Retry-After: 2\r\nx-amz-retry-after: 1500\r\n", "");
}

static void the_longer_of_two_waits_is_told(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_later;
    exchange(bench, &request);
    assert_int_equal(bench->status, 503);
    assert_int_equal(bench->retry_after_ms, 2000);
    bench->answer = answer_plain;
    exchange(bench, &request);
    assert_int_equal(bench->retry_after_ms, 0);
}

static void on_cancelled(void *owner, const struct http_response *response)
{
    bool *called = owner;

    (void)response;
    *called = true;
}

static void a_cancelled_exchange_never_calls(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);
    bool never = false;

    bench->answer = answer_plain;
    http_cancel(http_start(bench->http, &request, on_cancelled, &never));
    (void)http_start(bench->http, &request, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_false(never);
    assert_int_equal(bench->calls, 1);
}

static void exchanges_under_way_end_with_the_client(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_silence;
    (void)http_start(bench->http, &request, on_done, bench);
    (void)http_start(bench->http, &request, on_done, bench);
    for (int i = 0; i < 1000 && bench->server.requests < 2; i++) {
        (void)uv_run(&bench->loop, UV_RUN_ONCE);
    }
    assert_int_equal(bench->server.requests, 2);
    http_free(bench->http);
    bench->http = NULL;
    assert_int_equal(bench->calls, 0);
}

static void the_client_may_be_freed_from_within_done(void **state)
{
    struct bench *bench = *state;
    struct http_request request = request_get(bench);

    bench->answer = answer_plain;
    bench->free_when_done = true;
    (void)http_start(bench->http, &request, on_done, bench);
    (void)http_start(bench->http, &request, on_done, bench);
    assert_true(loop_until(&bench->loop, &bench->done));
    assert_int_equal(bench->calls, 1);
    assert_string_equal(bench->body, "hello");
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_get_brings_status_body_and_date),
        BENCH_TEST(a_post_sends_just_what_was_asked),
        BENCH_TEST(a_put_without_a_body_has_no_type_of_its_own),
        BENCH_TEST(a_connection_is_used_again),
        BENCH_TEST(a_redirect_is_an_answer_and_not_followed),
        BENCH_TEST(bad_answers_are_errors_without_a_body),
        BENCH_TEST(silence_ends_by_the_time_limit),
        BENCH_TEST(nobody_listening_is_an_error_from_the_loop),
        BENCH_TEST(only_http_and_https_are_spoken),
        BENCH_TEST(a_header_with_a_line_end_is_not_sent),
        BENCH_TEST(proxies_of_the_environment_are_not_used),
        BENCH_TEST(a_configured_proxy_is_asked_whatever_the_environment_says),
        BENCH_TEST(https_goes_through_a_proxys_tunnel_or_not_at_all),
        BENCH_TEST(what_a_proxy_says_about_its_tunnel_is_no_header_of_an_answer),
        BENCH_TEST(no_proxy_is_asked_for_this_machine),
        BENCH_TEST(the_longer_of_two_waits_is_told),
        BENCH_TEST(a_cancelled_exchange_never_calls),
        BENCH_TEST(exchanges_under_way_end_with_the_client),
        BENCH_TEST(the_client_may_be_freed_from_within_done),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
