/* SPDX-License-Identifier: MIT */

/*
 * discovery/log_limit.c - a leaky bucket for each kind of line.
 */

#include "discovery/log_limit.h"

#include <stddef.h>
#include <string.h>

enum {
    LINE_COST_MS = 1000 / LOG_LIMIT_PER_SECOND,
    DEBT_MAX_MS = LOG_LIMIT_BURST * LINE_COST_MS,
    SHARED_KIND = LOG_LIMIT_KINDS - 1,
};

static const char shared_text[] = "others";

static int64_t kind_debt_ms(const struct log_kind *kind, int64_t now_ms)
{
    int64_t passed_ms = now_ms - kind->at_ms;

    return passed_ms >= kind->debt_ms ? 0 : kind->debt_ms - passed_ms;
}

/* Nothing is lost when its place goes to another. */
static bool kind_is_idle(const struct log_kind *kind, int64_t now_ms)
{
    return kind->text[0] == '\0' || (kind->left_out_count == 0 && kind_debt_ms(kind, now_ms) == 0);
}

static struct log_kind *kind_find(struct log_limit *limit, const char *text, int64_t now_ms)
{
    struct log_kind *place = NULL;

    for (size_t i = 0; i < SHARED_KIND; i++) {
        struct log_kind *kind = &limit->kinds[i];

        if (strcmp(kind->text, text) == 0) {
            return kind;
        }
        if (place == NULL && kind_is_idle(kind, now_ms)) {
            place = kind;
        }
    }
    if (place == NULL) {
        place = &limit->kinds[SHARED_KIND];
        memcpy(place->text, shared_text, sizeof(shared_text));
        return place;
    }
    *place = (struct log_kind){.at_ms = now_ms};
    memcpy(place->text, text, strlen(text) + 1);
    return place;
}

bool log_limit_admit(struct log_limit *limit, const char *event, int level, int64_t now_ms)
{
    char text[LOG_LIMIT_KIND_SIZE];
    size_t length = strnlen(event, sizeof(text) - 1);
    struct log_kind *kind = NULL;
    int64_t debt_ms = 0;

    memcpy(text, event, length);
    text[length] = '\0';
    kind = kind_find(limit, text, now_ms);
    debt_ms = kind_debt_ms(kind, now_ms);
    if (debt_ms + LINE_COST_MS <= DEBT_MAX_MS) {
        kind->debt_ms = debt_ms + LINE_COST_MS;
        kind->at_ms = now_ms;
        return true;
    }
    if (kind->left_out_count == 0) {
        kind->told_ms = now_ms;
        kind->most_urgent = level;
    }
    kind->left_out_count++;
    kind->most_urgent = level < kind->most_urgent ? level : kind->most_urgent;
    return false;
}

bool log_limit_tell(struct log_limit *limit, bool is_last, int64_t now_ms,
                    struct log_left_out *left_out)
{
    for (size_t i = 0; i < LOG_LIMIT_KINDS; i++) {
        struct log_kind *kind = &limit->kinds[i];

        if (kind->left_out_count > 0 && (is_last || now_ms - kind->told_ms >= LOG_LIMIT_TELL_MS)) {
            memcpy(left_out->text, kind->text, sizeof(left_out->text));
            left_out->count = kind->left_out_count;
            left_out->level = kind->most_urgent;
            kind->left_out_count = 0;
            return true;
        }
    }
    return false;
}
