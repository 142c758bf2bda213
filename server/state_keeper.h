/* SPDX-License-Identifier: MIT */

/*
 * server/state_keeper.h - the last good table on disk.
 *
 *     STATE-DIR/lock              held (flock) by the one server that writes here
 *     STATE-DIR/table.state       the newest
 *     STATE-DIR/table.previous    the one before
 *     STATE-DIR/table.corrupt-TIME, table.future-TIME     set aside, never deleted
 *
 * Writing: a new file, fsync, the old one kept as previous, rename, fsync of the folder; at most
 * once in STATE_WRITE_GAP_MS, and only when more than the time of writing differs. It happens on a
 * thread of libuv's pool: a disk that hangs holds nothing up. A server that cannot write serves all
 * the same; it tries again with the next change, and every STATE_RETRY_MS. Main thread only.
 */

#ifndef SERVER_STATE_KEEPER_H
#define SERVER_STATE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "zones/error.h"

enum { STATE_WRITE_GAP_MS = 1000, STATE_RETRY_MS = 10 * 1000 };

struct state_keeper;
struct state;

enum state_keeper_result {
    STATE_KEEPER_OPEN,
    STATE_KEEPER_ABSENT, /* the folder cannot be used; `error` says why: go on without */
    STATE_KEEPER_TAKEN,  /* another server writes there: do not start */
};

/* Make the folder if only its last part is missing, and lock it. Blocks. */
enum state_keeper_result state_keeper_open(struct state_keeper **keeper, uv_loop_t *loop,
                                           const char *directory, struct error *error);

/*
 * The newest table that can be read, or NULL; what cannot be read is set aside and logged. Blocks.
 * Owned by the caller.
 */
struct state *state_keeper_load(struct state_keeper *keeper);

/* What there is to be kept now: a text of `*length` octets by state_encode(), which the keeper
 * owns; NULL: nothing. */
typedef char *(*state_maker)(void *owner, size_t *length);

/*
 * There is something new to be kept. `maker` is asked for it when it may be written, at the latest
 * by state_keeper_close(): of many changes in a row only the last is made a text, which for 100,000
 * members takes some 80 ms. Does not wait for the disk.
 */
void state_keeper_save(struct state_keeper *keeper, state_maker maker, void *owner);

/* How writing has gone. */
struct state_keeper_past {
    uint64_t write_count;
    uint64_t failure_count;
    struct error last_error; /* "" when the newest write did not fail */
};

const struct state_keeper_past *state_keeper_past(const struct state_keeper *keeper);

/* Write what is still to be written and unlock; freed once the loop has closed its handles. Blocks.
 * NULL does nothing. */
void state_keeper_close(struct state_keeper *keeper);

/* What writes, on a thread of the pool, and how long it waits after a failure; for tests, which
 * have neither a disk that hangs nor time. */
typedef bool (*state_writer)(int folder, const char *text, size_t length, struct error *error);
void state_keeper_set_writer(struct state_keeper *keeper, state_writer writer, int64_t retry_ms);

#endif
