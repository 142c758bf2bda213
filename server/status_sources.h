/* SPDX-License-Identifier: MIT */

/*
 * server/status_sources.h - the upper part of what rollcall status prints: whether all is served,
 * and how the sources do.
 */

#ifndef SERVER_STATUS_SOURCES_H
#define SERVER_STATUS_SOURCES_H

#include "server/document_reader.h"

/* Why the server is not ready, a line each; nothing when it is. */
void status_reasons_print(struct document_reader *reader, const struct json_value *root);

/* A row each, and a line for each cluster whose losses are held back. */
void status_sources_print(struct document_reader *reader, const struct json_value *root);

#endif
