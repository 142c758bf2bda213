/* SPDX-License-Identifier: MIT */

/*
 * server/cookie_secret.h - where the secrets of cookies come from: a file that all servers of one
 * address share, or the kernel's random octets.
 *
 *     e5e973e5a6b2a43f48e7dc849e37bfcf     32 hexadecimal digits: makes cookies
 *     dd3bdf9344b678b185a6f5cb60fca715     on a second line, if any: its cookies are still good
 *
 * Main thread only; blocking.
 */

#ifndef SERVER_COOKIE_SECRET_H
#define SERVER_COOKIE_SECRET_H

#include <stdbool.h>

#include "server/cookie.h"
#include "zones/error.h"

/*
 * Read the file. False with "PATH: what" when it cannot be read, everybody may read it, or it holds
 * anything else; no secret stands in the error.
 */
bool cookie_secret_read(struct cookie_secrets *secrets, const char *path, struct error *error);

/* Make a secret that nobody else knows. */
bool cookie_secret_make(struct cookie_secrets *secrets, struct error *error);

#endif
