/* SPDX-License-Identifier: MIT */

/*
 * discovery/ec2_request.c - values of one filter are ORed, filters are ANDed: ours stands alone,
 * also beside a "tag-key" of the operator's.
 */

#include "discovery/ec2_request.h"

#include <string.h>

/* Beside the filters: Action, Version, MaxResults, our own filter (name and value), NextToken. */
enum { FIXED_PARAMETERS = 6 };

static void parameter_add(struct ec2_request *request, const char *name, const char *value)
{
    request->parameters[request->count++] = (struct aws_parameter){name, value};
}

static bool filter_seen(const struct ec2_settings *settings, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(settings->filters[i].name, settings->filters[index].name) == 0) {
            return true;
        }
    }
    return false;
}

/* All values of the name of filter `first`, as Filter.N.Name, Filter.N.Value.1, ... */
static void filter_add(struct ec2_request *request, const struct ec2_settings *settings,
                       size_t first, unsigned number, struct arena *arena)
{
    const char *name = settings->filters[first].name;
    unsigned value_number = 0;
    parameter_add(request, arena_format(arena, "Filter.%u.Name", number), name);
    for (size_t i = first; i < settings->filter_count; i++) {
        if (strcmp(settings->filters[i].name, name) == 0) {
            value_number++;
            parameter_add(request, arena_format(arena, "Filter.%u.Value.%u", number, value_number),
                          settings->filters[i].value);
        }
    }
}

void ec2_request_build(struct ec2_request *request, const struct ec2_settings *settings,
                       struct arena *arena)
{
    size_t capacity = FIXED_PARAMETERS + 2 * settings->filter_count;
    request->parameters = arena_array(arena, capacity, sizeof(*request->parameters));
    request->count = 0;
    parameter_add(request, "Action", "DescribeInstances");
    parameter_add(request, "Version", "2016-11-15");
    parameter_add(request, "MaxResults", "1000");
    parameter_add(request, "Filter.1.Name", "tag-key");
    parameter_add(request, "Filter.1.Value.1", settings->group_tag);
    unsigned number = 1;
    for (size_t i = 0; i < settings->filter_count; i++) {
        if (!filter_seen(settings, i)) {
            filter_add(request, settings, i, ++number, arena);
        }
    }
}

size_t ec2_request_page(struct ec2_request *request, const char *next_token)
{
    if (next_token == NULL) {
        return request->count;
    }
    request->parameters[request->count] = (struct aws_parameter){"NextToken", next_token};
    return request->count + 1;
}
