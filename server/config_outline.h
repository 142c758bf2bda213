/* SPDX-License-Identifier: MIT */

/*
 * server/config_outline.h - which section and key of a configuration stands on which line.
 *
 * libconfuse ends at the first key that it does not know and does not say where a value stood.
 * The outline is read before it: it finds every statement's line, complains about each statement
 * that the table does not allow where it stands, and blanks it, so that libconfuse reads on. What
 * stands in a section that is there twice, or whose title is wrong, is to be judged all the same:
 * libconfuse gets it without its title, under config_outline_refused_name().
 */

#ifndef SERVER_CONFIG_OUTLINE_H
#define SERVER_CONFIG_OUTLINE_H

#include <stddef.h>

#include "server/complaints.h"
#include "server/config_tree.h"

/*
 * Read the outline of `text` into `tree`: sections and the lines of settings, no titles or values.
 * Told and blanked: unknown keys and sections, a key that is there twice, a list for a key that
 * takes one value, "+=". Told and renamed: a section that is there twice, a title too many or
 * missing. Comments are blanked as well. Where the text is no longer a list of statements the
 * outline ends and `tree->cut_line` says where.
 */
void config_outline_read(struct config_tree *tree, char *text, size_t length,
                         struct complaints *complaints);

/* The name in the text of a section of `kind` that was refused: no other section has it. */
const char *config_outline_refused_name(enum section_kind kind, struct arena *arena);

#endif
