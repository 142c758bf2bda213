/* SPDX-License-Identifier: MIT */

/*
 * server/config_cookies.c - judges the file with the secret of cookies. Only for those who check a
 * configuration: it is read to be used by whoever answers, and no verb of an operator needs it.
 */

#include <string.h>

#include "server/config_build.h"
#include "server/cookie_secret.h"

void config_cookies_check(const struct config_draft *draft)
{
    size_t row = config_key_find(SECTION_ROOT, "cookie-secret-file", strlen("cookie-secret-file"));
    const char *path = draft->config->cookie_secret_path;
    struct cookie_secrets secrets;
    struct error error;

    if (path != NULL && !cookie_secret_read(&secrets, path, &error)) {
        complain(draft->complaints, draft->tree->sections[0].settings[row].line,
                 "cookie-secret-file: %s", error.text);
    }
    explicit_bzero(&secrets, sizeof(secrets));
}
