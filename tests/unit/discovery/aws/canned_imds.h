/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/canned_imds.h - an instance metadata service with knobs.
 */

#ifndef TESTS_UNIT_DISCOVERY_AWS_CANNED_IMDS_H
#define TESTS_UNIT_DISCOVERY_AWS_CANNED_IMDS_H

#include "tests/unit/discovery/aws/canned_server.h"

struct canned_imds {
    const char *token_status; /* NULL: "200 OK"; "": silence */
    const char *text_status;  /* the same for everything else */
    int failures;             /* so many answers are "503 Service Unavailable" first */
    int refusals;             /* so many GETs are "401 Unauthorized" first */
    size_t tokens;            /* given so far: "token-1", "token-2" */
    const char *role;
    const char *document;
    const char *region;
};

static inline struct canned_reply canned_imds_text(const struct canned_imds *imds,
                                                   const char *request)
{
    const char *path = request + 4;
    const char *body = "";

    if (strncmp(path, "/latest/meta-data/iam/security-credentials/ ", 44) == 0) {
        body = imds->role;
    } else if (strncmp(path, "/latest/meta-data/iam/security-credentials/", 43) == 0) {
        body = imds->document;
    } else if (strncmp(path, "/latest/meta-data/placement/region ", 35) == 0) {
        body = imds->region;
    }
    return body == NULL ? canned_text("404 Not Found", "", "") : canned_text("200 OK", "", body);
}

static inline struct canned_reply canned_imds_answer(void *owner, const char *request)
{
    struct canned_imds *imds = owner;
    bool for_token = strncmp(request, "PUT /latest/api/token HTTP", 26) == 0;
    const char *status = for_token ? imds->token_status : imds->text_status;
    char token[32];

    if (imds->failures > 0) {
        imds->failures--;
        return canned_text("503 Service Unavailable", "", "");
    }
    if (status != NULL) {
        return status[0] == '\0' ? (struct canned_reply){NULL, 0, false}
                                 : canned_text(status, "", "");
    }
    if (for_token) {
        snprintf(token, sizeof(token), "token-%zu", ++imds->tokens);
        return canned_text("200 OK", "", token);
    }
    snprintf(token, sizeof(token), "token-%zu", imds->tokens);
    if (imds->refusals > 0 ||
        strcmp(canned_header(request, "X-aws-ec2-metadata-token"), token) != 0) {
        imds->refusals--;
        return canned_text("401 Unauthorized", "", "");
    }
    return canned_imds_text(imds, request);
}

#endif
