/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_lifecycle_races.c - several rollcalls, old pictures, lost calls.
 *
 * A small Auto Scaling with a clock of its own. Each round one rollcall looks, each instance shown
 * as it was at some moment of the last seconds, and its calls fail, or take effect, or kill it.
 * Whatever the order, the promises of discovery/lifecycle.h must hold at every single write.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/lifecycle.h"

enum {
    WORLDS = 60,
    ROUNDS = 1500,
    SLOTS = 6,
    ROLLCALLS_MAX = 3,
    HISTORY = 16,
    DRAIN_S = 60,
    /* How old a picture may be. Promises are made for looks younger than a stay in service. */
    LAG_MAX_S = 20,
    STAY_MIN_S = 40,
    /* A drain, and what failing calls and restarts may add to it. */
    WAIT_MAX_S = 600,
};

enum phase { LAUNCHING, SERVING, ENDING, RETURNING, POOLED, GONE, PHASES };

static const char *const phase_states[PHASES] = {
    [LAUNCHING] = "Pending:Wait",        [SERVING] = "InService",     [ENDING] = "Terminating:Wait",
    [RETURNING] = "Warmed:Pending:Wait", [POOLED] = "Warmed:Stopped", [GONE] = "Terminated",
};

struct server {
    enum phase phase;
    int generation;
    bool is_held;       /* by our hook */
    bool is_held_other; /* by a foreign hook */
    int weight;         /* -1: no tag */
    int64_t since_s;    /* -1: no tag */
    bool has_address_tag;
};

struct moment {
    int64_t at_s;
    struct server servers[SLOTS];
};

struct world {
    uint64_t random;
    unsigned seed;
    int64_t now_s;
    struct server servers[SLOTS];
    int64_t phase_since_s[SLOTS];
    int64_t served_until_s[SLOTS]; /* when its weight was last more than 0 */
    struct moment history[HISTORY];
    size_t moments;
    struct lifecycle_memory *memories[ROLLCALLS_MAX];
    size_t rollcalls;
    size_t completed;
    size_t found_done;
    size_t heartbeats;
    size_t drains;
};

static const char *const GROUPS[] = {"web"};

static const struct lifecycle_rules RULES = {
    .launch_hook = "srvCreation",
    .terminate_hook = "srvTermination",
    .drain_s = DRAIN_S,
    .groups = GROUPS,
    .group_count = 1,
};

/* xorshift64*: the same worlds everywhere. */
static unsigned choose(struct world *world, unsigned below)
{
    world->random ^= world->random >> 12;
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return (unsigned)((world->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

#define world_fail(world, slot, ...)                                                               \
    do {                                                                                           \
        print_error("world %u, second %" PRId64 ", server %zu in phase %d: ", (world)->seed,       \
                    (world)->now_s, (slot), (int)(world)->servers[slot].phase);                    \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static void phase_enter(struct world *world, size_t slot, enum phase phase)
{
    struct server *server = &world->servers[slot];

    server->phase = phase;
    server->is_held = phase == LAUNCHING || phase == ENDING || phase == RETURNING;
    server->is_held_other = server->is_held && choose(world, 3) == 0;
    world->phase_since_s[slot] = world->now_s;
}

/* What Auto Scaling does by itself as time goes on. */
static void server_live(struct world *world, size_t slot)
{
    struct server *server = &world->servers[slot];
    int64_t age_s = world->now_s - world->phase_since_s[slot];

    if (server->weight > 0) {
        world->served_until_s[slot] = world->now_s;
    }
    if (server->is_held && age_s > WAIT_MAX_S) {
        world_fail(world, slot, "still waits after %" PRId64 " s", age_s);
    }
    if (server->is_held_other && age_s > 20 && choose(world, 4) == 0) {
        server->is_held_other = false;
    }
    if (server->is_held || server->is_held_other || age_s < 1) {
        return;
    }
    switch (server->phase) {
    case LAUNCHING:
        phase_enter(world, slot, SERVING);
        break;
    case ENDING:
        phase_enter(world, slot, GONE);
        break;
    case RETURNING:
        phase_enter(world, slot, POOLED);
        break;
    case SERVING:
        if (age_s > STAY_MIN_S && choose(world, 8) == 0) {
            phase_enter(world, slot, choose(world, 3) == 0 ? RETURNING : ENDING);
        }
        break;
    case POOLED:
        if (age_s > STAY_MIN_S && choose(world, 8) == 0) {
            phase_enter(world, slot, LAUNCHING);
        }
        break;
    case GONE:
    default:
        if (age_s > STAY_MIN_S) {
            *server =
                (struct server){.generation = server->generation + 1, .weight = -1, .since_s = -1};
            phase_enter(world, slot, LAUNCHING);
        }
        break;
    }
}

static void moment_record(struct world *world)
{
    struct moment *moment = &world->history[world->moments++ % HISTORY];

    moment->at_s = world->now_s;
    memcpy(moment->servers, world->servers, sizeof(moment->servers));
}

/* The server as it was at some moment not longer ago than a picture may be old. */
static const struct server *picture(struct world *world, size_t slot)
{
    for (;;) {
        size_t kept = world->moments < HISTORY ? world->moments : HISTORY;
        const struct moment *moment =
            &world->history[(world->moments - 1 - choose(world, (unsigned)kept)) % HISTORY];

        if (world->now_s - moment->at_s <= LAG_MAX_S) {
            return &moment->servers[slot];
        }
    }
}

static const char *server_id(struct arena *arena, size_t slot, const struct server *server)
{
    return arena_format(arena, "i-%zu-%d", slot, server->generation);
}

static struct autoscaling_view *groups_look(struct world *world, struct arena *arena)
{
    static const struct autoscaling_hook hooks[] = {
        {"web",   "srvCreation",    false, 30, 3000},
        {"web",   "srvTermination", true,  30, 3000},
        {"web",   "otherTeam",      false, 30, 3000},
        {"web",   "otherEnd",       true,  30, 3000},
        {"other", "srvTermination", true,  30, 3000},
    };
    struct autoscaling_view *view = autoscaling_view_new();

    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
        autoscaling_view_add_hook(view, &hooks[i]);
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        const struct server *server = picture(world, slot);

        autoscaling_view_add_instance(view, server_id(arena, slot, server), "web",
                                      phase_states[server->phase]);
    }
    autoscaling_view_add_instance(view, "i-foreign", "other", "Terminating:Wait");
    autoscaling_view_finish(view);
    return view;
}

static struct inventory *servers_look(struct world *world, struct arena *arena)
{
    struct inventory *inventory = inventory_new();

    for (size_t slot = 0; slot < SLOTS; slot++) {
        const struct server *server = picture(world, slot);
        struct instance *instance = inventory_add(inventory);

        instance->id = server_id(arena, slot, server);
        instance->state = STATE_RUNNING;
        instance->private_address = "10.0.0.1";
        instance->address_tag = server->has_address_tag ? "10.0.0.1" : NULL;
        if (server->weight >= 0) {
            instance->weight_tag = arena_format(arena, "%d", server->weight);
        }
        if (server->since_s >= 0) {
            instance->drain_since_tag = arena_format(arena, "%" PRId64, server->since_s);
        }
    }
    *inventory_add(inventory) =
        (struct instance){.id = "i-foreign", .state = STATE_RUNNING, .weight_tag = "65535"};
    inventory_finish(inventory);
    return inventory;
}

static void hook_complete(struct world *world, size_t slot, const struct lifecycle_action *action)
{
    struct server *server = &world->servers[slot];
    const char *active = server->phase == LAUNCHING ? "srvCreation" : "srvTermination";

    if (!server->is_held || strcmp(action->hook, active) != 0) {
        world->found_done++;
        return;
    }
    if (server->phase == LAUNCHING && (server->weight != 65535 || server->since_s >= 0)) {
        world_fail(world, slot, "continued with weight %d", server->weight);
    }
    if (server->phase != LAUNCHING &&
        (server->weight >= 0 || server->since_s >= 0 || server->has_address_tag)) {
        world_fail(world, slot, "continued with tags on");
    }
    if (server->phase != LAUNCHING && world->now_s - world->served_until_s[slot] < DRAIN_S) {
        world_fail(world, slot, "continued after %" PRId64 " s",
                   world->now_s - world->served_until_s[slot]);
    }
    server->is_held = false;
    world->completed++;
}

static void untag(struct world *world, size_t slot)
{
    struct server *server = &world->servers[slot];

    if (server->phase == SERVING || server->phase == LAUNCHING) {
        world_fail(world, slot, "tags taken off");
    }
    if (server->weight >= 0 && world->now_s - world->served_until_s[slot] < DRAIN_S) {
        world_fail(world, slot, "tags taken off after %" PRId64 " s",
                   world->now_s - world->served_until_s[slot]);
    }
    server->weight = -1;
    server->since_s = -1;
    server->has_address_tag = false;
}

/* The call reaches AWS: check it against the truth, then let it have its effect. */
static void action_apply(struct world *world, const struct lifecycle_action *action)
{
    size_t slot = (size_t)(action->id[2] - '0');
    struct server *server = NULL;

    assert_string_equal(action->group, "web");
    assert_true(slot < SLOTS);
    server = &world->servers[slot];
    if (strtol(action->id + 4, NULL, 10) != server->generation) {
        return; /* an instance that is no more */
    }
    switch (action->kind) {
    case ACTION_TAG_LAUNCH:
        if (server->phase != LAUNCHING && server->phase != SERVING) {
            world_fail(world, slot, "weight %d becomes 65535", server->weight);
        }
        assert_string_equal(action->address, "10.0.0.1");
        server->weight = 65535;
        server->has_address_tag = true;
        break;
    case ACTION_TAG_DRAIN:
        if (server->phase == SERVING || server->phase == LAUNCHING) {
            world_fail(world, slot, "drained");
        }
        world->drains++;
        server->weight = 0;
        server->since_s = world->now_s;
        break;
    case ACTION_UNTAG:
        untag(world, slot);
        break;
    case ACTION_UNTAG_DRAIN:
        server->since_s = -1;
        break;
    case ACTION_CONTINUE:
        hook_complete(world, slot, action);
        break;
    case ACTION_HEARTBEAT:
        assert_string_equal(action->hook, "srvTermination");
        world->heartbeats++;
        break;
    default:
        fail_msg("action %d", (int)action->kind);
    }
}

static void rollcall_run(struct world *world)
{
    struct lifecycle_memory **memory = &world->memories[choose(world, (unsigned)world->rollcalls)];
    struct arena arena;
    struct autoscaling_view *view = NULL;
    struct inventory *inventory = NULL;
    struct lifecycle_plan plan;

    arena_init(&arena);
    view = groups_look(world, &arena);
    inventory = servers_look(world, &arena);
    plan = lifecycle_reconcile(view, inventory, &RULES, *memory,
                               (struct lifecycle_moment){world->now_s, false}, &arena);
    for (size_t i = 0; i < plan.count; i++) {
        unsigned fate = choose(world, 20);

        if (fate < 3) {
            continue; /* throttled: nothing happened, nothing is noted */
        }
        if (fate != 3) {
            action_apply(world, &plan.actions[i]);
        }
        if (fate == 3 || fate == 4) {
            /* killed right before or right after the call */
            lifecycle_memory_free(*memory);
            *memory = lifecycle_memory_new();
            break;
        }
        lifecycle_note(*memory, &plan.actions[i], world->now_s, false);
    }
    inventory_free(inventory);
    autoscaling_view_free(view);
    arena_free(&arena);
}

static struct world world_run(unsigned seed, size_t rollcalls)
{
    struct world world = {
        .random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1,
        .seed = seed,
        .now_s = 1700000000,
        .rollcalls = rollcalls,
    };

    for (size_t i = 0; i < ROLLCALLS_MAX; i++) {
        world.memories[i] = lifecycle_memory_new();
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        world.servers[slot] = (struct server){.weight = -1, .since_s = -1};
        phase_enter(&world, slot, LAUNCHING);
    }
    for (int round = 0; round < ROUNDS; round++) {
        world.now_s += 1 + choose(&world, 4);
        for (size_t slot = 0; slot < SLOTS; slot++) {
            server_live(&world, slot);
        }
        moment_record(&world);
        rollcall_run(&world);
    }
    for (size_t i = 0; i < ROLLCALLS_MAX; i++) {
        lifecycle_memory_free(world.memories[i]);
    }
    return world;
}

static void every_promise_holds_with(size_t rollcalls)
{
    struct world sum = {.seed = 0};

    for (unsigned seed = 1; seed <= WORLDS; seed++) {
        struct world world = world_run(seed, rollcalls);

        sum.completed += world.completed;
        sum.found_done += world.found_done;
        sum.heartbeats += world.heartbeats;
        sum.drains += world.drains;
    }
    print_message("%zu hooks completed, %zu found done, %zu drains begun, %zu heartbeats\n",
                  sum.completed, sum.found_done, sum.drains, sum.heartbeats);
    /* The worlds must have been lively for this to mean anything. */
    assert_true(sum.completed > (size_t)WORLDS * 50);
    assert_true(sum.found_done > WORLDS);
    assert_true(sum.heartbeats > WORLDS);
}

static void every_promise_holds_with_one_rollcall(void **state)
{
    (void)state;
    every_promise_holds_with(1);
}

static void every_promise_holds_with_two_rollcalls(void **state)
{
    (void)state;
    every_promise_holds_with(2);
}

static void every_promise_holds_with_three_rollcalls(void **state)
{
    (void)state;
    every_promise_holds_with(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_promise_holds_with_one_rollcall),
        cmocka_unit_test(every_promise_holds_with_two_rollcalls),
        cmocka_unit_test(every_promise_holds_with_three_rollcalls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
