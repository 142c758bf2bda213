/* SPDX-License-Identifier: MIT */

/*
 * server/convergence.c - who has been given the change, and since when.
 */

#include <stdlib.h>
#include <string.h>

#include "server/convergence_internal.h"

struct awaited *convergence_awaited(const struct convergence *convergence, const char *origin,
                                    const char *name)
{
    for (size_t i = 0; i < convergence->cluster_count; i++) {
        if (strcmp(convergence->clusters[i].origin, origin) == 0 &&
            strcmp(convergence->clusters[i].name, name) == 0) {
            return &convergence->clusters[i];
        }
    }
    return NULL;
}

struct convergence *convergence_new(const struct convergence_goal *goal)
{
    struct convergence *convergence = memory_new(sizeof(*convergence));

    convergence->goal = goal;
    arena_init(&convergence->arena);
    convergence->clusters = memory_new((goal->target_count + 1) * sizeof(*convergence->clusters));
    for (size_t i = 0; i < goal->target_count; i++) {
        const struct convergence_target *target = &goal->targets[i];

        if (convergence_awaited(convergence, target->origin, target->cluster) == NULL) {
            convergence->clusters[convergence->cluster_count++] =
                (struct awaited){.origin = target->origin, .name = target->cluster};
        }
    }
    return convergence;
}

void convergence_free(struct convergence *convergence)
{
    arena_free(&convergence->arena);
    free(convergence->clusters);
    free(convergence->balancers);
    free(convergence);
}

static struct balancer *balancer_get(struct convergence *convergence, size_t cluster,
                                     const char *address, int64_t port)
{
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        struct balancer *balancer = &convergence->balancers[i];

        if (balancer->cluster == cluster && balancer->port == port &&
            strcmp(balancer->address, address) == 0) {
            return balancer;
        }
    }
    convergence->balancers = memory_grow(convergence->balancers, convergence->balancer_count + 1,
                                         sizeof(*convergence->balancers));
    convergence->balancers[convergence->balancer_count] =
        (struct balancer){.cluster = cluster,
                          .address = arena_string(&convergence->arena, address),
                          .port = port,
                          .got_ms = -1};
    return &convergence->balancers[convergence->balancer_count++];
}

void convergence_note_served(struct awaited *awaited, bool is_served, int64_t generation)
{
    /* Tables are counted from the start of the server: after a restart the numbers are low again,
     * and whatever is served then has the change. */
    if ((is_served && !awaited->is_served) || generation < awaited->generation) {
        awaited->generation = generation;
    }
    awaited->is_served = awaited->is_served || is_served;
}

void convergence_note(struct convergence *convergence, const struct awaited *awaited,
                      const struct balancer_seen *seen, int64_t now_ms)
{
    struct balancer *balancer = balancer_get(convergence, (size_t)(awaited - convergence->clusters),
                                             seen->address, seen->port);

    balancer->is_there = !seen->is_gone;
    balancer->is_gone = seen->is_gone;
    balancer->silent_ms = seen->silent_ms;
    /* Generation 0: the cluster has no answer left. Nobody is noted for getting NXDOMAIN, so that
     * nothing proves who has it. */
    if (awaited->is_served && awaited->generation > 0 && balancer->got_ms < 0 &&
        seen->generation >= awaited->generation) {
        balancer->got_ms = seen->age_ms > now_ms ? 0 : now_ms - seen->age_ms;
    }
    balancer->is_done =
        balancer->is_done ||
        (balancer->got_ms >= 0 && now_ms - balancer->got_ms >= convergence->goal->resolve_ms);
}

static bool name_is_same(const struct balancer *balancer, const struct balancer *other)
{
    return other->port == balancer->port && strcmp(other->address, balancer->address) == 0;
}

/* One process may ask for several of the clusters: it is one load balancer, and has the change
 * when it has it of each. */
static bool is_first_of_its_name(const struct convergence *convergence, size_t index, bool *has_all)
{
    const struct balancer *balancer = &convergence->balancers[index];

    *has_all = true;
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        const struct balancer *other = &convergence->balancers[i];

        if (!other->is_there || !name_is_same(balancer, other)) {
            continue;
        }
        if (i < index) {
            return false;
        }
        *has_all = *has_all && other->is_done;
    }
    return balancer->is_there;
}

/* Counted once, too, and without the change when it lacks it of any. */
static bool is_first_of_the_gone(const struct convergence *convergence, size_t index, bool *has_all)
{
    const struct balancer *balancer = &convergence->balancers[index];

    *has_all = true;
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        const struct balancer *other = &convergence->balancers[i];

        if (!other->is_gone || !convergence->clusters[other->cluster].is_served ||
            !name_is_same(balancer, other)) {
            continue;
        }
        if (i < index) {
            return false;
        }
        *has_all = *has_all && other->got_ms >= 0;
    }
    return balancer->is_gone && convergence->clusters[balancer->cluster].is_served;
}

static void balancers_count(const struct convergence *convergence, struct convergence_state *known)
{
    bool has_all = false;

    for (size_t i = 0; i < convergence->balancer_count; i++) {
        if (is_first_of_its_name(convergence, i, &has_all)) {
            known->total++;
            known->seen += has_all;
        }
        if (is_first_of_the_gone(convergence, i, &has_all)) {
            known->gone += !has_all;
            known->left += has_all;
        }
    }
}

bool convergence_update(struct convergence *convergence, const char *text, size_t length,
                        int64_t now_ms, struct convergence_state *state, struct error *error)
{
    struct json_document *document = json_parse(text, length, STATUS_MAX_OCTETS, error);
    struct convergence_state known = {0};
    bool is_read = false;

    if (document == NULL) {
        return false;
    }
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        convergence->balancers[i].is_there = false;
        convergence->balancers[i].is_gone = false;
    }
    is_read = convergence_read(convergence, document, now_ms, &known.unserved, error);
    balancers_count(convergence, &known);
    json_free(document);
    if (is_read) {
        *state = known;
    }
    return is_read;
}

bool convergence_is_over(const struct convergence_state *state)
{
    return state->unserved == 0 && state->seen == state->total;
}

bool convergence_is_reached(const struct convergence_state *state)
{
    return convergence_is_over(state) && (state->total > 0 || state->gone == 0);
}

static const char *balancer_name(const struct balancer *balancer, struct arena *arena)
{
    return balancer->port == 0
               ? arena_string(arena, balancer->address)
               : arena_format(arena, "%s port %d", balancer->address, (int)balancer->port);
}

size_t convergence_missing(const struct convergence *convergence, struct arena *arena,
                           const char ***missing)
{
    size_t count = 0;
    bool has_all = false;

    *missing = arena_array(arena, convergence->balancer_count, sizeof(const char *));
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        const struct balancer *balancer = &convergence->balancers[i];

        if (is_first_of_its_name(convergence, i, &has_all) && !has_all) {
            (*missing)[count++] = balancer_name(balancer, arena);
        }
    }
    return count;
}

static const char *gone_text(const struct balancer *balancer, struct arena *arena)
{
    const char *address = balancer->address;
    int seconds = (int)(balancer->silent_ms / 1000);

    if (balancer->port == 0) {
        return arena_format(arena, "%s (%d s ago)", address, seconds);
    }
    return arena_format(arena,
                        strchr(address, ':') == NULL ? "%s:%d (%d s ago)" : "[%s]:%d (%d s ago)",
                        address, (int)balancer->port, seconds);
}

size_t convergence_gone(const struct convergence *convergence, struct arena *arena,
                        struct convergence_gone **gone)
{
    size_t count = 0;
    bool has_all = false;

    *gone = arena_array(arena, convergence->balancer_count, sizeof(**gone));
    for (size_t i = 0; i < convergence->balancer_count; i++) {
        const struct balancer *balancer = &convergence->balancers[i];

        if (is_first_of_the_gone(convergence, i, &has_all) && !has_all) {
            (*gone)[count++] = (struct convergence_gone){.name = balancer_name(balancer, arena),
                                                         .text = gone_text(balancer, arena)};
        }
    }
    return count;
}
