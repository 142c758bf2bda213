/* SPDX-License-Identifier: MIT */

/*
 * server/status.c - from what is served to the document.
 */

#include "server/status.h"

#include "discovery/json_write.h"
#include "server/readiness.h"

/* The document in the making. */
struct status {
    const struct served *served;
    struct json_writer *writer;
};

static const char *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static const char *problem_name(enum membership_reason reason)
{
    return reason == REASON_MEMBER ? NULL : membership_reason_name(reason);
}

/* Why it is kept although the newest look says otherwise. */
static const char *kept_word(const struct view_entry *entry)
{
    if (entry->is_frozen) {
        return "frozen";
    }
    if (entry->missing_polls > 0) {
        return entry->is_untagged ? "untagged" : "absent";
    }
    return entry->wanted != NULL ? "settling" : NULL;
}

static void hold_write(struct json_writer *writer, const struct fleet_member *member)
{
    const struct hold *hold = &member->entry->accepted.hold;
    char until[TIME_TEXT_SIZE];

    if (hold->kind == HOLD_NONE) {
        json_write_null(writer, "hold");
        return;
    }
    json_write_object(writer, "hold");
    json_write_text(writer, "kind", hold_kind_name(hold->kind));
    json_write_text(writer, "until",
                    hold->until_s == 0 ? NULL : time_to_text(hold->until_s, until));
    json_write_text(writer, "by", hold->by);
    json_write_text(writer, "reason", hold->reason);
    json_write_bool(writer, "active", member->hold != HOLD_NONE);
    json_write_end(writer);
}

static void member_write(const struct status *status, const struct fleet_member *member)
{
    const struct accepted *accepted = &member->entry->accepted;
    struct json_writer *writer = status->writer;
    char address[ADDRESS_MAX_TEXT];

    json_write_object(writer, NULL);
    json_write_text(writer, "id", accepted->id);
    json_write_text(writer, "group", accepted->group);
    json_write_text(writer, "address", address_to_text(&accepted->address, address));
    json_write_integer(writer, "port", member->port);
    json_write_text(writer, "az", text_or_null(accepted->az));
    json_write_integer(writer, "weight", accepted->weight);
    json_write_integer(writer, "served_weight", member->weight);
    json_write_integer(writer, "weight_haproxy", (member->weight + 255) / 256);
    json_write_text(writer, "state", served_member_state(member));
    hold_write(writer, member);
    json_write_bool(writer, "standby", member->is_standby);
    json_write_text(writer, "source", status->served->sources[member->source].name);
    json_write_text(writer, "problem", problem_name(member->entry->reason));
    json_write_text(writer, "kept", kept_word(member->entry));
    json_write_end(writer);
}

static void load_balancer_write(const struct status *status, const struct seen_client *client)
{
    struct json_writer *writer = status->writer;
    int64_t now_ms = status->served->now_ms;
    char address[ADDRESS_MAX_TEXT];

    json_write_object(writer, NULL);
    json_write_text(writer, "address", address_to_text(&client->address, address));
    json_write_integer(writer, "port", client->port);
    json_write_integer(writer, "generation", (int64_t)client->generation);
    json_write_integer(writer, "age_ms", now_ms - client->last_ms);
    json_write_bool(writer, "is_gone", client->is_gone);
    json_write_integer(writer, "first_ms_ago", now_ms - client->first_ms);
    json_write_end(writer);
}

static void cluster_write(const struct status *status, const struct served_zone *zone,
                          const struct served_cluster *cluster)
{
    struct json_writer *writer = status->writer;
    char text[NAME_MAX_TEXT];

    json_write_object(writer, NULL);
    json_write_text(writer, "name", cluster->name);
    json_write_text(writer, "srv_name", name_to_text(&cluster->srv_name, text));
    json_write_integer(writer, "generation", (int64_t)cluster->generation);
    json_write_integer(writer, "answer_octets", cluster->answer_octets);
    json_write_integer(writer, "udp_limit_octets", zone->udp_size_octets);
    json_write_array(writer, "members");
    for (size_t i = 0; i < cluster->member_count; i++) {
        member_write(status, &cluster->members[i]);
    }
    json_write_end(writer);
    json_write_array(writer, "load_balancers");
    for (size_t i = 0; i < cluster->load_balancer_count; i++) {
        load_balancer_write(status, &cluster->load_balancers[i]);
    }
    json_write_end(writer);
    json_write_end(writer);
}

static void zone_write(const struct status *status, const struct served_zone *zone)
{
    struct json_writer *writer = status->writer;

    json_write_object(writer, NULL);
    json_write_text(writer, "origin", zone->origin);
    json_write_text(writer, "state", served_zone_state_name(zone->state));
    json_write_bool(writer, "stale", zone->is_stale);
    json_write_integer(writer, "serial", zone->serial);
    json_write_array(writer, "clusters");
    for (size_t i = 0; i < zone->cluster_count; i++) {
        cluster_write(status, zone, &zone->clusters[i]);
    }
    json_write_end(writer);
    json_write_end(writer);
}

static void waiting_write(struct json_writer *writer, const char *id, int64_t age_ms)
{
    json_write_object(writer, NULL);
    json_write_text(writer, "id", id);
    json_write_integer(writer, "age_ms", age_ms);
    json_write_end(writer);
}

/* What the guard holds back. */
static void guard_write(const struct status *status, const struct view *view)
{
    struct json_writer *writer = status->writer;
    int64_t now_ms = status->served->now_ms;

    json_write_bool(writer, "restored", view->is_restored);
    json_write_array(writer, "freezes");
    for (size_t i = 0; i < view->freeze_count; i++) {
        json_write_object(writer, NULL);
        json_write_text(writer, "cluster", view->freezes[i].cluster);
        json_write_integer(writer, "members", (int64_t)view->freezes[i].member_count);
        json_write_integer(writer, "held", (int64_t)view->freezes[i].held_count);
        json_write_integer(writer, "age_ms", now_ms - view->freezes[i].since_ms);
        json_write_integer(writer, "polls", view->freezes[i].identical_polls);
        json_write_end(writer);
    }
    json_write_end(writer);
    json_write_array(writer, "waiting");
    for (size_t i = 0; i < view->count; i++) {
        if (view->entries[i]->wanted != NULL) {
            waiting_write(writer, view->entries[i]->accepted.id,
                          now_ms - view->entries[i]->wanted_since_ms);
        }
    }
    for (size_t i = 0; i < view->outsider_count; i++) {
        if (view->outsiders[i].reason == REASON_MEMBER) {
            waiting_write(writer, view->outsiders[i].id, now_ms - view->outsiders[i].good_since_ms);
        }
    }
    json_write_end(writer);
}

static void source_write(const struct status *status, const struct served_source *source)
{
    const struct view *view = source->view;
    struct json_writer *writer = status->writer;
    size_t outsiders = view == NULL ? 0 : view->outsider_count;

    json_write_object(writer, NULL);
    json_write_text(writer, "name", source->name);
    json_write_integer(writer, "looks", source->past->look_count);
    json_write_integer(writer, "failures", source->past->failure_count);
    if (source->past->look_count == 0) {
        json_write_null(writer, "age_ms");
    } else {
        json_write_integer(writer, "age_ms", status->served->now_ms - source->past->looked_ms);
    }
    json_write_integer(writer, "members", view == NULL ? 0 : (int64_t)view->count);
    json_write_array(writer, "refused");
    for (size_t i = 0; i < outsiders; i++) {
        if (!membership_reason_is_problem(view->outsiders[i].reason)) {
            continue;
        }
        json_write_object(writer, NULL);
        json_write_text(writer, "id", view->outsiders[i].id);
        json_write_text(writer, "problem", problem_name(view->outsiders[i].reason));
        json_write_end(writer);
    }
    json_write_end(writer);
    json_write_text(writer, "last_error", text_or_null(source->past->last_error.text));
    if (view != NULL) {
        guard_write(status, view);
    }
    json_write_end(writer);
}

static void readiness_write(const struct status *status)
{
    const char *const *reasons = NULL;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena);
    count = readiness_reasons(status->served, &arena, &reasons);
    json_write_bool(status->writer, "ready", count == 0);
    json_write_array(status->writer, "reasons");
    for (size_t i = 0; i < count; i++) {
        json_write_text(status->writer, NULL, reasons[i]);
    }
    json_write_end(status->writer);
    arena_free(&arena);
}

static char *document_write(const struct served *served)
{
    char now[TIME_TEXT_SIZE];
    struct json_writer writer;
    const struct status status = {.served = served, .writer = &writer};

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "version", ROLLCALL_VERSION);
    json_write_text(&writer, "now", time_to_text(served->now_s, now));
    readiness_write(&status);
    json_write_array(&writer, "zones");
    for (size_t i = 0; i < served->zone_count; i++) {
        zone_write(&status, &served->zones[i]);
    }
    json_write_end(&writer);
    json_write_array(&writer, "sources");
    for (size_t i = 0; i < served->source_count; i++) {
        source_write(&status, &served->sources[i]);
    }
    return json_writer_close(&writer);
}

char *status_to_json(const struct served_input *input, const char *cluster)
{
    struct served served;
    struct arena arena;
    char *text = NULL;

    arena_init(&arena);
    served = served_gather(input, cluster, &arena);
    if (cluster == NULL || served.zone_count > 0) {
        text = document_write(&served);
    }
    arena_free(&arena);
    return text;
}
