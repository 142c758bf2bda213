/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_explain.c - every rule in a word and a sentence, and every way to name
 * whom is meant. Views are made by hand where the guard would need many polls.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "discovery/explain.h"
#include "tests/unit/discovery/fleet_stage.h"

enum { NOW_MS = 100 * 1000 };

static const struct explanation *explained(struct stage *stage, const char *subject, size_t *count)
{
    const struct explanation *explanations = NULL;

    stage->now.now_ms = NOW_MS;
    *count = explain(stage->fleet, subject, &stage->now, &stage->arena, &explanations);
    return explanations;
}

/* The only one. */
static const struct explanation *one_explained(struct stage *stage, const char *subject)
{
    size_t count = 0;
    const struct explanation *explanations = explained(stage, subject, &count);

    if (count != 1) {
        fail_msg("%s: %zu", subject, count);
    }
    return explanations;
}

static void assert_rule(struct stage *stage, const char *subject, const char *rule,
                        const char *part)
{
    const struct explanation *explanation = one_explained(stage, subject);

    if (strcmp(explanation->rule, rule) != 0 || strstr(explanation->text, part) == NULL) {
        fail_msg("%s: %s: %s", subject, explanation->rule, explanation->text);
    }
}

/* A view of source 0, to be filled by hand. */
static struct view *view_make(void)
{
    struct view *view = view_new();

    view->poll = (struct view_poll){12, NOW_MS - 3000};
    return view;
}

static struct view_entry entry_make(const char *id, const char *group, uint8_t last_octet)
{
    return (struct view_entry){
        .accepted = {.id = id,
                     .group = group,
                     .az = "",
                     .address = {ADDRESS_V4_LENGTH, {10, 0, 0, last_octet}},
                     .weight = 65535,
                     .hold = {HOLD_NONE, 0, "", ""}},
        .changed = {7, NOW_MS - 60000},
    };
}

static struct view_entry *entry_add(struct view *view, const char *id, const char *group,
                                    uint8_t last_octet)
{
    const struct view_entry entry = entry_make(id, group, last_octet);

    return view_add(view, &entry);
}

static void view_give(struct stage *stage, struct view *view)
{
    fleet_restore(stage->fleet, 0, view);
    stage->zone.ttl_seconds = 10;
    stage_assemble(stage);
}

/* ---- members ---- */

static void a_member_is_told_with_what_it_is_served_as(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();
    const struct explanation *explanation = NULL;

    (void)entry_add(view, "i-1", "prod-web", 1);
    view_give(stage, view);
    explanation = one_explained(stage, "i-1");
    assert_string_equal(explanation->id, "i-1");
    assert_string_equal(explanation->source, "ec2 main");
    assert_string_equal(explanation->origin, "sd.example.com");
    assert_string_equal(explanation->group, "prod-web");
    assert_string_equal(explanation->cluster, "web");
    assert_true(explanation->is_served);
    assert_int_equal(explanation->weight, 65535);
    assert_string_equal(explanation->rule, "member");
    assert_string_equal(explanation->text,
                        "It is running, in group \"prod-web\", with a valid srv_weight. It is "
                        "served at 10.0.0.1:8443 with weight 65535.");
    assert_int_equal(explanation->poll, 7);
    assert_int_equal(explanation->poll_age_ms, 60000);
    assert_null(explanation->value);
    assert_int_equal(explanation->member->standing, STANDING_SERVED);
}

/* What is changed of a plain entry of cluster web, and what has to be said then. */
/* clang-format off */
static const struct {
    const char *why;
    struct hold hold;
    enum membership_reason reason;
    const char *value;
    unsigned missing_polls;
    bool is_untagged;
    bool is_frozen;
    uint16_t weight;
    const char *rule;
    const char *part;
    bool is_served;
    uint64_t poll;
} member_rows[] = {
    {"drained by a hold", {HOLD_DRAIN, 4102444800, "ann", "new kernel"}, REASON_MEMBER, NULL, 0, false, false, 9,
     "hold-drain", "Its srv_hold drains it: drain until 2100-01-01T00:00:00Z by ann: new kernel. It is served at "
     "10.0.0.1:8443 with weight 0.", true, 7},
    {"in maintenance", {HOLD_MAINT, 0, "", ""}, REASON_MEMBER, NULL, 0, false, false, 9,
     "hold-maint", "Its srv_hold takes it out: maint.", false, 7},
    {"a hold that has ended", {HOLD_MAINT, 1000, "bob", ""}, REASON_MEMBER, NULL, 0, false, false, 9,
     "hold-expired", "Its hold has ended: maint until 1970-01-01T00:16:40Z by bob.", true, 7},
    {"weight 0 by its tag", {HOLD_NONE, 0, "", ""}, REASON_MEMBER, NULL, 0, false, false, 0,
     "weight-0", "Its srv_weight is 0", true, 7},
    {"a bad weight that is bridged", {HOLD_NONE, 0, "", ""}, REASON_BAD_WEIGHT, "heavy", 0, false, false, 9,
     "bad-weight", "Its srv_weight, \"heavy\", is no number from 0 to 65535. What it had before stays. It is served",
     true, 12},
    {"a bad port", {HOLD_NONE, 0, "", ""}, REASON_BAD_PORT, "0", 0, false, false, 9,
     "bad-port", "Its srv_port, \"0\", is no number from 1", true, 12},
    {"a bad address", {HOLD_NONE, 0, "", ""}, REASON_BAD_ADDRESS, "127.0.0.1", 0, false, false, 9,
     "bad-address", "\"127.0.0.1\"", true, 12},
    {"no address", {HOLD_NONE, 0, "", ""}, REASON_NO_ADDRESS, NULL, 0, false, false, 9,
     "no-address", "neither ip_address nor a private one", true, 12},
    {"a bad hold", {HOLD_NONE, 0, "", ""}, REASON_BAD_HOLD, "drian", 0, false, false, 9,
     "bad-hold", "Its srv_hold, \"drian\", is not understood.", true, 12},
    {"a bad group", {HOLD_NONE, 0, "", ""}, REASON_BAD_GROUP, "a b", 0, false, false, 9,
     "bad-group", "\"a b\"", true, 12},
    {"a bad zone", {HOLD_NONE, 0, "", ""}, REASON_BAD_ZONE, "?", 0, false, false, 9,
     "bad-zone", "Its availability zone", true, 12},
    {"absent once", {HOLD_NONE, 0, "", ""}, REASON_MEMBER, NULL, 1, false, false, 9,
     "absent", "It is absent since 3 s: one poll may miss a living instance, it takes 2, 2 s apart.", true, 12},
    {"without its weight tag", {HOLD_NONE, 0, "", ""}, REASON_MEMBER, NULL, 1, true, false, 9,
     "untagged", "Its srv_weight is missing since 3 s", true, 12},
    {"frozen", {HOLD_NONE, 0, "", ""}, REASON_MEMBER, NULL, 2, false, true, 9,
     "frozen", "It is absent, but 6 of 10 members of cluster web went at once: they are kept until 3 polls in a row "
     "miss the same ones and 60 s have passed (so far 2 polls, 40 s), or until rollcall accept web.", true, 12},
    {"frozen and drained", {HOLD_DRAIN, 0, "", ""}, REASON_MEMBER, NULL, 2, false, true, 9,
     "frozen", "rollcall accept web. Its srv_hold drains it: drain. It is served", true, 12},
};
/* clang-format on */

static void every_rule_about_a_member_is_said(void **state)
{
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(member_rows) / sizeof(member_rows[0]); i++) {
        struct view *view = view_make();
        struct view_entry entry = entry_make("i-1", "web", 1);
        struct view_freeze freeze = {.cluster = "web",
                                     .member_count = 10,
                                     .held_count = 6,
                                     .since_ms = NOW_MS - 40000,
                                     .identical_polls = 2};
        const struct explanation *explanation = NULL;

        stage->now.now_s = 5000;
        entry.accepted.hold = member_rows[i].hold;
        entry.accepted.weight = member_rows[i].weight;
        entry.reason = member_rows[i].reason;
        entry.value = member_rows[i].value;
        entry.missing_polls = member_rows[i].missing_polls;
        entry.last_missing_ms = NOW_MS - 3000;
        entry.is_untagged = member_rows[i].is_untagged;
        entry.is_frozen = member_rows[i].is_frozen;
        (void)view_add(view, &entry);
        view->freezes = arena_copy(&view->arena, &freeze, sizeof(freeze));
        view->freeze_count = 1;
        view_give(stage, view);

        print_message("%s\n", member_rows[i].why);
        assert_rule(stage, "i-1", member_rows[i].rule, member_rows[i].part);
        explanation = one_explained(stage, "i-1");
        assert_int_equal(explanation->is_served, member_rows[i].is_served);
        assert_int_equal(explanation->poll, member_rows[i].poll);
        if (member_rows[i].value != NULL) {
            assert_string_equal(explanation->value, member_rows[i].value);
        }
    }
}

static void a_change_that_waits_says_what_it_waits_for(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();
    struct view_entry entry = entry_make("i-1", "web", 1);
    struct accepted wanted = entry.accepted;

    entry.accepted.hold.kind = HOLD_MAINT;
    wanted.weight = 100;
    wanted.address.octets[3] = 9;
    wanted.port = 80;
    entry.wanted = &wanted;
    entry.wanted_since_ms = NOW_MS - 4000;
    (void)view_add(view, &entry);
    view_give(stage, view);
    assert_rule(stage, "i-1", "settling",
                "what it says now (weight 100 at 10.0.0.9:80, hold none), for 4 s so far, is "
                "served by the first look that finds it so for 10 s. Until then the srv_hold that "
                "it had takes it out");
}

static void what_comes_from_disk_says_so(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();

    (void)entry_add(view, "i-1", "web", 1);
    view->is_restored = true;
    view_give(stage, view);
    assert_rule(stage, "i-1", "restored", "known from disk");
    assert_int_equal(one_explained(stage, "i-1")->poll, 0);
}

static void standby_is_said(void **state)
{
    static const char *const ids[] = {"i-1"};
    struct stage *stage = *state;
    struct view *view = view_make();

    (void)entry_add(view, "i-1", "web", 1);
    (void)fleet_set_standby(stage->fleet, 0, ids, 1);
    view_give(stage, view);
    assert_rule(stage, "i-1", "standby", "with weight 0");
}

static void who_is_left_out_by_the_others_is_told_by_whom(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();
    const struct instance mine[] = {fixture_instance("i-2", "both", "10.0.9.2"),
                                    fixture_instance("i-9", "both", "10.0.9.9")};
    size_t count = 0;
    const struct explanation *explanations = NULL;

    (void)entry_add(view, "i-1", "prod-web", 1);
    (void)entry_add(view, "i-2", "both", 2);
    (void)entry_add(view, "i-3", "web", 3);
    (void)entry_add(view, "i-4", "not a name", 4);
    view_give(stage, view);
    assert_rule(stage, "i-2", "waiting", "a source of the zone has not delivered yet");
    assert_rule(stage, "i-3", "name-taken",
                "The name of cluster web belongs to group \"prod-web\" of ec2 main");
    assert_rule(stage, "i-4", "no-cluster", "\"not a name\", makes no cluster's name");
    assert_null(one_explained(stage, "i-4")->cluster);
    stage_poll(stage, 1, mine, 2);
    stage_assemble(stage);
    explanations = explained(stage, "i-2", &count);
    assert_int_equal(count, 2);
    assert_string_equal(explanations[0].rule, "member");
    assert_string_equal(explanations[1].source, "file on-prem");
    assert_string_equal(explanations[1].rule, "repeated");
    assert_non_null(strstr(explanations[1].text, "of ec2 main is served in its place"));
    assert_false(explanations[1].is_served);
}

static void a_missing_port_and_a_limit_are_said(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();

    stage->sources[0].rules.port = 0;
    for (size_t i = 0; i <= FLEET_MAX_MEMBERS; i++) {
        (void)entry_add(view, arena_format(&view->arena, "i-%05zu", i), i == 0 ? "zoo" : "web", 1);
    }
    view_give(stage, view);
    assert_rule(stage, "i-00000", "no-port", "not its srv_port, not cluster zoo, not ec2 main");
    view = view_make();
    for (size_t i = 0; i <= FLEET_MAX_MEMBERS; i++) {
        (void)entry_add(view, arena_format(&view->arena, "i-%05zu", i), "web", 1);
    }
    view_give(stage, view);
    assert_rule(stage, "i-04096", "over-limit", "more than 4096 members");
}

static void one_that_stays_a_while_says_until_when(void **state)
{
    struct instance instances[] = {fixture_instance("i-1", "web", "10.0.0.1"),
                                   fixture_instance("i-2", "web", "10.0.0.2")};
    struct stage *stage = *state;
    const struct explanation *explanations = NULL;
    size_t count = 0;

    stage->now.now_ms = NOW_MS - 1000;
    stage_poll(stage, 0, instances, 1);
    stage_assemble(stage);
    instances[0].state = STATE_TERMINATED;
    stage_poll(stage, 0, instances, 2);
    stage_assemble(stage);
    explanations = explained(stage, "i-1", &count);
    assert_true(count >= 1);
    assert_string_equal(explanations[0].rule, "overlap");
    assert_non_null(strstr(explanations[0].text, "with weight 0"));
    assert_non_null(strstr(explanations[0].text, "for 9 s more"));
    assert_true(explanations[0].is_served);
}

/* ---- those who are no members ---- */

static void every_rule_about_an_outsider_is_said(void **state)
{
    /* clang-format off */
    static const struct {
        enum membership_reason reason;
        const char *group;
        const char *value;
        const char *rule;
        const char *part;
    } rows[] = {
        {REASON_MEMBER, "web", NULL, "settling", "good since 6 s, and is taken by the first look that finds it so for 10 s"},
        {REASON_NO_GROUP, NULL, NULL, "no-group", "in no Auto Scaling group"},
        {REASON_GROUP_NOT_TAKEN, "other", NULL, "group-not-taken", "that ec2 main takes do not name its group, \"other\""},
        {REASON_STATE_GONE, "web", "terminated", "state-gone", "Its state is terminated."},
        {REASON_STATE_PENDING, "web", "pending", "state-pending", "not running yet: its state is pending"},
        {REASON_STATE_UNKNOWN, "web", "odd", "state-unknown", "\"odd\""},
        {REASON_NO_WEIGHT, "web", NULL, "no-weight", "It has no srv_weight."},
        {REASON_BAD_ID, "web", "i 1", "bad-id", "\"i 1\", is no label"},
        {REASON_BAD_WEIGHT, "web", "70000", "bad-weight", "\"70000\""},
    };
    /* clang-format on */
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct view *view = view_make();
        const struct view_outsider outsider = {
            .id = "i-1",
            .group = rows[i].group,
            .reason = rows[i].reason,
            .value = rows[i].value,
            .since = {9, NOW_MS - 8000},
            .good_since_ms = NOW_MS - 6000
        };
        const struct explanation *explanation = NULL;

        view->outsiders = arena_copy(&view->arena, &outsider, sizeof(outsider));
        view->outsider_count = 1;
        view_give(stage, view);
        print_message("%s\n", rows[i].rule);
        assert_rule(stage, "i-1", rows[i].rule, rows[i].part);
        explanation = one_explained(stage, "I-1");
        assert_false(explanation->is_served);
        assert_null(explanation->member);
        assert_int_equal(explanation->poll, 9);
        assert_int_equal(explanation->poll_age_ms, 8000);
        assert_ptr_equal(explanation->value, rows[i].value);
    }
}

static void who_has_gone_is_told_with_when_and_why(void **state)
{
    const struct view_departure departures[] = {
        {.id = "i-1", .group = "web", .reason = REASON_STATE_GONE, .at = {3, NOW_MS - 90000}},
        {.id = "i-1", .group = "web", .reason = REASON_MEMBER,     .at = {5, NOW_MS - 70000}},
        {.id = "i-2", .group = "web", .reason = REASON_NO_WEIGHT,  .at = {5, NOW_MS - 70000}},
    };
    const struct view_outsider outsider = {
        .id = "i-2", .group = "web", .reason = REASON_NO_WEIGHT, .since = {5, NOW_MS - 70000}
    };
    struct stage *stage = *state;
    struct view *view = view_make();

    view->departures = arena_copy(&view->arena, departures, sizeof(departures));
    view->departure_count = 3;
    view->outsiders = arena_copy(&view->arena, &outsider, sizeof(outsider));
    view->outsider_count = 1;
    view_give(stage, view);
    assert_rule(stage, "i-1", "departed",
                "It was a member, and was absent for long enough. It was a member until 70 s ago.");
    assert_int_equal(one_explained(stage, "i-1")->poll, 5);
    assert_rule(stage, "i-2", "no-weight", "It has no srv_weight. It was a member until 70 s ago.");
}

static void the_names_of_tags_are_those_of_the_source(void **state)
{
    struct stage *stage = *state;
    struct view *view = view_make();

    entry_add(view, "i-1", "web", 1)->accepted.weight = 0;
    stage->sources[0].names.weight = "my:weight";
    view_give(stage, view);
    assert_rule(stage, "i-1", "weight-0", "Its my:weight is 0");
}

/* ---- who is meant ---- */

static void everybody_is_found_by_every_name(void **state)
{
    static const struct {
        const char *subject;
        size_t count;
    } rows[] = {
        {"i-1",                           1},
        {"I-1",                           1},
        {"i-3",                           1},
        {"10.0.0.1",                      1},
        {"10.0.0.1.",                     1},
        {"ip-10-0-0-1",                   1},
        {"ip-10-0-0-1.sd.example.com",    1},
        {"IP-10-0-0-1.SD.example.COM.",   1},
        {"web",                           3},
        {"WEB",                           3},
        {"web.sd.example.com",            3},
        {"_web._tcp",                     3},
        {"_web._tcp.sd.example.com.",     3},
        {"zoo",                           1},
        {"",                              0},
        {".",                             0},
        {"i-",                            0},
        {"10.0.0.2",                      0},
        {"10.0.0",                        0},
        {"sd.example.com",                0},
        {"web.other.example.com",         0},
        {"_web._udp.sd.example.com",      0},
        {"ip-10-0-0-1.other.example.com", 0},
        {"a\nb",                          0},
    };
    struct zone zone = {.cluster_name = "_{group}._tcp", .target_names = TARGET_ADDRESS};
    const struct view_outsider outsider = {
        .id = "i-3", .group = "prod-web", .reason = REASON_NO_WEIGHT, .since = {5, 0}
    };
    struct stage *stage = *state;
    struct view *view = view_make();

    assert_true(name_from_text(&zone.origin, "sd.example.com", NULL));
    stage->zone.zone = &zone;
    (void)entry_add(view, "i-1", "prod-web", 1);
    (void)entry_add(view, "i-2", "prod-web", 9);
    (void)entry_add(view, "i-4", "zoo", 4);
    view->outsiders = arena_copy(&view->arena, &outsider, sizeof(outsider));
    view->outsider_count = 1;
    view_give(stage, view);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t count = 0;

        (void)explained(stage, rows[i].subject, &count);
        if (count != rows[i].count) {
            fail_msg("%s: %zu", rows[i].subject, count);
        }
    }
}

static void a_subject_of_any_length_is_harmless(void **state)
{
    struct stage *stage = *state;
    char subject[4000];
    struct view *view = view_make();
    size_t count = 0;

    (void)entry_add(view, "i-1", "web", 1);
    view_give(stage, view);
    memset(subject, 'a', sizeof(subject) - 1);
    subject[sizeof(subject) - 1] = '\0';
    (void)explained(stage, subject, &count);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(a_member_is_told_with_what_it_is_served_as),
        STAGE_TEST(every_rule_about_a_member_is_said),
        STAGE_TEST(a_change_that_waits_says_what_it_waits_for),
        STAGE_TEST(what_comes_from_disk_says_so),
        STAGE_TEST(standby_is_said),
        STAGE_TEST(who_is_left_out_by_the_others_is_told_by_whom),
        STAGE_TEST(a_missing_port_and_a_limit_are_said),
        STAGE_TEST(one_that_stays_a_while_says_until_when),
        STAGE_TEST(every_rule_about_an_outsider_is_said),
        STAGE_TEST(who_has_gone_is_told_with_when_and_why),
        STAGE_TEST(the_names_of_tags_are_those_of_the_source),
        STAGE_TEST(everybody_is_found_by_every_name),
        STAGE_TEST(a_subject_of_any_length_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
