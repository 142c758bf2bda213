/* SPDX-License-Identifier: MIT */

/*
 * server/state_keeper.c - which table is written when; one writing at a time, the newest wins.
 */

#include "server/state_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "discovery/log.h"
#include "discovery/state_file.h"
#include "server/state_folder.h"
#include "server/state_write.h"
#include "server/term_timer.h"
#include "zones/arena.h"

/* Octets of one table; NULL: none. */
struct table {
    char *text;
    size_t length;
    struct fingerprint print;
};

struct state_keeper {
    struct state_folder folder; /* the pool thread's while `is_writing` */
    uv_loop_t *loop;
    uv_timer_t timer; /* until what is new may be written */
    state_writer writer;
    int64_t retry_ms;
    struct fingerprint kept; /* of what is on disk, as far as that is known */
    state_maker maker;
    void *maker_owner;
    bool is_news;          /* the maker has something newer than what was written last */
    struct table writing;  /* the pool thread's while `is_writing` */
    int64_t not_before_ms; /* uv_now() at which the maker may be asked again */
    bool is_writing;
    struct state_keeper_past past;
    /* The pool thread's, until `is_done` is posted. */
    uv_work_t work;
    uv_sem_t is_done;
    bool is_written;
    struct error error;
    /* Freed when the loop has let go of both. */
    bool is_closed;
    bool is_timer_closed;
};

static void table_drop(struct table *table)
{
    free(table->text);
    *table = (struct table){0};
}

/* ---- the outcome of a writing ---- */

static void failure_tell(struct state_keeper *keeper)
{
    struct state_keeper_past *past = &keeper->past;

    past->failure_count++;
    if (strcmp(past->last_error.text, keeper->error.text) != 0) {
        log_event(LEVEL_ERROR, "state cannot be written, what is served goes on",
                  log_text("state-dir", keeper->folder.path),
                  log_text("error", keeper->error.text));
    }
    past->last_error = keeper->error;
}

static void success_tell(struct state_keeper *keeper)
{
    struct state_keeper_past *past = &keeper->past;

    past->write_count++;
    if (past->last_error.text[0] != '\0') {
        log_event(LEVEL_NOTICE, "state is written again",
                  log_text("state-dir", keeper->folder.path));
    }
    past->last_error.text[0] = '\0';
}

static void writing_finish(struct state_keeper *keeper)
{
    keeper->is_writing = false;
    if (keeper->is_written) {
        keeper->kept = keeper->writing.print;
        success_tell(keeper);
    } else {
        keeper->kept = (struct fingerprint){0}; /* nobody knows how far the writing came */
        failure_tell(keeper);
        if (!keeper->is_news) {
            keeper->is_news = true;
            keeper->not_before_ms = (int64_t)uv_now(keeper->loop) + keeper->retry_ms;
        }
    }
    table_drop(&keeper->writing);
}

/* ---- writing ---- */

static void news_consider(struct state_keeper *keeper);

static void keeper_free_when_closed(struct state_keeper *keeper)
{
    if (!keeper->is_timer_closed || keeper->is_writing) {
        return;
    }
    table_drop(&keeper->writing);
    uv_sem_destroy(&keeper->is_done);
    free(keeper);
}

/* On whatever thread; blocks. */
static void table_write(struct state_keeper *keeper)
{
    keeper->is_written = state_folder_renew(&keeper->folder, &keeper->error) &&
                         keeper->writer(keeper->folder.fd, keeper->writing.text,
                                        keeper->writing.length, &keeper->error);
}

/* On a thread of the pool. */
static void on_work(uv_work_t *work)
{
    struct state_keeper *keeper = work->data;

    table_write(keeper);
    uv_sem_post(&keeper->is_done);
}

static void on_worked(uv_work_t *work, int status)
{
    struct state_keeper *keeper = work->data;

    (void)status;
    if (keeper->is_closed) {
        keeper->is_writing = false;
        keeper_free_when_closed(keeper);
        return;
    }
    uv_sem_wait(&keeper->is_done);
    writing_finish(keeper);
    news_consider(keeper);
}

static void on_timer(uv_timer_t *timer)
{
    news_consider(timer->data);
}

/* Ask for what is new; false when there is nothing that is not on disk. */
static bool news_take(struct state_keeper *keeper)
{
    struct table made = {.text = NULL};

    keeper->is_news = false;
    made.text = keeper->maker(keeper->maker_owner, &made.length);
    if (made.text == NULL) {
        return false;
    }
    made.print = state_print(made.text, made.length);
    if (fingerprint_matches(&keeper->kept, &made.print)) {
        table_drop(&made);
        return false;
    }
    keeper->writing = made;
    return true;
}

/* Write what is new: now, or as soon as it may be. */
static void news_consider(struct state_keeper *keeper)
{
    int64_t now_ms = (int64_t)uv_now(keeper->loop);

    if (keeper->is_writing || !keeper->is_news) {
        return;
    }
    if (now_ms < keeper->not_before_ms) {
        uv_timer_start(&keeper->timer, on_timer, (uint64_t)(keeper->not_before_ms - now_ms), 0);
        return;
    }
    uv_timer_stop(&keeper->timer);
    keeper->not_before_ms = now_ms + STATE_WRITE_GAP_MS;
    if (news_take(keeper)) {
        keeper->is_writing = true;
        keeper->work.data = keeper;
        uv_queue_work(keeper->loop, &keeper->work, on_work, on_worked);
    }
}

void state_keeper_save(struct state_keeper *keeper, state_maker maker, void *owner)
{
    int64_t soon_ms = (int64_t)uv_now(keeper->loop) + STATE_WRITE_GAP_MS;

    keeper->maker = maker;
    keeper->maker_owner = owner;
    keeper->is_news = true;
    /* Something new is worth a try before the retry would come. */
    if (keeper->not_before_ms > soon_ms) {
        keeper->not_before_ms = soon_ms;
    }
    news_consider(keeper);
}

/* ---- open, load, close ---- */

enum state_keeper_result state_keeper_open(struct state_keeper **keeper, uv_loop_t *loop,
                                           const char *directory, struct error *error)
{
    struct state_keeper *made = memory_new(sizeof(*made));
    enum state_keeper_result opened = state_folder_open(&made->folder, directory, error);

    *keeper = NULL;
    if (opened != STATE_KEEPER_OPEN) {
        free(made);
        return opened;
    }
    made->loop = loop;
    made->writer = state_write;
    made->retry_ms = STATE_RETRY_MS;
    uv_timer_init(loop, &made->timer);
    made->timer.data = made;
    if (uv_sem_init(&made->is_done, 0) != 0) {
        abort(); /* fails for a value out of range only */
    }
    *keeper = made;
    return STATE_KEEPER_OPEN;
}

void state_keeper_set_writer(struct state_keeper *keeper, state_writer writer, int64_t retry_ms)
{
    keeper->writer = writer;
    keeper->retry_ms = retry_ms;
}

static void file_set_aside(const struct state_keeper *keeper, const char *name,
                           enum state_outcome outcome, const struct error *reason)
{
    const char *why = outcome == STATE_FUTURE ? "future" : "corrupt";
    char aside[STATE_ASIDE_SIZE];
    struct error error;

    if (state_folder_set_aside(&keeper->folder, name, why, wall_clock_ms() / 1000, aside, &error)) {
        log_event(LEVEL_ERROR, "state cannot be used and is set aside",
                  log_text("state-dir", keeper->folder.path), log_text("file", name),
                  log_text("error", reason->text), log_text("kept-as", aside));
    } else {
        log_event(LEVEL_ERROR, "state cannot be used, nor be set aside",
                  log_text("state-dir", keeper->folder.path), log_text("file", name),
                  log_text("error", reason->text), log_text("rename-error", error.text));
    }
}

/* The state in the file `name`, with its octets in `table`; NULL without one. */
static struct state *file_load(const struct state_keeper *keeper, const char *name,
                               struct table *table)
{
    struct state *state = NULL;
    enum state_outcome outcome = STATE_CORRUPT;
    struct error error;

    switch (state_folder_read(&keeper->folder, name, &table->text, &table->length, &error)) {
    case STATE_FOLDER_NONE:
        return NULL;
    case STATE_FOLDER_BAD:
        *table = (struct table){0};
        break;
    case STATE_FOLDER_READ:
        outcome = state_decode(&state, table->text, table->length, &error);
        break;
    }
    if (outcome != STATE_READ) {
        table_drop(table);
        file_set_aside(keeper, name, outcome, &error);
    }
    return state;
}

struct state *state_keeper_load(struct state_keeper *keeper)
{
    struct table table = {0};
    struct state *state = file_load(keeper, STATE_NEWEST_NAME, &table);

    keeper->kept = (struct fingerprint){0};
    if (state != NULL) {
        keeper->kept = state_print(table.text, table.length);
        table_drop(&table);
        return state;
    }
    state = file_load(keeper, STATE_PREVIOUS_NAME, &table);
    if (state != NULL) {
        log_event(LEVEL_WARNING, "state: the newest is missing, the one before is used",
                  log_text("state-dir", keeper->folder.path));
    }
    table_drop(&table); /* it is not the newest on disk: what is equal is news there */
    return state;
}

const struct state_keeper_past *state_keeper_past(const struct state_keeper *keeper)
{
    return &keeper->past;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct state_keeper *keeper = handle->data;

    keeper->is_timer_closed = true;
    keeper_free_when_closed(keeper);
}

/* What is new, on this thread: there is no later. */
static void news_write(struct state_keeper *keeper)
{
    if (keeper->is_news && news_take(keeper)) {
        table_write(keeper);
        writing_finish(keeper);
    }
}

static void writing_wait(struct state_keeper *keeper)
{
    if (uv_sem_trywait(&keeper->is_done) != 0) {
        log_event(LEVEL_NOTICE, "the end waits for the disk to take the state",
                  log_number("octets", (int64_t)keeper->writing.length));
        uv_sem_wait(&keeper->is_done);
    }
}

void state_keeper_close(struct state_keeper *keeper)
{
    bool is_queued = false;

    if (keeper == NULL) {
        return;
    }
    is_queued = keeper->is_writing;
    if (is_queued && uv_cancel((uv_req_t *)&keeper->work) != 0) {
        writing_wait(keeper);
        writing_finish(keeper);
    } else if (is_queued) {
        keeper->is_news = true; /* no thread had taken it yet */
        table_drop(&keeper->writing);
    }
    news_write(keeper);
    keeper->is_writing = is_queued; /* on_worked() is still to come */
    keeper->is_closed = true;
    state_folder_close(&keeper->folder);
    uv_close((uv_handle_t *)&keeper->timer, on_timer_closed);
}
