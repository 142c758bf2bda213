/* SPDX-License-Identifier: MIT */

/*
 * server/log_pulse.h - once a second the log tells what it has left out, also while it has nothing
 * else to say. Main loop only.
 */

#ifndef SERVER_LOG_PULSE_H
#define SERVER_LOG_PULSE_H

#include <uv.h>

struct log_pulse;

struct log_pulse *log_pulse_new(uv_loop_t *loop);

/* Stop, and free once the handle is closed. */
void log_pulse_close(struct log_pulse *pulse);

#endif
