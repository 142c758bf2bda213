/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/clock.h - what a refused signature says about this machine's clock.
 */

#ifndef DISCOVERY_AWS_CLOCK_H
#define DISCOVERY_AWS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/aws/environment.h"

/*
 * A request was refused that was signed by our clock and `signed_offset_s`; the answer's Date is
 * `date_s`, 0: it has none. True when another signature may help: `*offset_s`, what AWS's clock has
 * more than ours, was set right by that Date, or had been by another answer in the meantime.
 */
bool aws_clock_correct(const struct aws_environment *environment, int64_t signed_offset_s,
                       int64_t date_s, int64_t *offset_s);

#endif
