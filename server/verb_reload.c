/* SPDX-License-Identifier: MIT */

/*
 * server/verb_reload.c - rollcall reload: the configuration is read again, or says why not.
 */

#include <stdlib.h>

#include "server/verb_control.h"
#include "server/verbs.h"

enum exit_status verb_reload(const struct options *options)
{
    enum exit_status result = STATUS_FAILED;
    size_t length = 0;
    char *body = NULL;
    int status = 0;

    if (!verb_control_ask(options, "POST", "/v1/reload", &status, &body, &length)) {
        return STATUS_FAILED;
    }
    if (status == 200) {
        puts("reloaded");
        result = STATUS_DONE;
    } else {
        verb_control_refusal(body, length);
        fputs("rollcall: reload refused, nothing changed\n", stderr);
    }
    free(body);
    return result;
}
