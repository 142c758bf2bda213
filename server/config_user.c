/* SPDX-License-Identifier: MIT */

/*
 * server/config_user.c - judges the user to become. Only for those who check a configuration, see
 * config_cookies.c.
 */

#include <string.h>

#include "server/config_build.h"
#include "server/privileges.h"

void config_user_check(const struct config_draft *draft)
{
    size_t row = config_key_find(SECTION_ROOT, "user", strlen("user"));
    const char *user = draft->config->user;
    struct error error;

    if (user != NULL && !privileges_user_is_known(user, &error)) {
        complain(draft->complaints, draft->tree->sections[0].settings[row].line, "%s", error.text);
    }
}
