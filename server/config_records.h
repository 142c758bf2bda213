/* SPDX-License-Identifier: MIT */

/*
 * server/config_records.h - the record file that a zone's `records` names.
 */

#ifndef SERVER_CONFIG_RECORDS_H
#define SERVER_CONFIG_RECORDS_H

#include "server/config.h"
#include "zones/record.h"

/*
 * Read the zone's record file; `list` stays as it is when the zone names none. The list lies in
 * `arena`. Without an origin (the zone's name was refused) the names in the file mean nothing: then
 * it is only opened. False with "PATH: what" or "PATH: line N: what" in `error`.
 */
bool config_records_read(struct record_list *list, const struct config_zone *zone,
                         struct arena *arena, struct error *error);

#endif
