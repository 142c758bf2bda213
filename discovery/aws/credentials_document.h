/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credentials_document.h - the JSON in which instances and containers get
 * credentials. Pure.
 */

#ifndef DISCOVERY_AWS_CREDENTIALS_DOCUMENT_H
#define DISCOVERY_AWS_CREDENTIALS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "discovery/aws/credentials.h"
#include "zones/arena.h"
#include "zones/error.h"

/* A real one has 2 KiB. */
enum { CREDENTIALS_DOCUMENT_LIMIT = 64 * 1024 };

/*
 * Read AccessKeyId, SecretAccessKey, Token and Expiration into `found`, whose strings then lie in
 * `arena`; `provider` stays. With `has_code` Code must be Success, as an instance's has it. Fails,
 * naming the member; no value but that of Code is ever told.
 */
bool credentials_document_read(const char *text, size_t length, bool has_code, struct arena *arena,
                               struct credentials *found, struct error *error);

#endif
