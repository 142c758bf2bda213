/* SPDX-License-Identifier: MIT */

/*
 * server/verb_refresh.c - rollcall refresh: every source looks now.
 */

#include <stdlib.h>

#include "server/verb_control.h"
#include "server/verbs.h"

enum exit_status verb_refresh(const struct options *options)
{
    enum exit_status result = STATUS_FAILED;
    size_t length = 0;
    char *body = NULL;
    int status = 0;

    if (!verb_control_ask(options, "POST", "/v1/refresh", &status, &body, &length)) {
        return STATUS_FAILED;
    }
    if (status == 202) {
        puts("every source looks now");
        result = STATUS_DONE;
    } else {
        verb_control_refusal(body, length);
    }
    free(body);
    return result;
}
