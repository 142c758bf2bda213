/* SPDX-License-Identifier: MIT */

/*
 * server/retirement.c - one reference and one timer.
 */

#include "server/retirement.h"

#include <stdlib.h>

#include "server/heap.h"
#include "zones/arena.h"

struct retirement {
    uv_timer_t timer;
    struct snapshot *snapshot;
};

static void let_go(struct retirement *retirement)
{
    snapshot_unref(retirement->snapshot);
    retirement->snapshot = NULL;
}

static void on_timer(uv_timer_t *timer)
{
    let_go(timer->data);
    heap_settle();
}

struct retirement *retirement_new(uv_loop_t *loop)
{
    struct retirement *retirement = memory_new(sizeof(*retirement));

    (void)uv_timer_init(loop, &retirement->timer);
    retirement->timer.data = retirement;
    return retirement;
}

void retirement_keep(struct retirement *retirement, struct snapshot *snapshot)
{
    let_go(retirement); /* the memory is wanted again at once */
    if (snapshot != NULL) {
        retirement->snapshot = snapshot_ref(snapshot);
        (void)uv_timer_start(&retirement->timer, on_timer, RETIREMENT_MS, 0);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void retirement_close(struct retirement *retirement)
{
    if (retirement != NULL) {
        let_go(retirement);
        uv_close((uv_handle_t *)&retirement->timer, on_closed);
    }
}
