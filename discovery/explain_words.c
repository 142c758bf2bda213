/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain_words.c - times, endpoints and tags in words, and what is wrong with an
 * instance.
 */

#include "discovery/explain_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "discovery/fleet_internal.h"

enum { MS_A_SECOND = 1000, MS_A_MINUTE = 60 * MS_A_SECOND };

/* Ten years: no clock of a running host shows more; a time from before the start seems to be older.
 */
static const int64_t SPAN_MAX_MS = INT64_C(3650) * 24 * 60 * MS_A_MINUTE;

/* ---- pieces of sentences ---- */

void explain_say(const struct explain_place *place, struct explanation *explanation,
                 const char *rule, const char *format, ...)
{
    char sentence[4 * ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    if (explanation->rule == NULL) {
        explanation->rule = rule;
        explanation->text = arena_string(place->arena, sentence);
    } else {
        explanation->text = arena_format(place->arena, "%s %s", explanation->text, sentence);
    }
}

const char *explain_span(const struct explain_place *place, int64_t span_ms)
{
    if (span_ms < INT64_C(2) * MS_A_MINUTE) {
        return arena_format(place->arena, "%" PRId64 " s",
                            (span_ms < 0 ? 0 : span_ms) / MS_A_SECOND);
    }
    if (span_ms > SPAN_MAX_MS) {
        return "an unknown time";
    }
    return arena_format(place->arena, "%" PRId64 " min", span_ms / MS_A_MINUTE);
}

const char *explain_since(const struct explain_place *place, int64_t then_ms)
{
    return explain_span(place, place->now->now_ms - then_ms);
}

const char *explain_source_name(const struct explain_place *place)
{
    return place->fleet->settings->sources[place->source].name;
}

struct value_names explain_value_names(const struct explain_place *place)
{
    struct value_names names = place->fleet->settings->sources[place->source].names;

    return (struct value_names){
        .weight = names.weight == NULL ? "srv_weight" : names.weight,
        .address = names.address == NULL ? "ip_address" : names.address,
        .port = names.port == NULL ? "srv_port" : names.port,
        .hold = names.hold == NULL ? "srv_hold" : names.hold,
    };
}

int64_t explain_flap_s(const struct explain_place *place)
{
    return place->fleet->settings->zones[place->zone].ttl_seconds;
}

void explain_poll(const struct explain_place *place, const struct view_poll *poll,
                  struct explanation *explanation)
{
    explanation->poll = poll->number;
    /* A poll from before the start has a time that means nothing on this clock. */
    explanation->poll_age_ms = poll->number == 0 ? 0 : place->now->now_ms - poll->started_ms;
}

const struct view_poll *explain_newest_poll(const struct explain_place *place)
{
    return &place->fleet->views[place->source]->poll;
}

const char *explain_endpoint(const struct explain_place *place, const struct address *address,
                             uint16_t port)
{
    char text[ADDRESS_MAX_TEXT];

    (void)address_to_text(address, text);
    return arena_format(place->arena, address->length == ADDRESS_V4_LENGTH ? "%s:%u" : "[%s]:%u",
                        text, (unsigned)port);
}

const char *explain_hold(const struct explain_place *place, const struct hold *hold)
{
    char until[TIME_TEXT_SIZE] = "";
    const char *by = hold->by == NULL ? "" : hold->by;
    const char *reason = hold->reason == NULL ? "" : hold->reason;

    if (hold->until_s != 0) {
        (void)time_to_text(hold->until_s, until);
    }
    return arena_format(place->arena, "%s%s%s%s%s%s", until[0] == '\0' ? "" : " until ", until,
                        by[0] == '\0' ? "" : " by ", by, reason[0] == '\0' ? "" : ": ", reason);
}

/* ---- values that are wrong ---- */

static void say_bad_value(const struct explain_place *place, struct explanation *explanation,
                          enum membership_reason reason)
{
    const struct value_names names = explain_value_names(place);
    const char *rule = membership_reason_name(reason);
    const char *value = explanation->value == NULL ? "" : explanation->value;

    switch (reason) {
    case REASON_BAD_ID:
        explain_say(place, explanation, rule, "Its id, \"%s\", is no label of a DNS name.", value);
        break;
    case REASON_BAD_GROUP:
        explain_say(place, explanation, rule, "No group can have the name that it gives: \"%s\".",
                    value);
        break;
    case REASON_BAD_WEIGHT:
        explain_say(place, explanation, rule, "Its %s, \"%s\", is no number from 0 to 65535.",
                    names.weight, value);
        break;
    case REASON_NO_ADDRESS:
        explain_say(place, explanation, rule, "It has no address: neither %s nor a private one.",
                    names.address);
        break;
    case REASON_BAD_ADDRESS:
        explain_say(
            place, explanation, rule,
            "Its address (%s, else the private one), \"%s\", is none, or none that may be served.",
            names.address, value);
        break;
    case REASON_BAD_PORT:
        explain_say(place, explanation, rule, "Its %s, \"%s\", is no number from 1 to 65535.",
                    names.port, value);
        break;
    case REASON_BAD_HOLD:
        explain_say(place, explanation, rule, "Its %s, \"%s\", is not understood.", names.hold,
                    value);
        break;
    case REASON_BAD_ZONE:
        explain_say(place, explanation, rule, "Its availability zone, \"%s\", is no such name.",
                    value);
        break;
    default:
        break;
    }
}

void explain_say_reason(const struct explain_place *place, struct explanation *explanation,
                        enum membership_reason reason)
{
    const struct value_names names = explain_value_names(place);
    const char *rule = membership_reason_name(reason);
    const char *value = explanation->value == NULL ? "" : explanation->value;
    const char *group = explanation->group == NULL ? "" : explanation->group;

    switch (reason) {
    case REASON_NO_GROUP:
        explain_say(place, explanation, rule, "It is in no Auto Scaling group.");
        break;
    case REASON_GROUP_NOT_TAKEN:
        explain_say(place, explanation, rule,
                    "The groups that %s takes do not name its group, \"%s\".",
                    explain_source_name(place), group);
        break;
    case REASON_STATE_GONE:
        explain_say(place, explanation, rule, "Its state is %s.", value);
        break;
    case REASON_STATE_PENDING:
        explain_say(place, explanation, rule, "It is not running yet: its state is %s.", value);
        break;
    case REASON_STATE_UNKNOWN:
        explain_say(place, explanation, rule, "Its state, \"%s\", is none that rollcall knows.",
                    value);
        break;
    case REASON_NO_WEIGHT:
        explain_say(place, explanation, rule, "It has no %s.", names.weight);
        break;
    case REASON_MEMBER:
        break;
    default:
        say_bad_value(place, explanation, reason);
        break;
    }
}
