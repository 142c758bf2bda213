/* SPDX-License-Identifier: MIT */

/*
 * server/notify.h - telling systemd how we are (sd_notify(3), the datagram protocol itself).
 */

#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/*
 * Send `state`, such as "READY=1", to the socket that $NOTIFY_SOCKET names. Without that variable,
 * or when the socket does not take it within 200 ms, nothing happens: we run as well without
 * systemd.
 */
void notify_send(const char *state);

/* "RELOADING=1" with the monotonic time stamp that Type=notify-reload asks for. */
void notify_reloading(void);

#endif
