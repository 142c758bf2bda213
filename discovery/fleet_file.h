/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_file.h - from the text of a fleet file to an inventory.
 *
 *     {"groups":[{"name":"db","members":[
 *         {"id":"db-1","address":"10.0.3.7","port":5432,"weight":65535}]}]}
 *
 * "port" and "weight" may be left out (the source's port, 65535); "az" may be given, and "hold",
 * the text of an operator's hold (discovery/hold.h). Unknown keys, an unreadable hold, a member
 * without id or address, two members of one id and two groups of one name are errors that say where
 * they are. An id and an az are DNS labels, see label_is_valid().
 */

#ifndef DISCOVERY_FLEET_FILE_H
#define DISCOVERY_FLEET_FILE_H

#include <stddef.h>

#include "discovery/inventory.h"
#include "zones/error.h"

/* Some 50,000 members, more than answers of any use can hold. */
enum { FLEET_FILE_MAX_OCTETS = 8 * 1024 * 1024 };

/*
 * Parse `length` octets of text into a finished inventory, owned by the caller. Members are
 * running, of the group's name, their values in the fields of the tags. NULL,
 * with what is wrong and where, when anything is. Pure.
 */
struct inventory *fleet_file_parse(const char *text, size_t length, struct error *error);

#endif
