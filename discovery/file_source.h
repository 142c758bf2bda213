/* SPDX-License-Identifier: MIT */

/*
 * discovery/file_source.h - members from a JSON file (discovery/fleet_file.h) that is watched.
 *
 * The folder is watched, so that an editor's rename() counts as a change; and the file is looked at
 * every `recheck_ms`, because network file systems and bind mounts may change without an event.
 * Only a file that is right from the first to the last octet is delivered. After a change it is
 * read and delivered FILE_LOOKS times, by the first recheck that comes GUARD_ABSENT_GAP_MS later:
 * absence counts only when it is seen in several looks that far apart (discovery/guard.h). A file
 * at rest is read and delivered again every `repeat_ms`, at the first recheck after it: what the
 * guard holds back for a time is decided by polls, and so is what flaps. The same failure is
 * reported once until its text changes or a look succeeds.
 */

#ifndef DISCOVERY_FILE_SOURCE_H
#define DISCOVERY_FILE_SOURCE_H

#include <stdint.h>
#include <uv.h>

#include "discovery/fleet_file.h"
#include "discovery/guard.h"
#include "discovery/source.h"

enum {
    FILE_RECHECK_MS = 1000,
    FILE_SETTLE_MS = 20, /* from the first event to the reading: writers have finished mostly */
    FILE_LOOKS = GUARD_ABSENT_POLLS,
    /* With the recheck as often as EC2 is looked at by default: nothing waits longer because it
     * comes from a file. Ten thousand members cost a hundredth of a core by it. */
    FILE_REPEAT_MS = 4 * 1000,
};

struct file_settings {
    const char *name;    /* "on-prem" */
    const char *path;    /* absolute, or relative to the process */
    uint64_t recheck_ms; /* 0: FILE_RECHECK_MS */
    uint64_t repeat_ms;  /* 0: FILE_REPEAT_MS */
};

/* `settings` is borrowed and outlives the source; `listener` is copied. Owned by the caller until
 * source_stop(). */
struct source *file_source_new(uv_loop_t *loop, const struct file_settings *settings,
                               const struct source_listener *listener);

#endif
