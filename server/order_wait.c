/* SPDX-License-Identifier: MIT */

/*
 * server/order_wait.c - asks for the status again and again, and tells of progress.
 */

#include "server/order_wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    STATUS_PERIOD_MS = 100, /* a load balancer's next look is told of within this */
    POKE_PERIOD_MS = 2000,  /* a look may be stale: EC2 is eventually consistent */
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t time_ms)
{
    const struct timespec time = {.tv_sec = time_ms / 1000,
                                  .tv_nsec = (long)(time_ms % 1000) * 1000000};

    (void)nanosleep(&time, NULL);
}

enum control_result order_poke(const char *socket_path, struct error *error)
{
    int status = 0;
    char *body = NULL;
    size_t length = 0;
    enum control_result result =
        control_ask(socket_path, "POST", "/v1/refresh", &status, &body, &length, error);

    if (result == CONTROL_ANSWERED && status / 100 != 2) {
        (void)error_set(error, "%s: /v1/refresh: HTTP status %d", socket_path, status);
        result = CONTROL_FAILED;
    }
    free(body);
    return result;
}

/* NULL: there are several. */
static const char *only_cluster(const struct convergence_goal *goal)
{
    for (size_t i = 1; i < goal->target_count; i++) {
        if (strcmp(goal->targets[i].cluster, goal->targets[0].cluster) != 0) {
            return NULL;
        }
    }
    return goal->targets[0].cluster;
}

/* The status of the one cluster, or of all when there are more, or when it has gone by now. */
static bool status_get(const struct order_wait *wait, char **body, size_t *length,
                       struct error *error)
{
    const char *cluster = only_cluster(wait->goal);
    char target[256];
    int status = 0;

    (void)snprintf(target, sizeof(target), "/v1/status%s%s", cluster == NULL ? "" : "/",
                   cluster == NULL ? "" : cluster);
    for (int attempt = 0; attempt < 2; attempt++) {
        *body = NULL;
        if (control_ask(wait->socket_path, "GET", target, &status, body, length, error) !=
            CONTROL_ANSWERED) {
            return false;
        }
        if (status == 200) {
            return true;
        }
        free(*body);
        *body = NULL;
        (void)snprintf(target, sizeof(target), "/v1/status");
    }
    return error_set(error, "%s: /v1/status: HTTP status %d", wait->socket_path, status);
}

static void progress_print(const struct order_wait *wait, const struct convergence_state *state,
                           char last[128])
{
    char line[128];
    bool is_terminal = isatty(STDERR_FILENO) == 1;

    if (state->unserved > 0) {
        (void)snprintf(line, sizeof(line), "%s: not served yet: %zu", wait->outcome,
                       state->unserved);
    } else {
        (void)snprintf(line, sizeof(line), "%s: seen by %zu of %zu load balancers", wait->outcome,
                       state->seen, state->total);
    }
    if (wait->is_quiet || strcmp(line, last) == 0) {
        return;
    }
    memcpy(last, line, sizeof(line));
    fprintf(stderr, is_terminal ? "\r\033[K%s" : "%s\n", line);
    (void)fflush(stderr);
}

/* One status taken. Returns whether there is nothing more to wait for. */
static bool status_take(const struct order_wait *wait, struct convergence *convergence,
                        struct order_wait_result *result)
{
    char *body = NULL;
    size_t length = 0;
    int64_t asked_ms = now_ms();
    bool is_taken = false;

    result->error.text[0] = '\0';
    if (!status_get(wait, &body, &length, &result->error)) {
        return false;
    }
    is_taken =
        convergence_update(convergence, body, length, asked_ms, &result->state, &result->error);
    result->is_reached = is_taken && convergence_is_reached(&result->state);
    free(body);
    return is_taken && convergence_is_over(&result->state);
}

void order_wait(const struct order_wait *wait, struct order_wait_result *result,
                struct arena *arena)
{
    struct convergence *convergence = convergence_new(wait->goal);
    int64_t end_ms = now_ms() + wait->timeout_ms;
    int64_t poke_ms = now_ms() + POKE_PERIOD_MS;
    char last[128] = "";
    bool is_over = false;
    struct error error;

    *result = (struct order_wait_result){.state.unserved = wait->goal->target_count};
    for (;;) {
        is_over = status_take(wait, convergence, result);
        progress_print(wait, &result->state, last);
        if (is_over || now_ms() >= end_ms) {
            break;
        }
        if (result->state.unserved > 0 && now_ms() >= poke_ms) {
            (void)order_poke(wait->socket_path, &error);
            poke_ms = now_ms() + POKE_PERIOD_MS;
        }
        pause_ms(STATUS_PERIOD_MS);
    }
    if (last[0] != '\0' && isatty(STDERR_FILENO) == 1) {
        fputs("\r\033[K", stderr);
    }
    result->missing_count = convergence_missing(convergence, arena, &result->missing);
    result->gone_count = convergence_gone(convergence, arena, &result->gone);
    convergence_free(convergence);
}
