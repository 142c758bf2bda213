/* SPDX-License-Identifier: MIT */

/*
 * discovery/file_source.c - when to read the fleet file, and reading it.
 */

#include "discovery/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/log.h"
#include "zones/arena.h"

/* Two files with one stamp are the same file, unless one was written right after the other. */
struct file_stamp {
    bool is_there;
    dev_t device;
    ino_t inode;
    off_t size_octets;
    struct timespec modified;
    struct timespec changed; /* a chmod() that lets us read it at last shows here */
};

struct file_source {
    struct source source; /* first: the source is the file source */
    const struct file_settings *settings;
    char *folder;
    const char *file_name; /* within the folder */
    uv_fs_event_t watch;
    uv_timer_t settle;
    uv_timer_t recheck;
    unsigned open_handles;
    bool is_forced;          /* read even if the stamp is the same */
    unsigned looks_left;     /* looks that are owed after the last change */
    int64_t looked_ms;       /* when the last look began, on the loop's clock */
    struct file_stamp stamp; /* of the text that was read last */
    struct error failure;    /* the one reported last, "" after a success */
};

static struct file_stamp stamp_of(const struct stat *status)
{
    return (struct file_stamp){
        .is_there = true,
        .device = status->st_dev,
        .inode = status->st_ino,
        .size_octets = status->st_size,
        .modified = status->st_mtim,
        .changed = status->st_ctim,
    };
}

static bool time_equals(const struct timespec *left, const struct timespec *right)
{
    return left->tv_sec == right->tv_sec && left->tv_nsec == right->tv_nsec;
}

static bool stamp_equals(const struct file_stamp *left, const struct file_stamp *right)
{
    return left->is_there == right->is_there && left->device == right->device &&
           left->inode == right->inode && left->size_octets == right->size_octets &&
           time_equals(&left->modified, &right->modified) &&
           time_equals(&left->changed, &right->changed);
}

static bool file_has_changed(const struct file_source *file)
{
    struct stat status;
    struct file_stamp stamp = {.is_there = false};

    if (stat(file->settings->path, &status) == 0) {
        stamp = stamp_of(&status);
    }
    return !stamp_equals(&stamp, &file->stamp);
}

/* All that `descriptor` gives into `text` of `size`; the size does not count, the file may grow. */
static bool descriptor_read(int descriptor, char *text, size_t size, size_t *length,
                            struct error *error)
{
    *length = 0;
    while (*length < size) {
        ssize_t got = read(descriptor, text + *length, size - *length);

        if (got == 0) {
            return true;
        }
        if (got > 0) {
            *length += (size_t)got;
        } else if (errno != EINTR) {
            return error_set(error, "%s", strerrordesc_np(errno));
        }
    }
    return error_set(error, "it grew while it was read");
}

/* The whole file as heap memory of the caller, and what it looked like just before. */
static bool file_read(const char *path, char **text, size_t *length, struct file_stamp *stamp,
                      struct error *error)
{
    struct stat status;
    bool is_good = false;
    /* A FIFO must not hold up the loop until somebody writes. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        error_set(error, "%s", strerrordesc_np(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(error, "not a regular file");
        goto out;
    }
    if (status.st_size > FLEET_FILE_MAX_OCTETS) {
        error_set(error, "%lld octets, more than the %d that are read", (long long)status.st_size,
                  FLEET_FILE_MAX_OCTETS);
        goto out;
    }
    /* One octet more, to see the end of the file. */
    *text = memory_new((size_t)status.st_size + 1);
    is_good = descriptor_read(descriptor, *text, (size_t)status.st_size + 1, length, error);
    if (is_good) {
        *stamp = stamp_of(&status);
    }
out:
    if (descriptor >= 0) {
        close(descriptor);
    }
    return is_good;
}

static void source_fail(struct file_source *file, struct error *error)
{
    const struct source_listener *listener = &file->source.listener;

    error_prefix(error, "%s", file->settings->path);
    if (strcmp(error->text, file->failure.text) != 0) {
        file->failure = *error;
        listener->on_failure(listener->owner, error);
    }
}

static void source_look(struct file_source *file)
{
    const struct source_listener *listener = &file->source.listener;
    int64_t started_ms = (int64_t)uv_now(file->settle.loop);
    struct inventory *inventory = NULL;
    struct error error = {""};
    char *text = NULL;
    size_t length = 0;

    /* A file that cannot be read has no stamp: every recheck tries it again. */
    file->stamp = (struct file_stamp){.is_there = false};
    file->is_forced = false;
    file->looked_ms = started_ms;
    if (file_read(file->settings->path, &text, &length, &file->stamp, &error)) {
        inventory = fleet_file_parse(text, length, &error);
    }
    free(text);
    if (inventory == NULL) {
        file->looks_left = 0;
        source_fail(file, &error);
        return;
    }
    if (file->looks_left > 0) {
        file->looks_left--;
    }
    file->failure.text[0] = '\0';
    listener->on_inventory(listener->owner, inventory, started_ms);
}

static void on_folder_event(uv_fs_event_t *watch, const char *file_name, int events, int status);

/* Watch the folder that has the name now; it may be another one than before. */
static void folder_watch(struct file_source *file)
{
    int status = 0;

    uv_fs_event_stop(&file->watch);
    status = uv_fs_event_start(&file->watch, on_folder_event, file->folder, 0);
    if (status != 0) {
        log_event(LEVEL_DEBUG, "folder is not watched", log_text("source", file->settings->name),
                  log_text("folder", file->folder), log_text("error", uv_strerror(status)));
    }
}

/* Read the file if it has changed. That it has without an event of its own may mean that the
 * folder, or a link on the way to it, is another one. */
static bool source_look_at_change(struct file_source *file)
{
    if (!file->is_forced) {
        if (!file_has_changed(file)) {
            return false;
        }
        folder_watch(file);
    }
    file->looks_left = FILE_LOOKS;
    source_look(file);
    return true;
}

static void on_settled(uv_timer_t *settle)
{
    source_look_at_change(settle->data);
}

static void on_folder_event(uv_fs_event_t *watch, const char *file_name, int events, int status)
{
    struct file_source *file = watch->data;

    (void)events;
    (void)status;
    /* Two writes within one tick of the file system's clock have one stamp: believe the event. */
    if (file_name == NULL || strcmp(file_name, file->file_name) == 0) {
        file->is_forced = true;
    }
    /* Not put off again by the next event: a busy folder would put it off for ever. */
    if (!uv_is_active((uv_handle_t *)&file->settle)) {
        uv_timer_start(&file->settle, on_settled, FILE_SETTLE_MS, 0);
    }
}

/* A confirmation that comes sooner would not count as one. */
static bool look_is_due(const struct file_source *file)
{
    uint64_t repeat_ms = file->settings->repeat_ms;
    int64_t age_ms = (int64_t)uv_now(file->recheck.loop) - file->looked_ms;

    repeat_ms = repeat_ms == 0 ? FILE_REPEAT_MS : repeat_ms;
    return age_ms >= (file->looks_left > 0 ? GUARD_ABSENT_GAP_MS : (int64_t)repeat_ms);
}

static void on_recheck(uv_timer_t *recheck)
{
    struct file_source *file = recheck->data;

    if (!source_look_at_change(file) && look_is_due(file)) {
        source_look(file);
    }
}

static void file_source_refresh(struct source *source)
{
    struct file_source *file = (struct file_source *)source;

    file->is_forced = true;
    uv_timer_start(&file->settle, on_settled, 0, 0);
}

/* Files are no shared good: there is nothing to spread. */
static void file_source_start(struct source *source, int64_t spread_ms)
{
    struct file_source *file = (struct file_source *)source;
    uint64_t recheck_ms = file->settings->recheck_ms;

    (void)spread_ms;
    recheck_ms = recheck_ms == 0 ? FILE_RECHECK_MS : recheck_ms;
    folder_watch(file);
    uv_timer_start(&file->recheck, on_recheck, recheck_ms, recheck_ms);
    file_source_refresh(source);
}

static void on_closed(uv_handle_t *handle)
{
    struct file_source *file = handle->data;

    if (--file->open_handles == 0) {
        free(file->folder);
        free(file);
    }
}

static void file_source_stop(struct source *source)
{
    struct file_source *file = (struct file_source *)source;

    uv_close((uv_handle_t *)&file->watch, on_closed);
    uv_close((uv_handle_t *)&file->settle, on_closed);
    uv_close((uv_handle_t *)&file->recheck, on_closed);
}

struct source *file_source_new(uv_loop_t *loop, const struct file_settings *settings,
                               const struct source_listener *listener)
{
    static const struct source_operations operations = {
        .start = file_source_start,
        .refresh = file_source_refresh,
        .stop = file_source_stop,
    };
    struct file_source *file = memory_new(sizeof(*file));
    const char *slash = strrchr(settings->path, '/');

    file->source.operations = &operations;
    file->source.listener = *listener;
    file->settings = settings;
    file->folder = memory_string(slash == NULL ? "." : settings->path);
    file->file_name = slash == NULL ? settings->path : slash + 1;
    if (slash != NULL) {
        /* "/fleet.json" lies in "/". */
        file->folder[slash == settings->path ? 1 : slash - settings->path] = '\0';
    }
    uv_fs_event_init(loop, &file->watch);
    uv_timer_init(loop, &file->settle);
    uv_timer_init(loop, &file->recheck);
    file->watch.data = file;
    file->settle.data = file;
    file->recheck.data = file;
    file->open_handles = 3;
    return &file->source;
}
