/* SPDX-License-Identifier: MIT */

/*
 * server/exposition.c - heads and samples, with whatever comes from outside escaped.
 */

#include "server/exposition.h"

#include <inttypes.h>
#include <string.h>

#include "discovery/utf8.h"

void exposition_family(FILE *out, const char *metric, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP rollcall_%s %s\n# TYPE rollcall_%s %s\n", metric, help, metric,
                  type);
}

/* The format takes any UTF-8, with three characters escaped. A name out of the configuration may
 * be none, and then the whole scrape would be refused. */
static void label_value_write(FILE *out, const char *value)
{
    size_t left = strlen(value);

    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(value, left, &character);

        if (*value == '\n') {
            (void)fputs("\\n", out);
        } else if (*value == '\\' || *value == '"') {
            (void)fprintf(out, "\\%c", *value);
        } else if (length == 0 || !utf8_is_printable(character)) {
            (void)fputc('?', out);
        } else {
            (void)fwrite(value, 1, length, out);
        }
        length = length == 0 ? 1 : length;
        value += length;
        left -= length;
    }
}

static void sample_open(FILE *out, const char *metric, const struct exposition_label *labels)
{
    (void)fprintf(out, "rollcall_%s{", metric);
    for (size_t i = 0; i < EXPOSITION_LABELS_MAX && labels[i].name != NULL; i++) {
        (void)fprintf(out, "%s%s=\"", i == 0 ? "" : ",", labels[i].name);
        label_value_write(out, labels[i].value);
        (void)fputc('"', out);
    }
    (void)fputs("} ", out);
}

void exposition_sample(FILE *out, const char *metric, const struct exposition_label *labels,
                       uint64_t value)
{
    sample_open(out, metric, labels);
    (void)fprintf(out, "%" PRIu64 "\n", value);
}

void exposition_sample_seconds(FILE *out, const char *metric, const struct exposition_label *labels,
                               int64_t milliseconds)
{
    enum { MS_PER_S = 1000 };

    sample_open(out, metric, labels);
    (void)fprintf(out, "%" PRId64 ".%03" PRId64 "\n", milliseconds / MS_PER_S,
                  milliseconds % MS_PER_S);
}
