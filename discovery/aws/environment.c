/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/environment.c - the process's own variables and clock.
 */

#include "discovery/aws/environment.h"

#include <stdlib.h>
#include <time.h>

static const char *process_variable(const char *name)
{
    /* Nothing in this program changes the environment once it runs. */
    return getenv(name); // NOLINT(concurrency-mt-unsafe)
}

static int64_t process_now_s(void)
{
    return (int64_t)time(NULL);
}

const struct aws_environment *aws_environment_process(void)
{
    static const struct aws_environment process = {process_variable, process_now_s};

    return &process;
}

const char *aws_variable(const struct aws_environment *environment, const char *name)
{
    const char *value = environment->variable(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}
