/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_event_log.c - what an operator reads about a member.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "discovery/log.h"
#include "server/event_log.h"

/* The last line. */
static char written[LOG_LINE_SIZE];
static enum log_level written_level;

static void sink(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    written_level = level;
    assert_true(length < sizeof(written));
    memcpy(written, line, length);
    written[length] = '\0';
}

static int sink_setup(void **state)
{
    (void)state;
    log_set_sink(sink, NULL);
    return 0;
}

static int sink_teardown(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    return 0;
}

/* A member at 10.0.0.1 with a hold. */
static struct accepted member(struct hold hold)
{
    return (struct accepted){
        .id = "i-1",
        .group = "web",
        .az = "",
        .address = {ADDRESS_V4_LENGTH, {10, 0, 0, 1}},
        .weight = 65535,
        .hold = hold,
    };
}

static void change_write(enum view_event_kind kind, const struct accepted *before,
                         const struct accepted *after)
{
    event_log_write("ec2 main", &(struct view_event){
                                    .kind = kind,
                                    .id = "i-1",
                                    .group = "web",
                                    .before = before,
                                    .after = after,
                                });
}

static void assert_written(const char *text, bool is_there)
{
    if ((strstr(written, text) != NULL) != is_there) {
        fail_msg("%s %s in: %s", text, is_there ? "is not" : "is", written);
    }
}

static void a_hold_that_comes_is_shown_with_who_and_why(void **state)
{
    const struct accepted before = member((struct hold){HOLD_NONE, 0, "", ""});
    const struct accepted after =
        member((struct hold){HOLD_DRAIN, 1787331600, "ann", "new kernel"});

    (void)state;
    change_write(EVENT_CHANGED, &before, &after);
    assert_written("instance=i-1", true);
    assert_written(" hold=drain ", true);
    assert_written("hold-until=2026-08-21T17:00:00Z", true);
    assert_written("hold-by=ann", true);
    assert_written("hold-reason=\"new kernel\"", true);
    assert_written("old-hold=none", true);
}

static void a_hold_that_goes_is_shown(void **state)
{
    const struct accepted before = member((struct hold){HOLD_MAINT, 0, "ann", ""});
    const struct accepted after = member((struct hold){HOLD_NONE, 0, "", ""});

    (void)state;
    change_write(EVENT_CHANGED, &before, &after);
    assert_written(" hold=none", true);
    assert_written("old-hold=maint", true);
    assert_written("hold-until", false);
}

static void a_member_without_a_hold_says_nothing_of_it(void **state)
{
    const struct accepted one = member((struct hold){HOLD_NONE, 0, "", ""});
    struct accepted other = one;

    (void)state;
    other.weight = 7;
    change_write(EVENT_CHANGED, &one, &other);
    assert_written("weight=7", true);
    assert_written("hold", false);
    change_write(EVENT_ADDED, NULL, &one);
    assert_written("hold", false);
}

static void a_newcomer_with_a_hold_shows_it(void **state)
{
    const struct accepted after = member((struct hold){HOLD_MAINT, 0, "", "x"});

    (void)state;
    change_write(EVENT_ADDED, NULL, &after);
    assert_written(" hold=maint ", true);
    assert_written("old-hold", false);
}

static const struct accepted plain = {
    .id = "i-1",
    .group = "web",
    .az = "",
    .address = {ADDRESS_V4_LENGTH, {10, 0, 0, 1}},
    .weight = 65535
};
static const struct accepted drained = {
    .id = "i-1",
    .group = "web",
    .az = "",
    .address = {ADDRESS_V4_LENGTH, {10, 0, 0, 1}},
    .weight = 0
};

/* What an event says, and how loud. */
static const struct {
    const char *why;
    struct view_event event;
    enum log_level level;
    const char *line;
} rows[] = {
    {"a new member with all that is served",
     {EVENT_ADDED, "i-1", "web", {MEMBERSHIP_IN, REASON_MEMBER, NULL}, NULL, &plain, NULL, 0},
     LEVEL_NOTICE,  "event=\"member added\" source=\"ec2 main\" instance=i-1 group=web address=10.0.0.1 "
     "weight=65535\n"                                                                         },
    {"a change with what was before",
     {EVENT_CHANGED, "i-1", "web", {MEMBERSHIP_IN, REASON_MEMBER, NULL}, &plain, &drained, NULL, 0},
     LEVEL_NOTICE,  "event=\"member changed\" source=\"ec2 main\" instance=i-1 group=web address=10.0.0.1 "
     "weight=0 old-address=10.0.0.1 old-weight=65535\n"                                       },
    {"a removal by state",
     {EVENT_REMOVED,
      "i-1",
      "web",
      {MEMBERSHIP_OUT, REASON_STATE_GONE, "terminated"},
      &plain,
      NULL,
      NULL,
      0},
     LEVEL_NOTICE,  "event=\"member removed\" source=\"ec2 main\" instance=i-1 group=web reason=state-gone "
     "value=terminated address=10.0.0.1 weight=65535\n"                                       },
    {"a removal by absence has no rule of membership behind it",
     {EVENT_REMOVED, "i-1", "web", {MEMBERSHIP_OUT, REASON_MEMBER, NULL}, &plain, NULL, NULL, 0},
     LEVEL_NOTICE,  "event=\"member removed\" source=\"ec2 main\" instance=i-1 group=web reason=absent "
     "address=10.0.0.1 weight=65535\n"                                                        },
    {"a hostile value stays on its line",
     {EVENT_BAD_VALUE,
      "i-1",
      "web",
      {MEMBERSHIP_IN, REASON_BAD_WEIGHT, "1\n<3>event=forged"},
      &plain,
      &plain,
      NULL,
      0},
     LEVEL_WARNING, "event=\"bad value on one instance\" source=\"ec2 main\" instance=i-1 group=web "
     "reason=bad-weight value=\"1\\x0a<3>event=forged\" address=10.0.0.1 weight=65535\n"     },
    {"a freeze names the cluster and how many are kept",
     {EVENT_FROZEN, NULL, NULL, {MEMBERSHIP_KEEP, REASON_MEMBER, NULL}, NULL, NULL, "web", 6},
     LEVEL_ERROR,   "event=\"too many members gone at once, kept\" source=\"ec2 main\" cluster=web members=6\n" },
    {"a thaw likewise",
     {EVENT_THAWED, NULL, NULL, {MEMBERSHIP_KEEP, REASON_MEMBER, NULL}, NULL, NULL, "web", 6},
     LEVEL_NOTICE,  "event=\"members are not held back any longer\" source=\"ec2 main\" cluster=web members=6\n"},
    {"a member that has to settle shows what it is served as",
     {EVENT_FLAPPING,
      "i-1",
      "web",
      {MEMBERSHIP_KEEP, REASON_MEMBER, NULL},
      &drained,
      &drained,
      NULL,
      0},
     LEVEL_NOTICE,  "event=\"member had just changed, has to settle\" source=\"ec2 main\" instance=i-1 group=web "
     "address=10.0.0.1 weight=0\n"                                                            },
    {"an event about a whole poll names the source alone",
     {EVENT_EMPTY_POLL, NULL, NULL, {MEMBERSHIP_KEEP, REASON_MEMBER, NULL}, NULL, NULL, NULL, 0},
     LEVEL_WARNING, "event=\"poll found no instance at all, not believed\" source=\"ec2 main\"\n"               },
};

static void every_event_is_one_line_that_tells_what_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        written[0] = '\0';
        event_log_write("ec2 main", &rows[i].event);
        print_message("%s\n", rows[i].why);
        assert_string_equal(written, rows[i].line);
        assert_int_equal(written_level, rows[i].level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_one_line_that_tells_what_and_why),
        cmocka_unit_test(a_hold_that_comes_is_shown_with_who_and_why),
        cmocka_unit_test(a_hold_that_goes_is_shown),
        cmocka_unit_test(a_member_without_a_hold_says_nothing_of_it),
        cmocka_unit_test(a_newcomer_with_a_hold_shows_it),
    };

    return cmocka_run_group_tests(tests, sink_setup, sink_teardown);
}
