/* SPDX-License-Identifier: MIT */

/*
 * server/verb_serve.c - rollcall serve: the server itself.
 */

#include "server/app.h"
#include "server/heap.h"
#include "server/verbs.h"

enum exit_status verb_serve(const struct options *options)
{
    const struct app_settings settings = {.config_path = options->config_path};

    heap_prepare();
    return app_run(&settings) ? STATUS_DONE : STATUS_FAILED;
}
