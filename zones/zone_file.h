/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_file.h - a zone file as a run of entries (RFC 1035 section 5.1).
 *
 * An entry is one directive or one record: a line, or several that parentheses hold together.
 * Comments and parentheses are gone from its text, so that what reads it next sees one plain line;
 * and it knows where it began, which is what a message to the operator has to say.
 */

#ifndef ZONES_ZONE_FILE_H
#define ZONES_ZONE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "zones/error.h"

/* An entry of a record with 65,535 octets of RDATA, each as \DDD, fits well. */
enum { ENTRY_MAX_OCTETS = 512 * 1024 };

struct zone_file {
    FILE *file; /* borrowed */
    char *line;
    size_t line_capacity;
    size_t line_number; /* of the line read last, from 1 */
    char *entry;        /* the entry's text; a blank in front means: the owner before */
    size_t entry_length;
    size_t entry_capacity;
    size_t entry_line; /* where the entry begins */
};

enum zone_file_result { ZONE_FILE_ENTRY, ZONE_FILE_END, ZONE_FILE_BAD };

/* Ends in zone_file_close(), which leaves `file` open. */
void zone_file_open(struct zone_file *zone_file, FILE *file);
void zone_file_close(struct zone_file *zone_file);

/*
 * Read the next entry that is not empty; its text stays until the next call. ZONE_FILE_BAD, with
 * "line N: what", for a quote or parenthesis that is not closed, one too many, a NUL octet, an
 * entry that is too long, or an error of the file.
 */
enum zone_file_result zone_file_next(struct zone_file *zone_file, struct error *error);

#endif
