/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http_header.c - names, values and their white space.
 */

#include "discovery/aws/http_header.h"

#include <string.h>
#include <strings.h>

bool http_header_valid(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '\x7f') {
            return false;
        }
    }
    return true;
}

bool http_header_value(const char *line, size_t length, const char *name, char *value,
                       size_t value_size)
{
    size_t at = strlen(name);

    if (length <= at || line[at] != ':' || strncasecmp(line, name, at) != 0) {
        return false;
    }
    at++;
    while (at < length && (line[at] == ' ' || line[at] == '\t')) {
        at++;
    }
    while (length > at && strchr(" \t\r\n", line[length - 1]) != NULL) {
        length--;
    }
    length = length - at < value_size ? length - at : value_size - 1;
    memcpy(value, line + at, length);
    value[length] = '\0';
    return true;
}

/* Nobody means a wait of more than 9 digits. */
static bool number_read(const char *text, int64_t *number)
{
    size_t length = strspn(text, "0123456789");

    if (length == 0 || length > 9 || text[length] != '\0') {
        return false;
    }
    *number = 0;
    for (; *text != '\0'; text++) {
        *number = *number * 10 + (*text - '0');
    }
    return true;
}

bool http_header_wait_ms(const char *line, size_t length, int64_t *wait_ms)
{
    char value[32];

    if (http_header_value(line, length, "x-amz-retry-after", value, sizeof(value))) {
        return number_read(value, wait_ms);
    }
    if (!http_header_value(line, length, "retry-after", value, sizeof(value)) ||
        !number_read(value, wait_ms)) {
        return false;
    }
    *wait_ms *= 1000;
    return true;
}
