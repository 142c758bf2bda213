/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/failure.c - error replies and the codes in them.
 *
 * The code counts before the status: throttling comes as 400, 403, 429 and 503.
 */

#include "discovery/aws/failure.h"

#include <stdio.h>
#include <string.h>

#include "discovery/aws/xml.h"
#include "discovery/json.h"

enum {
    ROW_CODE,
    ROW_MESSAGE,
    MESSAGE_SIZE = 256,
    JSON_ERROR_LIMIT = 64 * 1024, /* AWS's are below 1 KiB */
};

static const struct xml_row rows[] = {
    {"Response/Errors/Error/Code",    ROW_CODE,    XML_ROW_TEXT}, /* EC2 */
    {"Response/Errors/Error/Message", ROW_MESSAGE, XML_ROW_TEXT},
    {"ErrorResponse/Error/Code",      ROW_CODE,    XML_ROW_TEXT}, /* Auto Scaling, STS */
    {"ErrorResponse/Error/Message",   ROW_MESSAGE, XML_ROW_TEXT},
};

static const struct xml_grammar grammar = {rows, sizeof(rows) / sizeof(rows[0])};

/* What a code means. Sorted by kind; a code that is not here is judged by the status. */
static const struct code_row {
    const char *code;
    enum aws_failure_kind kind;
    bool clock; /* the date in the signature may be the reason */
} codes[] = {
    {"BandwidthLimitExceeded",                 AWS_THROTTLED, false},
    {"ConcurrentTagAccess",                    AWS_THROTTLED, false},
    {"EC2ThrottledException",                  AWS_THROTTLED, false},
    {"KmsThrottled",                           AWS_THROTTLED, false}, /* of a queue's key */
    {"LimitExceededException",                 AWS_THROTTLED, false},
    {"OverLimit",                              AWS_THROTTLED, false}, /* too many in flight: SQS */
    {"ProvisionedThroughputExceededException", AWS_THROTTLED, false},
    {"RequestLimitExceeded",                   AWS_THROTTLED, false},
    {"RequestThrottled",                       AWS_THROTTLED, false},
    {"RequestThrottledException",              AWS_THROTTLED, false},
    {"SlowDown",                               AWS_THROTTLED, false},
    {"ThrottledException",                     AWS_THROTTLED, false},
    {"Throttling",                             AWS_THROTTLED, false},
    {"ThrottlingException",                    AWS_THROTTLED, false},
    {"TooManyRequestsException",               AWS_THROTTLED, false},
    {"AuthFailure",                            AWS_EXPIRED,   true },
    {"ExpiredToken",                           AWS_EXPIRED,   false},
    {"ExpiredTokenException",                  AWS_EXPIRED,   false},
    {"IncompleteSignature",                    AWS_EXPIRED,   false},
    {"InvalidAccessKeyId",                     AWS_EXPIRED,   false},
    {"InvalidClientTokenId",                   AWS_EXPIRED,   false},
    {"InvalidSignatureException",              AWS_EXPIRED,   true },
    {"RequestExpired",                         AWS_EXPIRED,   true },
    {"RequestInTheFuture",                     AWS_EXPIRED,   true },
    {"RequestTimeTooSkewed",                   AWS_EXPIRED,   true },
    {"SignatureDoesNotMatch",                  AWS_EXPIRED,   true },
    {"TokenRefreshRequired",                   AWS_EXPIRED,   false},
    {"UnrecognizedClientException",            AWS_EXPIRED,   false},
    {"AccessDenied",                           AWS_DENIED,    false},
    {"AccessDeniedException",                  AWS_DENIED,    false},
    {"Blocked",                                AWS_DENIED,    false},
    {"KmsAccessDenied",                        AWS_DENIED,    false},
    {"OptInRequired",                          AWS_DENIED,    false},
    {"PendingVerification",                    AWS_DENIED,    false},
    {"UnauthorizedOperation",                  AWS_DENIED,    false},
    {"IDPCommunicationError",                  AWS_SERVER,    false}, /* STS could not ask the IdP */
    {"IncorrectInstanceState",                 AWS_SERVER,    false},
    {"IncorrectState",                         AWS_SERVER,    false},
    {"InternalError",                          AWS_SERVER,    false},
    {"InternalFailure",                        AWS_SERVER,    false},
    {"PriorRequestNotComplete",                AWS_SERVER,    false},
    {"RequestTimeout",                         AWS_SERVER,    false},
    {"RequestTimeoutException",                AWS_SERVER,    false},
    {"ServiceUnavailable",                     AWS_SERVER,    false},
    {"Unavailable",                            AWS_SERVER,    false},
};

struct error_reply {
    char code[AWS_CODE_SIZE];
    char message[MESSAGE_SIZE];
};

/* Of several errors in a reply the first one counts. */
static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct error_reply *reply = owner;
    char *text = event->id == ROW_CODE ? reply->code : reply->message;
    size_t size = event->id == ROW_CODE ? sizeof(reply->code) : sizeof(reply->message);

    (void)error;
    if (event->kind == XML_TEXT && text[0] == '\0') {
        (void)snprintf(text, size, "%s", event->text);
    }
    return true;
}

static void member_read(const struct json_value *root, const char *key, char *text, size_t size)
{
    struct json_value value;

    if (text[0] == '\0' && json_optional(root, key, JSON_STRING, &value, NULL) &&
        json_is_there(&value)) {
        (void)snprintf(text, size, "%s", json_text(&value));
    }
}

/* The JSON protocols: {"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"..."}. */
static void json_reply_read(const struct http_response *response, struct error_reply *reply)
{
    struct json_document *document =
        json_parse(response->body, response->body_length, JSON_ERROR_LIMIT, NULL);
    struct json_value root;
    char type[MESSAGE_SIZE] = "";
    const char *code;

    if (document == NULL || !json_root(document, JSON_OBJECT, &root, NULL)) {
        json_free(document);
        return;
    }
    member_read(&root, "__type", type, sizeof(type));
    member_read(&root, "message", reply->message, sizeof(reply->message));
    member_read(&root, "Message", reply->message, sizeof(reply->message));
    code = strrchr(type, '#');
    code = code == NULL ? type : code + 1;
    (void)snprintf(reply->code, sizeof(reply->code), "%.*s",
                   (int)strnlen(code, sizeof(reply->code) - 1), code);
    json_free(document);
}

/* A gateway's HTML is no error reply; what was read before its end does not count. */
static void reply_read(const struct http_response *response, struct error_reply *reply)
{
    if (response->body[strspn(response->body, " \t\r\n")] == '{') {
        json_reply_read(response, reply);
    } else if (!xml_parse(response->body, response->body_length, &grammar, on_event, reply, NULL)) {
        *reply = (struct error_reply){0};
    }
}

static const struct code_row *code_find(const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) == 0) {
            return &codes[i];
        }
    }
    return NULL;
}

/* Only AWS itself, which names a code, can say that the request is wrong. A bare 302, 400, 404 or
 * 408 is a gateway's or an endpoint's in between, and passes. */
static enum aws_failure_kind kind_of_status(int status, bool has_code)
{
    if (status == 429) {
        return AWS_THROTTLED;
    }
    if (status == 401) {
        return AWS_EXPIRED;
    }
    if (status == 403) {
        return AWS_DENIED;
    }
    return has_code && status < 500 ? AWS_OTHER : AWS_SERVER;
}

void aws_failure_read(const char *service, const struct http_response *response,
                      struct aws_failure *failure)
{
    struct error_reply reply = {0};
    const struct code_row *row;

    *failure = (struct aws_failure){.kind = AWS_TRANSPORT, .status = response->status};
    if (response->status == 0) {
        failure->error = response->error;
        (void)error_prefix(&failure->error, "%s", service);
        return;
    }
    reply_read(response, &reply);
    memcpy(failure->code, reply.code, sizeof(failure->code));
    row = code_find(reply.code);
    failure->kind =
        row == NULL ? kind_of_status(response->status, reply.code[0] != '\0') : row->kind;
    reply.message[strcspn(reply.message, "\r\n")] = '\0';
    (void)error_set(&failure->error, "%s: HTTP status %d%s%s%s%s", service, response->status,
                    reply.code[0] == '\0' ? "" : " ", reply.code,
                    reply.message[0] == '\0' ? "" : ": ", reply.message);
}

bool aws_failure_may_be_clock(const struct aws_failure *failure)
{
    const struct code_row *row = code_find(failure->code);

    return row != NULL && row->clock;
}
