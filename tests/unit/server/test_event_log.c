/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_event_log.c - the lines that operators read about members.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/log.h"
#include "server/event_log.h"

static char last_line[LOG_LINE_SIZE];
static enum log_level last_level;

static void keep_line(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    last_level = level;
    memcpy(last_line, line, length);
    last_line[length] = '\0';
}

static const struct accepted member = {
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
     {EVENT_ADDED, "i-1", "web", {MEMBERSHIP_IN, REASON_MEMBER, NULL}, NULL, &member},
     LEVEL_NOTICE,  "event=\"member added\" source=\"ec2 main\" instance=i-1 group=web address=10.0.0.1 "
     "weight=65535\n"                                                                  },
    {"a change with what was before",
     {EVENT_CHANGED, "i-1", "web", {MEMBERSHIP_IN, REASON_MEMBER, NULL}, &member, &drained},
     LEVEL_NOTICE,  "event=\"member changed\" source=\"ec2 main\" instance=i-1 group=web address=10.0.0.1 "
     "weight=0 old-address=10.0.0.1 old-weight=65535\n"                                },
    {"a removal by state",
     {EVENT_REMOVED,
      "i-1",
      "web",
      {MEMBERSHIP_OUT, REASON_STATE_GONE, "terminated"},
      &member,
      NULL},
     LEVEL_NOTICE,  "event=\"member removed\" source=\"ec2 main\" instance=i-1 group=web reason=state-gone "
     "value=terminated address=10.0.0.1 weight=65535\n"                                },
    {"a removal by absence has no rule of membership behind it",
     {EVENT_REMOVED, "i-1", "web", {MEMBERSHIP_OUT, REASON_MEMBER, NULL}, &member, NULL},
     LEVEL_NOTICE,  "event=\"member removed\" source=\"ec2 main\" instance=i-1 group=web reason=absent "
     "address=10.0.0.1 weight=65535\n"                                                 },
    {"a hostile value stays on its line",
     {EVENT_BAD_VALUE,
      "i-1",
      "web",
      {MEMBERSHIP_IN, REASON_BAD_WEIGHT, "1\n<3>event=forged"},
      &member,
      &member},
     LEVEL_WARNING, "event=\"bad value on one instance\" source=\"ec2 main\" instance=i-1 group=web "
     "reason=bad-weight value=\"1\\x0a<3>event=forged\" address=10.0.0.1 weight=65535\n"},
    {"an event about a whole poll names the source alone",
     {EVENT_EMPTY_POLL, NULL, NULL, {MEMBERSHIP_KEEP, REASON_MEMBER, NULL}, NULL, NULL},
     LEVEL_WARNING, "event=\"poll found no instance at all, not believed\" source=\"ec2 main\"\n"        },
};

static void every_event_is_one_line_that_tells_what_and_why(void **state)
{
    (void)state;
    log_set_sink(keep_line, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        last_line[0] = '\0';
        event_log_write("ec2 main", &rows[i].event);
        print_message("%s\n", rows[i].why);
        assert_string_equal(last_line, rows[i].line);
        assert_int_equal(last_level, rows[i].level);
    }
    log_set_sink(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_one_line_that_tells_what_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
