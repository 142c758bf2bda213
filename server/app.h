/* SPDX-License-Identifier: MIT */

/*
 * server/app.h - the running server: who starts, who stops, in which order.
 */

#ifndef SERVER_APP_H
#define SERVER_APP_H

#include <stdbool.h>

struct app_settings {
    const char *config_path;
};

/*
 * Serve until SIGTERM or SIGINT; SIGHUP reloads. True after an orderly end; false when the start
 * failed, after the reason was logged. Main thread; once per process.
 */
bool app_run(const struct app_settings *settings);

#endif
