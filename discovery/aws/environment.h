/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/environment.h - the two things of the process that the AWS rooms look at.
 *
 * Environment variables and the wall clock come in through here, so that tests bring their own.
 */

#ifndef DISCOVERY_AWS_ENVIRONMENT_H
#define DISCOVERY_AWS_ENVIRONMENT_H

#include <stdint.h>

struct aws_environment {
    const char *(*variable)(const char *name); /* NULL: not set. The text lives on */
    int64_t (*now_s)(void);                    /* Unix time by this machine's clock */
};

/* The process's own. Static. */
const struct aws_environment *aws_environment_process(void);

/* A variable's value; NULL when it is not set or empty, which the AWS tools treat alike. */
const char *aws_variable(const struct aws_environment *environment, const char *name);

#endif
