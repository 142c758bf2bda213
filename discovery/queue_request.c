/* SPDX-License-Identifier: MIT */

/*
 * discovery/queue_request.c - the two bodies.
 */

#include "discovery/queue_request.h"

#include <stdio.h>

#include "discovery/json_write.h"

char *queue_receive_body(const char *url)
{
    struct json_writer writer;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "QueueUrl", url);
    json_write_integer(&writer, "MaxNumberOfMessages", QUEUE_BATCH_MAX);
    json_write_integer(&writer, "WaitTimeSeconds", QUEUE_WAIT_S);
    json_write_integer(&writer, "VisibilityTimeout", QUEUE_VISIBILITY_S);
    return json_writer_close(&writer);
}

char *queue_delete_body(const char *url, const char *const *handles, size_t count)
{
    struct json_writer writer;

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "QueueUrl", url);
    json_write_array(&writer, "Entries");
    for (size_t i = 0; i < count; i++) {
        char id[24];

        (void)snprintf(id, sizeof(id), "%zu", i);
        json_write_object(&writer, NULL);
        json_write_text(&writer, "Id", id);
        json_write_text(&writer, "ReceiptHandle", handles[i]);
        json_write_end(&writer);
    }
    return json_writer_close(&writer);
}
