/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_sigv4.c - signatures against those of others.
 *
 * AWS's own suite is read from ../shared/vectors/sigv4 beside the checkout, where it exists; a
 * few signatures that botocore made stand in the test. With --sign the program signs requests
 * from standard input, one JSON object a line, for tests/system/test_sigv4_botocore.py.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "discovery/aws/sigv4.h"

enum { HEADERS_MAX = 16, CASE_COUNT = 38 };

static const char vectors[] = "../shared/vectors/sigv4";

/* ---- AWS's suite ---- */

/* Without the line ends at its end; NULL when it cannot be read. */
static char *file_text(struct arena *arena, const char *folder, const char *name)
{
    const char *path = arena_format(arena, "%s/%s/%s", vectors, folder, name);
    FILE *file = fopen(path, "rb");
    char *text;
    size_t length;

    if (file == NULL) {
        return NULL;
    }
    text = arena_alloc(arena, 65536);
    length = fread(text, 1, 65535, file);
    fclose(file);
    while (length > 0 && text[length - 1] == '\n') {
        text[--length] = '\0';
    }
    return text;
}

struct signing_case {
    struct sigv4_request request;
    struct sigv4_scope scope;
    struct http_header headers[HEADERS_MAX];
    cJSON *context;
};

static const char *context_text(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

/* "Name:value" lines; a line that begins with white space goes on with the one above. */
static void headers_read(struct signing_case *one, char *text, struct arena *arena)
{
    size_t count = 0;

    while (text != NULL && *text != '\0') {
        char *line = strsep(&text, "\n");
        char *value = strchr(line, ':');

        if (line[0] == ' ') {
            one->headers[count - 1].value =
                arena_format(arena, "%s\n%s", one->headers[count - 1].value, line);
            continue;
        }
        assert_non_null(value);
        *value = '\0';
        one->headers[count++] = (struct http_header){line, value + 1};
    }
    one->request.header_count = count;
}

static void header_add(struct signing_case *one, const char *name, const char *value)
{
    assert_true(one->request.header_count < HEADERS_MAX);
    one->headers[one->request.header_count++] = (struct http_header){name, value};
}

static void request_read(struct signing_case *one, char *text, struct arena *arena)
{
    char *body = strstr(text, "\n\n");
    char *target;
    char *query;

    one->request.body = "";
    if (body != NULL) {
        *body = '\0';
        one->request.body = body + 2;
    }
    one->request.body_length = strlen(one->request.body);
    one->request.method = strsep(&text, " ");
    target = text;
    text = strchr(text, '\n');
    if (text != NULL) {
        *text++ = '\0';
    }
    *strrchr(target, ' ') = '\0'; /* HTTP/1.1 */
    query = strchr(target, '?');
    one->request.query = "";
    if (query != NULL) {
        *query = '\0';
        one->request.query = query + 1;
    }
    one->request.path = target;
    headers_read(one, text, arena);
}

static void context_read(struct signing_case *one, struct arena *arena)
{
    const cJSON *context = one->context;
    const cJSON *keys = cJSON_GetObjectItem(context, "credentials");
    const char *token = context_text(keys, "token");
    struct tm utc = {0};
    char date[SIGV4_DATE_SIZE];

    assert_non_null(strptime(context_text(context, "timestamp"), "%Y-%m-%dT%H:%M:%SZ", &utc));
    one->scope = (struct sigv4_scope){
        .access_key = context_text(keys, "access_key_id"),
        .secret_key = context_text(keys, "secret_access_key"),
        .region = context_text(context, "region"),
        .service = context_text(context, "service"),
        .now_s = (int64_t)timegm(&utc),
    };
    one->request.normalize_path = cJSON_IsTrue(cJSON_GetObjectItem(context, "normalize"));
    one->request.double_encode_path = true;
    sigv4_date(one->scope.now_s, date);
    header_add(one, "X-Amz-Date", arena_string(arena, date));
    if (token != NULL && !cJSON_IsTrue(cJSON_GetObjectItem(context, "omit_session_token"))) {
        header_add(one, "X-Amz-Security-Token", token);
    }
}

/* The suite's header form signs the body's hash as a header where sign_body is set. */
static void body_hash_add(struct signing_case *one, struct arena *arena)
{
    const char *canonical;

    if (cJSON_IsTrue(cJSON_GetObjectItem(one->context, "sign_body"))) {
        canonical = sigv4_canonical_request(&one->request, arena);
        header_add(one, "x-amz-content-sha256", strrchr(canonical, '\n') + 1);
    }
}

static void case_check(const char *folder)
{
    struct signing_case one = {0};
    struct arena arena;
    char *canonical;
    const char *authorization;

    print_message("%s\n", folder);
    arena_init(&arena);
    one.request.headers = one.headers;
    one.context = cJSON_Parse(file_text(&arena, folder, "context.json"));
    assert_non_null(one.context);
    request_read(&one, file_text(&arena, folder, "request.txt"), &arena);
    context_read(&one, &arena);
    body_hash_add(&one, &arena);
    canonical = sigv4_canonical_request(&one.request, &arena);
    assert_string_equal(canonical, file_text(&arena, folder, "header-canonical-request.txt"));
    assert_string_equal(sigv4_string_to_sign(canonical, &one.scope, &arena),
                        file_text(&arena, folder, "header-string-to-sign.txt"));
    authorization = sigv4_authorization(&one.request, &one.scope, &arena);
    assert_string_equal(strstr(authorization, "Signature=") + 10,
                        file_text(&arena, folder, "header-signature.txt"));
    cJSON_Delete(one.context);
    arena_free(&arena);
}

static void all_cases_of_the_published_suite_come_out_alike(void **state)
{
    DIR *folder = opendir(vectors);
    const struct dirent *entry;
    size_t cases = 0;

    (void)state;
    if (folder == NULL) {
        print_message("skipped: no vectors\n");
        skip();
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            case_check(entry->d_name);
            cases++;
        }
    }
    closedir(folder);
    assert_int_equal(cases, CASE_COUNT);
}

/* ---- our own ---- */

static void a_form_post_is_signed_as_botocore_signs_it(void **state)
{
    const struct http_header headers[] = {
        {"Host",                 "ec2.eu-west-1.amazonaws.com"                     },
        {"Content-Type",         "application/x-www-form-urlencoded; charset=utf-8"},
        {"X-Amz-Date",           "20251122T140000Z"                                },
        {"X-Amz-Security-Token", "AQoDYXdzEPT//////////wEX=="                      },
    };
    const char body[] = "Action=DescribeInstances&Version=2016-11-15&NextToken=a%2Bb%2Fc%3D%3D";
    struct sigv4_request request = {.method = "POST",
                                    .path = "/",
                                    .query = "",
                                    .headers = headers,
                                    .header_count = 4,
                                    .body = body,
                                    .body_length = sizeof(body) - 1,
                                    .normalize_path = true,
                                    .double_encode_path = true};
    const struct sigv4_scope scope = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                      "eu-west-1", "ec2", 1763820000};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(sigv4_authorization(&request, &scope, &arena),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251122/eu-west-1/ec2/"
                        "aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                        "x-amz-security-token, Signature="
                        "bcf1642730c18c577c739779a54b635dd94524824de18554bca54749bdfda6c2");
    request.header_count = 3;
    assert_string_equal(sigv4_authorization(&request, &scope, &arena),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251122/eu-west-1/ec2/"
                        "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
                        "4af8eb3fe0e86241d40a309ebac2698249bc4400e19370bbfd33a597c9f7964b");
    arena_free(&arena);
}

static void dates_are_written_in_utc(void **state)
{
    static const struct {
        int64_t now_s;
        const char *expected;
    } rows[] = {
        {0,          "19700101T000000Z"},
        {1440938160, "20150830T123600Z"},
        {4102444799, "20991231T235959Z"},
        {INT64_MAX,  "19700101T000000Z"},
    };
    char date[SIGV4_DATE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sigv4_date(rows[i].now_s, date);
        assert_string_equal(date, rows[i].expected);
    }
}

static void paths_and_queries_come_out_in_canonical_form(void **state)
{
    static const struct {
        const char *path;
        const char *query;
        bool normalize;
        bool encode;
        const char *expected; /* both lines */
    } rows[] = {
        {"/",             "",                   true,  true,  "/\n"                    },
        {"",              "",                   true,  true,  "/\n"                    },
        {"/a/../../b/./", "",                   true,  true,  "/b/\n"                  },
        {"/..",           "",                   true,  true,  "/\n"                    },
        {"//a//b",        "",                   true,  true,  "/a/b\n"                 },
        {"//a//b",        "",                   false, true,  "//a//b\n"               },
        {"/a%20b",        "",                   true,  true,  "/a%2520b\n"             },
        {"/a%20b/..x/.y", "",                   true,  false, "/a%20b/..x/.y\n"        },
        {"/",             "b=2&a=1",            true,  true,  "/\na=1&b=2"             },
        {"/",             "a=2&a=10&a",         true,  true,  "/\na=&a=10&a=2"         },
        {"/",             "a=b=c&&d&",          true,  true,  "/\na=b%3Dc&d="          },
        {"/",             "%7e=%zz%4&x=%2F%2f", true,  true,  "/\nx=%2F%2F&~=%25zz%254"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sigv4_request request = {.method = "GET",
                                              .path = rows[i].path,
                                              .query = rows[i].query,
                                              .body = "",
                                              .normalize_path = rows[i].normalize,
                                              .double_encode_path = rows[i].encode};
        struct arena arena;
        const char *canonical;

        arena_init(&arena);
        canonical = sigv4_canonical_request(&request, &arena);
        print_message("%s?%s\n", rows[i].path, rows[i].query);
        assert_memory_equal(canonical, "GET\n", 4);
        assert_memory_equal(canonical + 4, rows[i].expected, strlen(rows[i].expected));
        assert_int_equal(canonical[4 + strlen(rows[i].expected)], '\n');
        arena_free(&arena);
    }
}

/* ---- --sign ---- */

static void line_sign(const char *line)
{
    struct arena arena;
    cJSON *one = cJSON_Parse(line);
    struct http_header headers[HEADERS_MAX];
    size_t count = 0;
    const cJSON *pair;

    if (one == NULL) {
        puts("not JSON");
        return;
    }
    arena_init(&arena);
    cJSON_ArrayForEach(pair, cJSON_GetObjectItem(one, "headers"))
    {
        if (count < HEADERS_MAX) {
            headers[count++] =
                (struct http_header){cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)),
                                     cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1))};
        }
    }
    puts(sigv4_authorization(
        &(const struct sigv4_request){.method = context_text(one, "method"),
                                      .path = context_text(one, "path"),
                                      .query = context_text(one, "query"),
                                      .headers = headers,
                                      .header_count = count,
                                      .body = context_text(one, "body"),
                                      .body_length = strlen(context_text(one, "body")),
                                      .normalize_path = true,
                                      .double_encode_path = true},
        &(const struct sigv4_scope){
            .access_key = context_text(one, "access_key"),
            .secret_key = context_text(one, "secret_key"),
            .region = context_text(one, "region"),
            .service = context_text(one, "service"),
            .now_s = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(one, "now_s"))},
        &arena));
    cJSON_Delete(one);
    arena_free(&arena);
}

static int lines_sign(void)
{
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        line_sign(line);
    }
    free(line);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_of_the_published_suite_come_out_alike),
        cmocka_unit_test(a_form_post_is_signed_as_botocore_signs_it),
        cmocka_unit_test(dates_are_written_in_utc),
        cmocka_unit_test(paths_and_queries_come_out_in_canonical_form),
    };

    if (argc == 2 && strcmp(argv[1], "--sign") == 0) {
        return lines_sign();
    }
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
