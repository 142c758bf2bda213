/* SPDX-License-Identifier: MIT */

/*
 * server/restart_keys.c - sockets, threads and the files that are held open from start to end.
 */

#include "server/restart_keys.h"

#include <string.h>

#include "discovery/log.h"

static bool listens_are_same(const struct config *left, const struct config *right)
{
    if (left->listen_count != right->listen_count || left->workers != right->workers) {
        return false;
    }
    for (size_t index = 0; index < left->listen_count; index++) {
        if (strcmp(left->listens[index].text, right->listens[index].text) != 0) {
            return false;
        }
    }
    return true;
}

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

void restart_keys_warn(const struct config *old, const struct config *config)
{
    if (!listens_are_same(old, config)) {
        log_event(LEVEL_WARNING, "listen and workers change at the next restart only",
                  log_text("file", config->path));
    }
    if (strcmp(text_or_empty(old->user), text_or_empty(config->user)) != 0) {
        log_event(LEVEL_WARNING, "user changes at the next restart only",
                  log_text("file", config->path));
    }
    if (strcmp(old->state_dir, config->state_dir) != 0) {
        log_event(LEVEL_WARNING, "state-dir changes at the next restart only",
                  log_text("file", config->path));
    }
    if (strcmp(old->control_path, config->control_path) != 0) {
        log_event(LEVEL_WARNING, "control changes at the next restart only",
                  log_text("file", config->path));
    }
}
