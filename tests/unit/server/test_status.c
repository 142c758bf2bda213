/* SPDX-License-Identifier: MIT */

/*
 * The status document of a whole site: two files as sources, a snapshot, load balancers. The clocks
 * are passed in.
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
#include <unistd.h>

#include "discovery/json.h"
#include "server/publisher.h"
#include "server/status.h"

enum {
    NOW_S = 1767323045, /* 2026-01-02T03:04:05Z */
    DEADLINE_MS = 30000,
};

static const char configuration[] =
    "listen = \"127.0.0.1:5300\"\n"
    "zone \"sd.example.com\" { nameservers = \"ns1.example.com\" }\n"
    "zone \"b.example.com\" { nameservers = \"ns1.example.com\"\n"
    "                       udp-size = 1000 }\n"
    "file \"a\" { zone = \"sd.example.com\" path = \"a.json\" }\n"
    "file \"b\" { zone = \"b.example.com\" path = \"b.json\" }\n";

static const char fleet[] =
    "{\"groups\":["
    "{\"name\":\"api\",\"members\":["
    "{\"id\":\"api-1\",\"address\":\"10.0.0.9\",\"port\":80,\"weight\":300}]},"
    "{\"name\":\"web\",\"members\":["
    "{\"id\":\"web-1\",\"address\":\"10.0.0.1\",\"weight\":65535,\"az\":\"az-a\"},"
    "{\"id\":\"web-2\",\"address\":\"10.0.0.2\",\"weight\":0},"
    "{\"id\":\"web-3\",\"address\":\"10.0.0.3\",\"weight\":100,"
    "\"hold\":\"drain until=2026-01-02T04:00:00Z by=ann reason=new \\\"kernel\\\"\"},"
    "{\"id\":\"web-4\",\"address\":\"10.0.0.4\",\"weight\":100,\"hold\":\"maint\"},"
    "{\"id\":\"web-5\",\"address\":\"10.0.0.5\",\"weight\":1,"
    "\"hold\":\"drain until=2026-01-02T03:00:00Z by=bob\"}]}]}";

struct scene {
    char folder[64];
    uv_loop_t loop;
    uv_timer_t deadline;
    struct site *site;
    struct publisher *publisher;
    struct seen_table *seen[2];
};

static void file_write(const struct scene *scene, const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s", scene->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void file_remove(const struct scene *scene, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", scene->folder, name);
    (void)unlink(path);
}

static void on_complaint(void *owner, const char *text)
{
    (void)owner;
    fail_msg("%s", text);
}

static void on_change(void *owner)
{
    struct scene *scene = owner;

    uv_stop(&scene->loop);
}

static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Run until the first source has delivered and the second, whose file is missing, has failed. */
static void first_looks_wait(struct scene *scene)
{
    assert_int_equal(uv_timer_start(&scene->deadline, on_deadline, DEADLINE_MS, 0), 0);
    while (uv_is_active((uv_handle_t *)&scene->deadline) &&
           (site_source(scene->site, 0)->look_count == 0 ||
            site_source(scene->site, 1)->failure_count == 0)) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_true(uv_is_active((uv_handle_t *)&scene->deadline));
    (void)uv_timer_stop(&scene->deadline);
}

static int scene_open(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    const struct site_listener listener = {.owner = scene, .on_change = on_change};
    struct config *config = NULL;
    struct error error;
    char path[128];

    (void)snprintf(scene->folder, sizeof(scene->folder), "/tmp/rollcall-status-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    file_write(scene, "rollcall.conf", configuration);
    file_write(scene, "a.json", fleet);
    (void)snprintf(path, sizeof(path), "%s/rollcall.conf", scene->folder);
    config = config_load(path, on_complaint, NULL);
    assert_non_null(config);

    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(uv_timer_init(&scene->loop, &scene->deadline), 0);
    scene->publisher = publisher_new();
    scene->seen[0] = seen_table_new();
    scene->seen[1] = seen_table_new();
    assert_true(site_new(&scene->site, config, &scene->loop, NULL, &listener, &error));
    site_start(scene->site);
    first_looks_wait(scene);
    *state = scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;

    site_free(scene->site);
    uv_close((uv_handle_t *)&scene->deadline, NULL);
    assert_int_equal(uv_run(&scene->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    publisher_free(scene->publisher);
    seen_table_free(scene->seen[0]);
    seen_table_free(scene->seen[1]);
    file_remove(scene, "a.json");
    file_remove(scene, "b.json");
    file_remove(scene, "rollcall.conf");
    assert_int_equal(rmdir(scene->folder), 0);
    free(scene);
    return 0;
}

/* The document as it is 1500 ms after the first source looked. */
static char *status_text(struct scene *scene, const char *cluster)
{
    const struct served_input input = {
        .site = scene->site,
        .snapshot =
            publisher_build(scene->publisher, scene->site, &(struct fleet_moment){.now_s = NOW_S}),
        .seen = (const struct seen_table *const *)scene->seen,
        .seen_count = 2,
        .now_s = NOW_S,
        .now_ms = site_source(scene->site, 0)->looked_ms + 1500};

    return status_to_json(&input, cluster);
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not there: %s\nin: %s", part, text);
    }
}

static void every_member_is_told_with_what_it_is_served_as(void **state)
{
    static const char *const parts[] = {
        "{\"version\":\"",
        "\"now\":\"2026-01-02T03:04:05Z\"",
        "{\"id\":\"web-1\",\"group\":\"web\",\"address\":\"10.0.0.1\",\"port\":443,\"az\":\"az-a\","
        "\"weight\":65535,\"served_weight\":65535,\"weight_haproxy\":256,\"state\":\"served\","
        "\"hold\":null,\"standby\":false,\"source\":\"file a\",\"problem\":null,\"kept\":null}",
        "{\"id\":\"web-2\",\"group\":\"web\",\"address\":\"10.0.0.2\",\"port\":443,\"az\":null,"
        "\"weight\":0,\"served_weight\":0,\"weight_haproxy\":0,\"state\":\"drained\"",
        "{\"id\":\"web-3\",\"group\":\"web\",\"address\":\"10.0.0.3\",\"port\":443,\"az\":null,"
        "\"weight\":100,\"served_weight\":0,\"weight_haproxy\":0,\"state\":\"drained\","
        "\"hold\":{\"kind\":\"drain\",\"until\":\"2026-01-02T04:00:00Z\",\"by\":\"ann\","
        "\"reason\":\"new \\\"kernel\\\"\",\"active\":true}",
        "\"state\":\"maint\",\"hold\":{\"kind\":\"maint\",\"until\":null,\"by\":\"\",\"reason\":"
        "\"\","
        "\"active\":true}",
        "\"weight\":1,\"served_weight\":1,\"weight_haproxy\":1,\"state\":\"served\","
        "\"hold\":{\"kind\":\"drain\",\"until\":\"2026-01-02T03:00:00Z\",\"by\":\"bob\","
        "\"reason\":\"\",\"active\":false}",
        "{\"id\":\"api-1\",\"group\":\"api\",\"address\":\"10.0.0.9\",\"port\":80,\"az\":null,"
        "\"weight\":300,\"served_weight\":300,\"weight_haproxy\":2,",
    };
    struct scene *scene = *state;
    char *text = status_text(scene, NULL);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        assert_holds(text, parts[i]);
    }
    free(text);
}

static void zones_and_sources_tell_how_complete_they_are(void **state)
{
    struct scene *scene = *state;
    char *text = status_text(scene, NULL);

    assert_holds(text, "{\"origin\":\"sd.example.com\",\"state\":\"complete\",\"stale\":false,"
                       "\"serial\":1767323045,"
                       "\"clusters\":[{\"name\":\"api\",");
    assert_holds(
        text,
        "{\"origin\":\"b.example.com\",\"state\":\"loading\",\"stale\":false,\"serial\":1767323045,"
        "\"clusters\":[]}");
    assert_holds(text, "{\"name\":\"file a\",\"looks\":1,\"failures\":0,\"age_ms\":1500,"
                       "\"members\":6,\"refused\":[],\"last_error\":null,\"restored\":false,"
                       "\"freezes\":[],\"waiting\":[]}");
    assert_holds(text,
                 "\"ready\":false,\"reasons\":[\"zone b.example.com: file b has not delivered "
                 "yet: /tmp/");
    assert_holds(text, "{\"name\":\"file b\",\"looks\":0,\"failures\":");
    assert_holds(text, "\"age_ms\":null,\"members\":0,\"refused\":[],\"last_error\":\"");
    assert_holds(text, "b.json: No such file or directory\"}]}");
    free(text);
}

static void the_answer_is_measured_as_tcp_carries_it(void **state)
{
    struct scene *scene = *state;
    char *text = status_text(scene, "api");

    /*
     * _api._tcp.sd.example.com: 26 octets. Header 12, question 26 + 4, SRV 2 + 10 + 6 + the target
     * ip-10-0-0-9.sd.example.com of 28, A 2 + 10 + 4, OPT 11.
     */
    assert_holds(text, "{\"name\":\"api\",\"srv_name\":\"_api._tcp.sd.example.com.\","
                       "\"generation\":1,\"answer_octets\":115,\"udp_limit_octets\":8192,");
    free(text);
}

static void load_balancers_are_put_together_from_every_worker(void **state)
{
    struct scene *scene = *state;
    int64_t now_ms = site_source(scene->site, 0)->looked_ms + 1500;
    struct address client;
    struct name srv_name;
    uint32_t key = 0;
    char *text = NULL;

    assert_true(name_from_text(&srv_name, "_web._tcp.sd.example.com", NULL));
    assert_true(address_parse(&client, "10.9.9.9"));
    key = snapshot_cluster_key(&srv_name);
    seen_note(scene->seen[0], &client, 5353, key, 1, now_ms - 700);
    seen_note(scene->seen[1], &client, 5354, key, 1, now_ms - 60000);
    text = status_text(scene, "web");
    assert_holds(text, "\"load_balancers\":[{\"address\":\"10.9.9.9\",\"port\":5353,"
                       "\"generation\":1,\"age_ms\":700,\"is_gone\":false,\"first_ms_ago\":700},"
                       "{\"address\":\"10.9.9.9\",\"port\":5354,\"generation\":1,"
                       "\"age_ms\":60000,\"is_gone\":true,\"first_ms_ago\":60000}]");
    free(text);
    text = status_text(scene, "api");
    assert_holds(text, "\"load_balancers\":[]");
    free(text);
}

static void one_cluster_alone_can_be_asked_for(void **state)
{
    struct scene *scene = *state;
    char *text = status_text(scene, "web");

    assert_holds(text, "\"name\":\"web\"");
    assert_null(strstr(text, "\"name\":\"api\""));
    assert_null(strstr(text, "b.example.com\""));
    assert_holds(text, "\"name\":\"file b\"");
    free(text);
    assert_null(status_text(scene, "nope"));
    assert_null(status_text(scene, ""));
    assert_null(status_text(scene, "we"));
}

static void the_document_is_json_that_our_reader_takes(void **state)
{
    struct scene *scene = *state;
    char *text = status_text(scene, NULL);
    struct error error = {""};
    struct json_document *document = json_parse(text, strlen(text), 1 << 20, &error);

    if (document == NULL) {
        fail_msg("%s: %s", error.text, text);
    }
    json_free(document);
    free(text);
}

static void a_refresh_makes_the_looks_grow(void **state)
{
    struct scene *scene = *state;
    int64_t before = site_source(scene->site, 0)->look_count;

    file_write(scene, "b.json", "{\"groups\":[]}");
    site_refresh(scene->site);
    assert_int_equal(uv_timer_start(&scene->deadline, on_deadline, DEADLINE_MS, 0), 0);
    while (uv_is_active((uv_handle_t *)&scene->deadline) &&
           (site_source(scene->site, 0)->look_count == before ||
            site_source(scene->site, 1)->look_count == 0)) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_true(uv_is_active((uv_handle_t *)&scene->deadline));
    assert_string_equal(site_source(scene->site, 1)->last_error.text, "");
    assert_true(site_source(scene->site, 1)->failure_count >= 1);
}

#define ON_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SCENE(every_member_is_told_with_what_it_is_served_as),
        ON_SCENE(zones_and_sources_tell_how_complete_they_are),
        ON_SCENE(the_answer_is_measured_as_tcp_carries_it),
        ON_SCENE(load_balancers_are_put_together_from_every_worker),
        ON_SCENE(one_cluster_alone_can_be_asked_for),
        ON_SCENE(the_document_is_json_that_our_reader_takes),
        ON_SCENE(a_refresh_makes_the_looks_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
