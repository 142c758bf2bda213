/* SPDX-License-Identifier: MIT */

/*
 * server/event_log.h - what happened to members, as log lines.
 */

#ifndef SERVER_EVENT_LOG_H
#define SERVER_EVENT_LOG_H

#include "discovery/guard.h"

/* Write one event of the source `source_name`, NULL: not known. A view_listener, but for the name.
 */
void event_log_write(const char *source_name, const struct view_event *event);

#endif
