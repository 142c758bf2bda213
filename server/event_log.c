/* SPDX-License-Identifier: MIT */

/*
 * server/event_log.c - one line per change, in the words of an operator: what, who, by which rule.
 */

#include "server/event_log.h"

#include <stdio.h>

#include "discovery/log.h"

/* A line has at most this many fields; see log_member() and fields_add_hold(). */
enum { FIELD_LIMIT = 16 };

/* What each kind of event is called, and how loud it is. */
static const struct {
    enum log_level level;
    const char *text;
} event_words[] = {
    [EVENT_ADDED] = {LEVEL_NOTICE,  "member added"                               },
    [EVENT_REMOVED] = {LEVEL_NOTICE,  "member removed"                             },
    [EVENT_CHANGED] = {LEVEL_NOTICE,  "member changed"                             },
    [EVENT_BAD_VALUE] = {LEVEL_WARNING, "bad value on one instance"                  },
    [EVENT_ABSENT] = {LEVEL_INFO,    "member absent from one poll, kept"          },
    [EVENT_EMPTY_POLL] = {LEVEL_WARNING, "poll found no instance at all, not believed"},
    [EVENT_POLL_TOO_OLD] = {LEVEL_INFO,    "poll began before a newer one, discarded"   },
    [EVENT_FROZEN] = {LEVEL_ERROR,   "too many members gone at once, kept"        },
    [EVENT_THAWED] = {LEVEL_NOTICE,  "members are not held back any longer"       },
    [EVENT_FLAPPING] = {LEVEL_NOTICE,  "member had just changed, has to settle"     },
};

/* The hold that is written on the instance, if there is one, or the end of the one that was.
 * `until` must live as long as the fields. */
static size_t fields_add_hold(struct log_field *fields, size_t count,
                              const struct view_event *event, char until[TIME_TEXT_SIZE])
{
    const struct accepted *shown = event->after != NULL ? event->after : event->before;
    bool was_held = event->before != NULL && event->before->hold.kind != HOLD_NONE;

    if (shown == NULL || (shown->hold.kind == HOLD_NONE && !was_held)) {
        return count;
    }
    fields[count++] = log_text("hold", hold_kind_name(shown->hold.kind));
    if (shown->hold.until_s != 0) {
        fields[count++] = log_text("hold-until", time_to_text(shown->hold.until_s, until));
    }
    if (shown->hold.kind != HOLD_NONE) {
        fields[count++] = log_text("hold-by", shown->hold.by);
        fields[count++] = log_text("hold-reason", shown->hold.reason);
    }
    if (event->kind == EVENT_CHANGED && event->before != NULL) {
        fields[count++] = log_text("old-hold", hold_kind_name(event->before->hold.kind));
    }
    return count;
}

static void log_member(const char *source_name, const struct view_event *event)
{
    const struct accepted *shown = event->after != NULL ? event->after : event->before;
    char address[ADDRESS_MAX_TEXT];
    char old_address[ADDRESS_MAX_TEXT];
    char until[TIME_TEXT_SIZE];
    struct log_field fields[FIELD_LIMIT];
    size_t count = 0;

    if (source_name != NULL) {
        fields[count++] = log_text("source", source_name);
    }
    fields[count++] = log_text("instance", event->id);
    fields[count++] = log_text("group", event->group);
    if (event->decision.reason != REASON_MEMBER) {
        fields[count++] = log_text("reason", membership_reason_name(event->decision.reason));
    } else if (event->kind == EVENT_REMOVED) {
        fields[count++] = log_text("reason", "absent");
    }
    if (event->decision.value != NULL) {
        fields[count++] = log_text("value", event->decision.value);
    }
    if (shown != NULL) {
        fields[count++] = log_text("address", address_to_text(&shown->address, address));
        fields[count++] = log_number("weight", shown->weight);
    }
    if (event->kind == EVENT_CHANGED && event->before != NULL) {
        fields[count++] =
            log_text("old-address", address_to_text(&event->before->address, old_address));
        fields[count++] = log_number("old-weight", event->before->weight);
    }
    count = fields_add_hold(fields, count, event, until);
    log_write(event_words[event->kind].level, event_words[event->kind].text, fields, count);
}

/* What happened to a whole cluster, or to a whole poll. */
static void log_many(const char *source_name, const struct view_event *event)
{
    struct log_field fields[FIELD_LIMIT];
    size_t count = 0;

    if (source_name != NULL) {
        fields[count++] = log_text("source", source_name);
    }
    if (event->cluster != NULL) {
        fields[count++] = log_text("cluster", event->cluster);
        fields[count++] = log_number("members", (int64_t)event->count);
    }
    log_write(event_words[event->kind].level, event_words[event->kind].text, fields, count);
}

void event_log_write(const char *source_name, const struct view_event *event)
{
    if (event->id == NULL) {
        log_many(source_name, event);
    } else {
        log_member(source_name, event);
    }
}
