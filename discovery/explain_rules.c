/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain_rules.c - one sentence a rule. The first rule that holds gives the word.
 */

#include "discovery/explain_rules.h"

#include <inttypes.h>
#include <string.h>

#include "discovery/explain_words.h"
#include "discovery/fleet_internal.h"

enum { MS_A_SECOND = 1000 };

/* ---- members that are left out ---- */

static const char *owner_words(const struct explain_place *place, const char *cluster)
{
    const struct ownership *ownership = &place->fleet->ownerships[place->zone];

    for (size_t i = 0; i < ownership->count; i++) {
        if (strcmp(ownership->owners[i].cluster, cluster) == 0) {
            return arena_format(place->arena, "group \"%s\" of %s", ownership->owners[i].group,
                                ownership->owners[i].source);
        }
    }
    return "another group";
}

/* The source whose member of the same id is served. */
static const char *first_source(const struct explain_place *place,
                                const struct fleet_member *member)
{
    for (size_t i = 0; i < place->member_count; i++) {
        const struct fleet_member *other = &place->members[i];

        if (other->cluster != NULL && other->standing != STANDING_REPEATED &&
            other->standing != STANDING_OVERLAP && other->source != member->source &&
            strcmp(other->cluster, member->cluster) == 0 &&
            strcmp(other->entry->accepted.id, member->entry->accepted.id) == 0) {
            return place->fleet->settings->sources[other->source].name;
        }
    }
    return "another source";
}

/* "Its srv_hold", or the one that has been taken off and counts for a moment more. */
static const char *hold_words(const struct explain_place *place, const struct view_entry *entry)
{
    bool is_over =
        entry->wanted != NULL && !hold_equals(&entry->wanted->hold, &entry->accepted.hold);

    return arena_format(place->arena, is_over ? "Until then the %s that it had" : "Its %s",
                        explain_value_names(place).hold);
}

/* Why a member is not served by its own right. */
static void say_standing(const struct explain_place *place, const struct fleet_member *member,
                         struct explanation *explanation)
{
    const char *rule = fleet_standing_name(member->standing);
    const struct value_names names = explain_value_names(place);

    switch (member->standing) {
    case STANDING_NO_CLUSTER:
        explain_say(
            place, explanation, rule,
            "Its group's name, \"%s\", makes no cluster's name: the zone needs a rename rule.",
            explanation->group);
        break;
    case STANDING_NAME_TAKEN:
        explain_say(
            place, explanation, rule,
            "The name of cluster %s belongs to %s: the zone needs a rename rule, or the cluster "
            "merge.",
            member->cluster, owner_words(place, member->cluster));
        break;
    case STANDING_REPEATED:
        explain_say(place, explanation, rule,
                    "The member with this id of %s is served in its place.",
                    first_source(place, member));
        break;
    case STANDING_NO_PORT:
        explain_say(place, explanation, rule,
                    "Nobody gives a port: not its %s, not cluster %s, not %s.", names.port,
                    member->cluster, explain_source_name(place));
        break;
    case STANDING_OVER_LIMIT:
        explain_say(place, explanation, rule,
                    "There are more than %d members in its cluster, or more than %d clusters.",
                    FLEET_MAX_MEMBERS, FLEET_MAX_CLUSTERS);
        break;
    case STANDING_WAITING:
        explain_say(place, explanation, rule,
                    "Cluster %s merges groups, and a source of the zone has not delivered yet.",
                    member->cluster);
        break;
    case STANDING_OVERLAP:
        explain_say(
            place, explanation, rule,
            "It is gone, and so are all the others of its time: it stays with weight 0 beside "
            "those who took their place, for %s more.",
            explain_span(place, member->until_ms - place->now->now_ms));
        break;
    case STANDING_MAINT:
        explain_say(place, explanation, "hold-maint", "%s takes it out: maint%s.",
                    hold_words(place, member->entry),
                    explain_hold(place, &member->entry->accepted.hold));
        break;
    case STANDING_SERVED:
    default:
        break;
    }
}

/* ---- members that are kept against the poll ---- */

static void say_frozen(const struct explain_place *place, const struct fleet_member *member,
                       struct explanation *explanation)
{
    const struct view *view = place->fleet->views[place->source];
    const char *cluster = member->cluster == NULL ? explanation->group : member->cluster;
    const struct view_freeze *freeze = view_find_freeze(view, cluster);

    if (freeze == NULL) {
        explain_say(place, explanation, "frozen",
                    "It is absent, but too many of its cluster went at once: it is kept.");
        return;
    }
    explain_say(
        place, explanation, "frozen",
        "It is absent, but %zu of %zu members of cluster %s went at once: they are kept until %d "
        "polls in a row miss the same ones and %d s have passed (so far %u polls, %s), or until "
        "rollcall accept %s.",
        freeze->held_count, freeze->member_count, cluster, GUARD_FREEZE_POLLS,
        GUARD_FREEZE_MS / MS_A_SECOND, freeze->identical_polls,
        explain_since(place, freeze->since_ms), cluster);
}

static void say_missing(const struct explain_place *place, const struct view_entry *entry,
                        struct explanation *explanation)
{
    if (entry->is_untagged) {
        explain_say(
            place, explanation, "untagged",
            "Its %s is missing since %s: tags come late, so that counts as one absence of the %d "
            "that it takes, %d s apart.",
            explain_value_names(place).weight, explain_since(place, entry->last_missing_ms),
            GUARD_ABSENT_POLLS, GUARD_ABSENT_GAP_MS / MS_A_SECOND);
    } else {
        explain_say(
            place, explanation, "absent",
            "It is absent since %s: one poll may miss a living instance, it takes %d, %d s apart.",
            explain_since(place, entry->last_missing_ms), GUARD_ABSENT_POLLS,
            GUARD_ABSENT_GAP_MS / MS_A_SECOND);
    }
}

/* "weight 100, at 10.0.0.9:80, hold none": what would change. */
static const char *wanted_words(const struct explain_place *place, const struct accepted *now,
                                const struct accepted *wanted)
{
    const char *words = arena_format(place->arena, "weight %u", (unsigned)wanted->weight);

    if (address_compare(&wanted->address, &now->address) != 0 || wanted->port != now->port) {
        words = arena_format(place->arena, "%s at %s", words,
                             explain_endpoint(place, &wanted->address, wanted->port));
    }
    if (!hold_equals(&wanted->hold, &now->hold)) {
        words = arena_format(place->arena, "%s, hold %s", words, hold_kind_name(wanted->hold.kind));
    }
    if (strcmp(wanted->group, now->group) != 0) {
        words = arena_format(place->arena, "%s, group \"%s\"", words, wanted->group);
    }
    return words;
}

static void say_wanted(const struct explain_place *place, const struct view_entry *entry,
                       struct explanation *explanation)
{
    int64_t settling_ms =
        guard_settling_ms(&entry->accepted, entry->wanted, explain_flap_s(place) * MS_A_SECOND);

    explain_say(
        place, explanation, "settling",
        "It had changed a moment before: what it says now (%s), for %s so far, is served by the "
        "first look that finds it so for %" PRId64 " s.",
        wanted_words(place, &entry->accepted, entry->wanted),
        explain_since(place, entry->wanted_since_ms), settling_ms / MS_A_SECOND);
}

/* What the guard does about it, if anything. */
static void say_guarded(const struct explain_place *place, const struct fleet_member *member,
                        struct explanation *explanation)
{
    const struct view_entry *entry = member->entry;

    if (entry->is_frozen) {
        say_frozen(place, member, explanation);
    } else if (entry->missing_polls > 0) {
        say_missing(place, entry, explanation);
    }
    if (entry->reason != REASON_MEMBER) {
        explain_say_reason(place, explanation, entry->reason);
        explain_say(place, explanation, NULL, "What it had before stays.");
    }
}

/* Why it has the weight that it has. */
static void say_weight(const struct explain_place *place, const struct fleet_member *member,
                       struct explanation *explanation)
{
    const struct accepted *accepted = &member->entry->accepted;
    const struct value_names names = explain_value_names(place);

    if (member->hold == HOLD_DRAIN) {
        explain_say(place, explanation, "hold-drain", "%s drains it: drain%s.",
                    hold_words(place, member->entry), explain_hold(place, &accepted->hold));
    } else if (member->is_standby) {
        explain_say(place, explanation, "standby",
                    "Auto Scaling has it in Standby, which drains it.");
    } else if (accepted->weight == 0) {
        explain_say(place, explanation, "weight-0", "Its %s is 0, which drains it.", names.weight);
    }
    if (accepted->hold.kind != HOLD_NONE && member->hold == HOLD_NONE) {
        explain_say(place, explanation, "hold-expired", "Its hold has ended: %s%s.",
                    hold_kind_name(accepted->hold.kind), explain_hold(place, &accepted->hold));
    }
}

void explain_member(const struct explain_place *place, const struct fleet_member *member,
                    struct explanation *explanation)
{
    const struct view *view = place->fleet->views[place->source];
    const struct view_entry *entry = member->entry;
    const struct view_departure *departure = NULL;
    bool had_rule = false;

    explanation->value = entry->value;
    explain_poll(place, &entry->changed, explanation);
    /* First: a hold that counts may be one that has been taken off. */
    if (entry->wanted != NULL) {
        say_wanted(place, entry, explanation);
        explain_poll(place, explain_newest_poll(place), explanation);
    }
    say_standing(place, member, explanation);
    if (member->standing == STANDING_OVERLAP) {
        departure = view == NULL ? NULL : view_find_departure(view, entry->accepted.id);
        if (departure != NULL) {
            explain_poll(place, &departure->at, explanation);
        }
        return;
    }
    had_rule = explanation->rule != NULL;
    say_guarded(place, member, explanation);
    if (!had_rule && explanation->rule != NULL) {
        explain_poll(place, explain_newest_poll(place), explanation);
    }
    if (member->standing == STANDING_SERVED) {
        say_weight(place, member, explanation);
    }
    if (view->is_restored) {
        explain_say(place, explanation, "restored",
                    "It is known from disk, and no look has confirmed it yet.");
        explanation->poll = 0;
    }
    if (explanation->rule == NULL) {
        explain_say(place, explanation, "member",
                    "It is running, in group \"%s\", with a valid %s.", entry->accepted.group,
                    explain_value_names(place).weight);
    }
    if (member->standing == STANDING_SERVED) {
        explain_say(place, explanation, NULL, "It is served at %s with weight %u.",
                    explain_endpoint(place, &entry->accepted.address, member->port),
                    (unsigned)member->weight);
    }
}

/* ---- those who are no members ---- */

void explain_outsider(const struct explain_place *place, const struct view_outsider *outsider,
                      struct explanation *explanation)
{
    const struct view_departure *departure =
        view_find_departure(place->fleet->views[place->source], outsider->id);

    explanation->value = outsider->value;
    explain_poll(place, &outsider->since, explanation);
    if (outsider->reason == REASON_MEMBER) {
        explain_say(
            place, explanation, "settling",
            "It comes and goes: it is good since %s, and is taken by the first look that finds it "
            "so for %" PRId64 " s.",
            explain_since(place, outsider->good_since_ms), explain_flap_s(place));
    } else {
        explain_say_reason(place, explanation, outsider->reason);
    }
    if (departure != NULL) {
        explain_say(place, explanation, NULL, "It was a member until %s ago.",
                    explain_since(place, departure->at.started_ms));
    }
}

void explain_departure(const struct explain_place *place, const struct view_departure *departure,
                       struct explanation *explanation)
{
    explain_poll(place, &departure->at, explanation);
    if (departure->reason == REASON_MEMBER) {
        explain_say(place, explanation, "departed",
                    "It was a member, and was absent for long enough.");
    } else {
        explain_say_reason(place, explanation, departure->reason);
    }
    explain_say(place, explanation, NULL, "It was a member until %s ago.",
                explain_since(place, departure->at.started_ms));
}
