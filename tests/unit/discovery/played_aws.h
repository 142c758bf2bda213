/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/played_aws.h - AWS as a test plays it, with functions of
 * discovery/aws/call.h in their place: a call is written down, and the test answers it. Included
 * once per program, which defines the aws_call_start functions that it wants.
 */

#ifndef TESTS_UNIT_DISCOVERY_PLAYED_AWS_H
#define TESTS_UNIT_DISCOVERY_PLAYED_AWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/aws/call.h"
#include "zones/arena.h"

struct aws_client {
    int unused;
};

struct aws_call {
    aws_done done;
    void *owner;
    struct aws_call **place; /* holds the call while it is under way, else NULL */
    char asked[2048];        /* "Action=DescribeInstances Version=...", or a JSON body */
    int64_t timeout_ms;
};

static struct aws_client the_client;
static size_t cancelled;

/* A call of the client; none may be under way in `place`. */
static inline struct aws_call *played_call(struct aws_client *client, struct aws_call **place,
                                           aws_done done, void *owner)
{
    struct aws_call *call = memory_new(sizeof(*call));

    assert_ptr_equal(client, &the_client);
    assert_null(*place);
    *call = (struct aws_call){.done = done, .owner = owner, .place = place};
    *place = call;
    return call;
}

/* The same with the parameters of a form as what is asked. */
static inline struct aws_call *played_form(struct aws_client *client, struct aws_call **place,
                                           const struct aws_parameter *parameters,
                                           size_t parameter_count, aws_done done, void *owner)
{
    struct aws_call *call = played_call(client, place, done, owner);
    size_t length = 0;

    for (size_t i = 0; i < parameter_count; i++) {
        length += (size_t)snprintf(call->asked + length, sizeof(call->asked) - length, "%s%s=%s",
                                   i == 0 ? "" : " ", parameters[i].name, parameters[i].value);
        assert_true(length < sizeof(call->asked));
    }
    return call;
}

void aws_call_cancel(struct aws_call *call)
{
    assert_non_null(call);
    assert_ptr_equal(call, *call->place); /* it is not while its `done` runs */
    *call->place = NULL;
    cancelled++;
    free(call);
}

static inline void played_answer(struct aws_call **place, const struct aws_result *result)
{
    struct aws_call *call = *place;

    assert_non_null(call);
    *place = NULL;
    call->done(call->owner, result);
    free(call);
}

static inline void played_body(struct aws_call **place, const char *body)
{
    played_answer(place, &(struct aws_result){.body = body, .body_length = strlen(body)});
}

#endif
