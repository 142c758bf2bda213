/* SPDX-License-Identifier: MIT */

/*
 * server/order_report.c - every entry of the plan has one verdict; the table and the JSON show it.
 */

#include "server/order_report.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/json_write.h"
#include "server/seen.h"
#include "server/text_table.h"
#include "zones/address.h"

enum verdict { CHANGED, UNCHANGED, NOT_FOUND, REFUSED, UNKNOWN, VERDICTS };

enum { HAPROXY_WEIGHT_MAX = 256 };

static const char *const verdict_names[VERDICTS] = {
    [CHANGED] = "changed", [UNCHANGED] = "unchanged", [NOT_FOUND] = "not_found",
    [REFUSED] = "refused", [UNKNOWN] = "unknown",
};

/* In a dry run, what would be. */
static enum verdict entry_verdict(const struct order *order, size_t index)
{
    if (!order->plan.entries[index].is_chosen) {
        return UNCHANGED;
    }
    if (!order->is_written) {
        return order->request.options->order.is_dry_run ? CHANGED : REFUSED;
    }
    switch (order->outcomes[index]) {
    case TAG_WRITTEN:
        return CHANGED;
    case TAG_NOT_FOUND:
        return NOT_FOUND;
    case TAG_REFUSED:
    case TAG_NOT_TRIED:
        return REFUSED;
    case TAG_UNKNOWN:
        break;
    }
    return UNKNOWN;
}

struct order_counts order_count(const struct order *order)
{
    size_t counts[VERDICTS] = {[NOT_FOUND] = order->selection.not_found_count};

    for (size_t i = 0; i < order->plan.count; i++) {
        counts[entry_verdict(order, i)]++;
    }
    return (struct order_counts){.changed = counts[CHANGED],
                                 .unchanged = counts[UNCHANGED],
                                 .not_found = counts[NOT_FOUND],
                                 .refused = counts[REFUSED],
                                 .unknown = counts[UNKNOWN]};
}

/* ---- for a person ---- */

static const char *cluster_shown(const struct candidate *candidate)
{
    return candidate->cluster == NULL ? "-" : candidate->cluster;
}

static const char *address_shown(const struct candidate *candidate, struct arena *arena)
{
    if (candidate->member == NULL) {
        return "-";
    }
    return address_to_text(&candidate->member->entry->accepted.address,
                           arena_alloc(arena, ADDRESS_MAX_TEXT));
}

static const char *result_shown(const struct order *order, size_t index)
{
    const struct plan_entry *entry = &order->plan.entries[index];

    if (entry->candidate->instance == NULL) {
        return "has no tags: not of EC2";
    }
    if (!entry->is_chosen) {
        return "unchanged";
    }
    if (!order->is_written) {
        return order->request.options->order.is_dry_run ? "would change" : "not changed";
    }
    return order->outcomes[index] == TAG_WRITTEN ? "changed"
                                                 : tag_outcome_name(order->outcomes[index]);
}

static const char *value_shown(const char *value)
{
    return value == NULL ? "none" : value;
}

void order_report_table(const struct order *order, FILE *out)
{
    static const char *const header[] = {"INSTANCE", "CLUSTER", "ADDRESS", "RESULT", "TAG"};
    struct text_table table;
    struct arena arena;

    arena_init(&arena);
    text_table_open(&table, &arena, sizeof(header) / sizeof(header[0]), 0);
    text_table_row(&table, header);
    for (size_t i = 0; i < order->plan.count; i++) {
        const struct plan_entry *entry = &order->plan.entries[i];
        const char *value = value_shown(entry->before);

        if (entry->is_chosen) {
            value = arena_format(&arena, "%s -> %s", value, value_shown(entry->after));
        }
        text_table_row(&table,
                       (const char *const[]){entry->candidate->id, cluster_shown(entry->candidate),
                                             address_shown(entry->candidate, &arena),
                                             result_shown(order, i), value});
    }
    for (size_t i = 0; i < order->selection.not_found_count; i++) {
        text_table_row(&table,
                       (const char *const[]){order->selection.not_found[i], "-", "-", "not found",
                                             order->selection.not_found_why[i]});
    }
    text_table_print(&table, 0, out);
    arena_free(&arena);
}

void order_report_weight(const struct order_request *request, FILE *out)
{
    if (request->verb->kind == CHANGE_WEIGHT && !request->options->is_json) {
        fprintf(out, "weight %u: HAProxy makes %u of %d of it\n", (unsigned)request->change.weight,
                weight_haproxy(request->change.weight), HAPROXY_WEIGHT_MAX);
        (void)fflush(out);
    }
}

void order_report_others(const struct order *order, FILE *out)
{
    const struct order_request *request = &order->request;
    const enum hold_kind other = request->verb->hold == HOLD_DRAIN ? HOLD_MAINT : HOLD_DRAIN;
    size_t count = 0;

    for (size_t i = 0; i < order->plan.count; i++) {
        const struct plan_entry *entry = &order->plan.entries[i];

        count += !entry->is_chosen && entry->is_done && entry->candidate->member != NULL &&
                 entry->candidate->member->hold == other;
    }
    if (request->verb->kind == CHANGE_HOLD && request->percent < 100 && count > 0) {
        fprintf(out, "%zu held by %s already count%s towards the %u percent; %s them by id\n",
                count, hold_kind_name(other), count == 1 ? "s" : "", request->percent,
                request->verb->name);
    }
}

void order_report_idle(const struct order *order, struct error *error)
{
    switch (order->request.verb->kind) {
    case CHANGE_HOLD:
        error_set(error, "nothing to wait for: no member of the selection is held by %s",
                  order->request.verb->name);
        break;
    case CHANGE_READY:
        error_set(error, "nothing to wait for: no member of the selection is ready by its tags");
        break;
    case CHANGE_WEIGHT:
        error_set(error, "nothing to wait for: no member of the selection has this weight tag");
        break;
    }
}

static void unreached_report(const struct order *order, FILE *err)
{
    const struct order_wait_result *wait = &order->wait;
    const char *outcome = order->request.verb->outcome;

    if (wait->error.text[0] == '\0' && convergence_is_over(&wait->state)) {
        fprintf(err, "rollcall: %s: served, but no load balancer is left that has got it\n",
                outcome);
        return;
    }
    fprintf(err, "rollcall: not seen by everybody after %lld ms",
            (long long)order->request.wait_timeout_ms);
    if (wait->error.text[0] != '\0') {
        fprintf(err, "; the server does not tell: %s\n", wait->error.text);
    } else if (wait->state.unserved > 0) {
        fprintf(err, ": %zu instance%s not %s in the answer yet\n", wait->state.unserved,
                wait->state.unserved == 1 ? " is" : "s are", outcome);
    } else {
        fprintf(err, ": seen by %zu of %zu load balancers, not by:\n", wait->state.seen,
                wait->state.total);
    }
    for (size_t i = 0; i < wait->missing_count && wait->state.unserved == 0; i++) {
        fprintf(err, "  %s\n", wait->missing[i]);
    }
}

static void gone_report(const struct order_wait_result *wait, FILE *out)
{
    if (wait->gone_count == 0) {
        return;
    }
    fprintf(out, "%zu stopped asking without having got it: ", wait->gone_count);
    for (size_t i = 0; i < wait->gone_count; i++) {
        fprintf(out, "%s%s", i == 0 ? "" : ", ", wait->gone[i].text);
    }
    fputc('\n', out);
}

void order_report_wait(const struct order *order, FILE *out, FILE *err)
{
    const struct order_wait_result *wait = &order->wait;
    const char *outcome = order->request.verb->outcome;

    if (!wait->is_reached) {
        unreached_report(order, err);
    } else if (wait->state.total > 0) {
        fprintf(out, "%s: seen by %zu of %zu load balancers\n", outcome, wait->state.seen,
                wait->state.total);
    } else if (wait->state.left > 0) {
        fprintf(out, "%s: got by %zu load balancer%s, gone since\n", outcome, wait->state.left,
                wait->state.left == 1 ? "" : "s");
    } else {
        fprintf(out, "%s: served; no load balancer asked within the last %d s\n", outcome,
                SEEN_ACTIVE_MS / 1000);
    }
    gone_report(wait, wait->is_reached ? out : err);
}

/* ---- for a program ---- */

/* Entries are sorted by id: one instance in two sources is told once. */
static void ids_write(struct json_writer *writer, const struct order *order, enum verdict verdict)
{
    const char *last = "";

    json_write_array(writer, verdict_names[verdict]);
    for (size_t i = 0; i < order->plan.count; i++) {
        const char *id = order->plan.entries[i].candidate->id;

        if (entry_verdict(order, i) == verdict && strcmp(id, last) != 0) {
            json_write_text(writer, NULL, id);
            last = id;
        }
    }
    for (size_t i = 0; verdict == NOT_FOUND && i < order->selection.not_found_count; i++) {
        json_write_text(writer, NULL, order->selection.not_found[i]);
    }
    json_write_end(writer);
}

static void effects_write(struct json_writer *writer, const struct tag_plan *plan)
{
    json_write_array(writer, "clusters");
    for (size_t i = 0; i < plan->effect_count; i++) {
        const struct plan_effect *effect = &plan->effects[i];

        json_write_object(writer, NULL);
        json_write_text(writer, "name", effect->cluster);
        json_write_text(writer, "zone", effect->origin);
        json_write_integer(writer, "members", (int64_t)effect->members);
        json_write_integer(writer, "in_service_before", (int64_t)effect->before);
        json_write_integer(writer, "in_service_after", (int64_t)effect->after);
        json_write_end(writer);
    }
    json_write_end(writer);
}

static void wait_write(struct json_writer *writer, const struct order *order)
{
    const struct order_wait_result *wait = &order->wait;

    if (!order->has_waited) {
        json_write_null(writer, "wait");
        return;
    }
    json_write_object(writer, "wait");
    json_write_bool(writer, "reached", wait->is_reached);
    json_write_integer(writer, "unserved", (int64_t)wait->state.unserved);
    json_write_integer(writer, "seen", (int64_t)wait->state.seen);
    json_write_integer(writer, "total", (int64_t)wait->state.total);
    json_write_array(writer, "missing");
    for (size_t i = 0; i < wait->missing_count; i++) {
        json_write_text(writer, NULL, wait->missing[i]);
    }
    json_write_end(writer);
    json_write_array(writer, "gone");
    for (size_t i = 0; i < wait->gone_count; i++) {
        json_write_text(writer, NULL, wait->gone[i].name);
    }
    json_write_end(writer);
    json_write_end(writer);
}

void order_report_json(const struct order *order, FILE *out)
{
    const char *error = order->error.text;
    struct json_writer writer;
    char *text = NULL;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "verb", order->request.verb->name);
    json_write_bool(&writer, "dry_run", order->request.options->order.is_dry_run);
    for (enum verdict verdict = CHANGED; verdict < VERDICTS; verdict++) {
        ids_write(&writer, order, verdict);
    }
    effects_write(&writer, &order->plan);
    json_write_text(&writer, "error", error[0] == '\0' ? NULL : error);
    wait_write(&writer, order);
    text = json_writer_close(&writer);
    fprintf(out, "%s\n", text);
    free(text);
}
