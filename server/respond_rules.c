/* SPDX-License-Identifier: MIT */

/*
 * server/respond_rules.c - the keys nsid and cookie-secret-file, and how long TCP stays open.
 */

#include "server/respond_rules.h"

#include <string.h>

#include "server/cookie_secret.h"
#include "server/tcp.h"

enum { KEEPALIVE_UNIT_MS = 100 /* RFC 7828 section 3.1 */ };

static bool secrets_update(struct cookie_secrets *secrets, const struct config *old,
                           const struct config *config, struct error *error)
{
    if (config->cookie_secret_path != NULL) {
        return cookie_secret_read(secrets, config->cookie_secret_path, error) ||
               error_prefix(error, "cookie-secret-file");
    }
    if (old != NULL && old->cookie_secret_path == NULL) {
        return true;
    }
    return cookie_secret_make(secrets, error);
}

bool respond_rules_update(struct respond_rules *rules, const struct config *old,
                          const struct config *config, struct error *error)
{
    struct cookie_secrets secrets = rules->cookies;
    bool is_whole = secrets_update(&secrets, old, config, error);

    if (is_whole) {
        rules->has_cookies = true;
        rules->cookies = secrets;
        rules->nsid_length = config->nsid == NULL ? 0 : (uint8_t)strlen(config->nsid);
        if (rules->nsid_length > 0) {
            memcpy(rules->nsid, config->nsid, rules->nsid_length);
        }
        rules->keepalive = TCP_IDLE_MS / KEEPALIVE_UNIT_MS;
    }
    explicit_bzero(&secrets, sizeof(secrets));
    return is_whole;
}
