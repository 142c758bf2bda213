/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_guard_scenarios.c - runs tests/scenarios/guard/NAME.scn, a test a file.
 *
 * tests/scenarios/guard/README.md tells the language. Every event of a poll has to be expected: one
 * that is not written down fails the scenario as much as one that is missing.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/discovery/fixture.h"
#include "tests/unit/discovery/scenario.h"

enum {
    IDS_MAX = 128,
    RENAMES_MAX = 8,
    EPOCH_MS = 1000000, /* what a scenario calls 0 */
};

struct event_text {
    const char *text;
    bool is_expected;
};

struct stage {
    struct scenario scenario;
    struct scenario_line line; /* the one that runs */
    int64_t now_ms;
    struct arena arena;
    struct inventory *world;
    const char *renames[RENAMES_MAX];
    size_t rename_count;
    struct naming *naming;
    struct guard_rules rules;
    struct view *view;
    struct event_text *events; /* since the last command that was no question */
    size_t event_count;
};

/* Seconds, with a fraction if need be, as the clock of the guard. */
static int64_t moment_read(const struct stage *stage, const char *text)
{
    char *end = NULL;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0') {
        scenario_fail(&stage->scenario, "\"%s\" is no moment", text);
    }
    return EPOCH_MS + (int64_t)(seconds * 1000 + 0.5);
}

/* "i-1" or "i-1..i-9": ids into `ids`; how many. */
static size_t ids_expand(struct stage *stage, const char *word, const char **ids)
{
    const char *dots = strstr(word, "..");
    const char *prefix = NULL;
    size_t length = 0;
    size_t count = 0;

    if (dots == NULL) {
        ids[0] = arena_string(&stage->arena, word);
        return 1;
    }
    while (&word[length] < dots && strchr("0123456789", word[length]) == NULL) {
        length++;
    }
    prefix = arena_string_of(&stage->arena, word, length);
    if (strncmp(dots + 2, word, length) != 0) {
        scenario_fail(&stage->scenario, "\"%s\" is no range of ids", word);
    }
    for (int64_t i =
             scenario_number(&stage->scenario, arena_string_of(&stage->arena, word + length,
                                                               (size_t)(dots - word) - length));
         i <= scenario_number(&stage->scenario, dots + 2 + length); i++) {
        assert_true(count < IDS_MAX);
        ids[count++] = arena_format(&stage->arena, "%s%" PRId64, prefix, i);
    }
    return count;
}

/* Every id of the words from `first` up to the first that is "key=value". */
static size_t ids_of_words(struct stage *stage, size_t first, const char **ids)
{
    size_t count = 0;

    for (size_t i = first; i < stage->line.count && strchr(stage->line.words[i], '=') == NULL;
         i++) {
        assert_true(count < IDS_MAX);
        count += ids_expand(stage, stage->line.words[i], &ids[count]);
    }
    if (count == 0) {
        scenario_fail(&stage->scenario, "an id is missing");
    }
    return count;
}

static const char *const event_names[] = {
    [EVENT_ADDED] = "added",          [EVENT_REMOVED] = "removed",
    [EVENT_CHANGED] = "changed",      [EVENT_BAD_VALUE] = "bad-value",
    [EVENT_ABSENT] = "absent",        [EVENT_EMPTY_POLL] = "empty-poll",
    [EVENT_POLL_TOO_OLD] = "too-old", [EVENT_FROZEN] = "frozen",
    [EVENT_THAWED] = "thawed",        [EVENT_FLAPPING] = "flapping",
};

static const char *reason_text(enum membership_reason reason)
{
    return reason == REASON_MEMBER ? "absent" : membership_reason_name(reason);
}

static void on_event(void *owner, const struct view_event *event)
{
    struct stage *stage = owner;
    const char *name = event_names[event->kind];
    const char *text = name;

    if (event->cluster != NULL) {
        text = arena_format(&stage->arena, "%s %s %zu", name, event->cluster, event->count);
    } else if (event->kind == EVENT_REMOVED || event->kind == EVENT_BAD_VALUE) {
        text = arena_format(&stage->arena, "%s %s %s", name, event->id,
                            reason_text(event->decision.reason));
    } else if (event->id != NULL) {
        text = arena_format(&stage->arena, "%s %s", name, event->id);
    }
    stage->events = memory_grow(stage->events, stage->event_count + 1, sizeof(*stage->events));
    stage->events[stage->event_count++] = (struct event_text){text, false};
}

static void events_clear(struct stage *stage)
{
    for (size_t i = 0; i < stage->event_count; i++) {
        if (!stage->events[i].is_expected) {
            scenario_fail(&stage->scenario, "before this line \"%s\" was not expected",
                          stage->events[i].text);
        }
    }
    stage->event_count = 0;
}

static void event_expect(struct stage *stage, const char *text)
{
    for (size_t i = 0; i < stage->event_count; i++) {
        if (!stage->events[i].is_expected && strcmp(stage->events[i].text, text) == 0) {
            stage->events[i].is_expected = true;
            return;
        }
    }
    for (size_t i = 0; i < stage->event_count; i++) {
        print_error("heard: %s\n", stage->events[i].text);
    }
    scenario_fail(&stage->scenario, "\"%s\" was not heard", text);
}

/* expect nothing | empty-poll | too-old | frozen CLUSTER N | removed ID... REASON | added ID... */
static void run_expect(struct stage *stage)
{
    const char *kind = stage->line.words[1];
    const char *ids[IDS_MAX];
    const char *reason = "";
    size_t count = 0;

    if (strcmp(kind, "nothing") == 0) {
        events_clear(stage);
        return;
    }
    if (stage->line.count == 2) {
        event_expect(stage, kind);
        return;
    }
    if (strcmp(kind, "frozen") == 0 || strcmp(kind, "thawed") == 0) {
        event_expect(stage, arena_format(&stage->arena, "%s %s %s", kind, stage->line.words[2],
                                         stage->line.words[3]));
        return;
    }
    if (strcmp(kind, "removed") == 0 || strcmp(kind, "bad-value") == 0) {
        reason = arena_format(&stage->arena, " %s", stage->line.words[--stage->line.count]);
    }
    count = ids_of_words(stage, 2, ids);
    for (size_t i = 0; i < count; i++) {
        event_expect(stage, arena_format(&stage->arena, "%s %s%s", kind, ids[i], reason));
    }
}

static struct instance *world_find(struct stage *stage, const char *id)
{
    for (size_t i = 0; i < stage->world->count; i++) {
        if (strcmp(stage->world->instances[i].id, id) == 0) {
            return &stage->world->instances[i];
        }
    }
    return NULL;
}

static void field_set(struct stage *stage, struct instance *instance, const char *word)
{
    const char *equals = strchr(word, '=');
    char *value = arena_string(&stage->arena, equals + 1);
    const char *text = strcmp(value, "-") == 0 ? NULL : value;
    const char *key = arena_string_of(&stage->arena, word, (size_t)(equals - word));

    for (char *comma = value; (comma = strchr(comma, ',')) != NULL;) {
        *comma = ' ';
    }
    if (strcmp(key, "group") == 0) {
        instance->group = text;
    } else if (strcmp(key, "state") == 0) {
        instance->state = instance_state_from_text(text);
    } else if (strcmp(key, "weight") == 0) {
        instance->weight_tag = text;
    } else if (strcmp(key, "hold") == 0) {
        instance->hold_tag = text;
    } else if (strcmp(key, "port") == 0) {
        instance->port_tag = text;
    } else if (strcmp(key, "address") == 0) {
        instance->address_tag = text;
    } else {
        scenario_fail(&stage->scenario, "\"%s\" is no field of an instance", key);
    }
}

/* here ID... [KEY=VALUE...] */
static void run_here(struct stage *stage)
{
    const char *ids[IDS_MAX];
    size_t count = ids_of_words(stage, 1, ids);

    for (size_t i = 0; i < count; i++) {
        struct instance *instance = world_find(stage, ids[i]);

        if (instance == NULL) {
            instance = inventory_add(stage->world);
            *instance = fixture_instance(ids[i], "web",
                                         arena_format(&stage->arena, "10.0.%zu.%zu",
                                                      stage->world->count / 250,
                                                      stage->world->count % 250 + 1));
            instance->weight_tag = "100";
        }
        for (size_t j = 1; j < stage->line.count; j++) {
            if (strchr(stage->line.words[j], '=') != NULL) {
                field_set(stage, instance, stage->line.words[j]);
            }
        }
    }
}

/* lost ID... */
static void run_lost(struct stage *stage)
{
    const char *ids[IDS_MAX];
    size_t count = ids_of_words(stage, 1, ids);

    for (size_t i = 0; i < count; i++) {
        struct instance *instance = world_find(stage, ids[i]);

        if (instance == NULL) {
            scenario_fail(&stage->scenario, "%s is not here", ids[i]);
        }
        *instance = stage->world->instances[--stage->world->count];
    }
}

static void world_apply(struct stage *stage, int64_t started_ms, size_t count)
{
    struct inventory *poll = fixture_poll(stage->world->instances, count);

    stage->view = guard_apply(stage->view, poll, &stage->rules, started_ms, on_event, stage);
    inventory_free(poll);
}

/* poll | poll empty | poll began N | poll every N until N */
static void run_poll(struct stage *stage)
{
    const char *how = stage->line.count > 1 ? stage->line.words[1] : "";

    if (stage->line.count == 1) {
        world_apply(stage, stage->now_ms, stage->world->count);
    } else if (strcmp(how, "empty") == 0 && stage->line.count == 2) {
        world_apply(stage, stage->now_ms, 0);
    } else if (strcmp(how, "began") == 0 && stage->line.count == 3) {
        world_apply(stage, moment_read(stage, stage->line.words[2]), stage->world->count);
    } else if (strcmp(how, "every") == 0 && stage->line.count == 5) {
        int64_t until_ms = moment_read(stage, stage->line.words[4]);
        int64_t step_ms = moment_read(stage, stage->line.words[2]) - EPOCH_MS;

        for (; stage->now_ms <= until_ms; stage->now_ms += step_ms) {
            world_apply(stage, stage->now_ms, stage->world->count);
        }
        stage->now_ms -= step_ms;
    } else {
        scenario_fail(&stage->scenario, "which poll is that?");
    }
}

/* rules [flap=S] [rename=PATTERN->REPLACEMENT]... */
static void run_rules(struct stage *stage)
{
    for (size_t i = 1; i < stage->line.count; i++) {
        const char *word = stage->line.words[i];

        if (strncmp(word, "flap=", 5) == 0) {
            stage->rules.flap_ms = moment_read(stage, word + 5) - EPOCH_MS;
        } else if (strncmp(word, "rename=", 7) == 0 && strstr(word, "->") != NULL) {
            const char *arrow = strstr(word, "->");

            assert_true(stage->rename_count < RENAMES_MAX);
            stage->renames[stage->rename_count++] = arena_format(
                &stage->arena, "%.*s -> %s", (int)(arrow - word - 7), word + 7, arrow + 2);
        } else {
            scenario_fail(&stage->scenario, "\"%s\" is no rule", word);
        }
    }
    naming_free(stage->naming);
    if (!naming_new(&stage->naming, stage->renames, stage->rename_count, NULL)) {
        scenario_fail(&stage->scenario, "a rename rule is bad");
    }
    stage->rules.naming = stage->naming;
}

/* restart: what is left is what a disk keeps. */
static void run_restart(struct stage *stage)
{
    struct view *view = view_new();

    view->is_restored = true;
    for (size_t i = 0; i < stage->view->count; i++) {
        (void)view_add(view, &(struct view_entry){.accepted = stage->view->entries[i]->accepted});
    }
    view_free(stage->view);
    stage->view = view;
}

static void run_accept(struct stage *stage)
{
    if (!guard_accept(stage->view, stage->line.words[1], &stage->rules, on_event, stage)) {
        scenario_fail(&stage->scenario, "nothing of %s is held back", stage->line.words[1]);
    }
}

static void check_value(struct stage *stage, const char *what, const char *word, size_t key_length,
                        int64_t value)
{
    if (scenario_number(&stage->scenario, word + key_length) != value) {
        scenario_fail(&stage->scenario, "%s: %.*s%" PRId64, what, (int)key_length, word, value);
    }
}

static void check_text(struct stage *stage, const char *what, const char *expected,
                       const char *text)
{
    if (strcmp(expected, text) != 0) {
        scenario_fail(&stage->scenario, "%s: \"%s\" instead of \"%s\"", what, text, expected);
    }
}

static bool starts_with(const char *word, const char *key)
{
    return strncmp(word, key, strlen(key)) == 0;
}

static void entry_check(struct stage *stage, const struct view_entry *entry, const char *word)
{
    char address[ADDRESS_MAX_TEXT];
    const char *id = entry->accepted.id;

    if (starts_with(word, "weight=")) {
        check_value(stage, id, word, 7, entry->accepted.weight);
    } else if (starts_with(word, "port=")) {
        check_value(stage, id, word, 5, entry->accepted.port);
    } else if (starts_with(word, "missing=")) {
        check_value(stage, id, word, 8, entry->missing_polls);
    } else if (starts_with(word, "poll=")) {
        check_value(stage, id, word, 5, (int64_t)entry->changed.number);
    } else if (starts_with(word, "hold=")) {
        check_text(stage, id, word + 5, hold_kind_name(entry->accepted.hold.kind));
    } else if (starts_with(word, "group=")) {
        check_text(stage, id, word + 6, entry->accepted.group);
    } else if (starts_with(word, "reason=")) {
        check_text(stage, id, word + 7, membership_reason_name(entry->reason));
    } else if (starts_with(word, "address=")) {
        check_text(stage, id, word + 8, address_to_text(&entry->accepted.address, address));
    } else if (starts_with(word, "is=")) {
        check_text(stage, id, word + 3,
                   entry->is_frozen        ? "frozen"
                   : entry->wanted != NULL ? "waiting"
                   : entry->is_untagged    ? "untagged"
                                           : "settled");
    } else {
        scenario_fail(&stage->scenario, "\"%s\" is nothing that a member has", word);
    }
}

/* member ID... [KEY=VALUE...] */
static void run_member(struct stage *stage)
{
    const char *ids[IDS_MAX];
    size_t count = ids_of_words(stage, 1, ids);

    for (size_t i = 0; i < count; i++) {
        const struct view_entry *entry = view_find(stage->view, ids[i]);

        if (entry == NULL) {
            scenario_fail(&stage->scenario, "%s is no member", ids[i]);
        }
        for (size_t j = 1; j < stage->line.count; j++) {
            if (strchr(stage->line.words[j], '=') != NULL) {
                entry_check(stage, entry, stage->line.words[j]);
            }
        }
    }
}

/* members N */
static void run_members(struct stage *stage)
{
    check_value(stage, "members", stage->line.words[1], 0, (int64_t)stage->view->count);
}

/* outsider ID... reason=REASON [poll=N] [value=TEXT]; `reason=none`: not one that is known */
static void run_outsider(struct stage *stage)
{
    const char *ids[IDS_MAX];
    size_t count = ids_of_words(stage, 1, ids);

    for (size_t i = 0; i < count; i++) {
        const struct view_outsider *outsider = view_find_outsider(stage->view, ids[i]);

        if (view_find(stage->view, ids[i]) != NULL) {
            scenario_fail(&stage->scenario, "%s is a member", ids[i]);
        }
        for (size_t j = 1; j < stage->line.count; j++) {
            const char *word = stage->line.words[j];

            if (starts_with(word, "reason=")) {
                check_text(stage, ids[i], word + 7,
                           outsider == NULL ? "none"
                           : outsider->reason == REASON_MEMBER
                               ? "waiting"
                               : membership_reason_name(outsider->reason));
            } else if (starts_with(word, "poll=") && outsider != NULL) {
                check_value(stage, ids[i], word, 5, (int64_t)outsider->since.number);
            } else if (starts_with(word, "value=") && outsider != NULL) {
                check_text(stage, ids[i], word + 6,
                           outsider->value == NULL ? "-" : outsider->value);
            } else if (strchr(word, '=') != NULL) {
                scenario_fail(&stage->scenario, "\"%s\" is nothing that an outsider has", word);
            }
        }
    }
}

/* departed ID... reason=REASON [poll=N] */
static void run_departed(struct stage *stage)
{
    const char *ids[IDS_MAX];
    size_t count = ids_of_words(stage, 1, ids);

    for (size_t i = 0; i < count; i++) {
        const struct view_departure *departure = view_find_departure(stage->view, ids[i]);

        if (departure == NULL) {
            scenario_fail(&stage->scenario, "%s did not go", ids[i]);
        }
        for (size_t j = 1; j < stage->line.count; j++) {
            if (starts_with(stage->line.words[j], "reason=")) {
                check_text(stage, ids[i], stage->line.words[j] + 7, reason_text(departure->reason));
            } else if (starts_with(stage->line.words[j], "poll=")) {
                check_value(stage, ids[i], stage->line.words[j], 5, (int64_t)departure->at.number);
            } else if (strchr(stage->line.words[j], '=') != NULL) {
                scenario_fail(&stage->scenario, "\"%s\" is nothing that a departure has",
                              stage->line.words[j]);
            }
        }
    }
}

/* freeze none | freeze CLUSTER [held=N] [of=N] [polls=N] [since=N] */
static void run_freeze(struct stage *stage)
{
    const char *cluster = stage->line.words[1];
    const struct view_freeze *freeze = view_find_freeze(stage->view, cluster);

    if (strcmp(cluster, "none") == 0) {
        check_value(stage, "freezes", "0", 0, (int64_t)stage->view->freeze_count);
        return;
    }
    if (freeze == NULL) {
        scenario_fail(&stage->scenario, "%s is not frozen", cluster);
    }
    for (size_t i = 2; i < stage->line.count; i++) {
        const char *word = stage->line.words[i];

        if (starts_with(word, "held=")) {
            check_value(stage, cluster, word, 5, (int64_t)freeze->held_count);
        } else if (starts_with(word, "of=")) {
            check_value(stage, cluster, word, 3, (int64_t)freeze->member_count);
        } else if (starts_with(word, "polls=")) {
            check_value(stage, cluster, word, 6, freeze->identical_polls);
        } else if (starts_with(word, "since=")) {
            check_value(stage, cluster, word, 6, (freeze->since_ms - EPOCH_MS) / 1000);
        } else {
            scenario_fail(&stage->scenario, "\"%s\" is nothing that a freeze has", word);
        }
    }
}

static const struct command {
    const char *name;
    size_t words_min;
    bool is_question; /* about what the commands before have done */
    void (*run)(struct stage *stage);
} commands[] = {
    {"rules",    2, false, run_rules   },
    {"here",     2, false, run_here    },
    {"lost",     2, false, run_lost    },
    {"poll",     1, false, run_poll    },
    {"accept",   2, false, run_accept  },
    {"restart",  1, false, run_restart },
    {"expect",   2, true,  run_expect  },
    {"member",   2, true,  run_member  },
    {"members",  2, true,  run_members },
    {"outsider", 2, true,  run_outsider},
    {"departed", 2, true,  run_departed},
    {"freeze",   2, true,  run_freeze  },
};

/* [at SECONDS] command ... */
static void line_run(void *owner, char *text)
{
    struct stage *stage = owner;
    struct scenario_line *line = &stage->line;
    const char *moment = NULL;

    *line = scenario_cut(&stage->scenario, text);
    moment = scenario_take_moment(line);
    if (moment != NULL) {
        stage->now_ms = moment_read(stage, moment);
    }
    if (line->count == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(line->words[0], commands[i].name) == 0 && line->count >= commands[i].words_min) {
            if (!commands[i].is_question) {
                events_clear(stage);
            }
            commands[i].run(stage);
            return;
        }
    }
    scenario_fail(&stage->scenario, "\"%s\" with %zu words is not understood", line->words[0],
                  line->count);
}

static void file_run(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    stage->scenario.path = *state;
    stage->now_ms = EPOCH_MS;
    stage->rules.membership = fixture_rules();
    stage->world = inventory_new();
    arena_init(&stage->arena);
    scenario_read(&stage->scenario, line_run, stage);
    events_clear(stage);
    naming_free(stage->naming);
    view_free(stage->view);
    inventory_free(stage->world);
    free(stage->events);
    arena_free(&stage->arena);
    free(stage);
}

int main(void)
{
    return scenario_run_group("guard scenarios", "tests/scenarios/guard/*.scn", file_run);
}
