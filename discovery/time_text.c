/* SPDX-License-Identifier: MIT */

/*
 * discovery/time_text.c - RFC 3339 times, for holds: text to Unix time and back.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "discovery/hold.h"

enum { SECONDS_A_MINUTE = 60, MINUTES_AN_HOUR = 60, TM_YEAR_BASE = 1900 };

/* The years 0000 to 9999 (RFC 3339 section 1): what lies outside cannot be written. */
static const int64_t time_min_s = INT64_C(-62167219200);
static const int64_t time_max_s = INT64_C(253402300799);

/* Exactly `count` digits at `*cursor`, of a number from `min` to `max`. */
static bool digits_take(const char **cursor, int count, int min, int max, int *number)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        char digit = (*cursor)[i];

        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + (digit - '0');
    }
    if (value < min || value > max) {
        return false;
    }
    *cursor += count;
    *number = value;
    return true;
}

/* One character of `set` at `*cursor`. */
static bool character_take(const char **cursor, const char *set)
{
    if (**cursor == '\0' || strchr(set, **cursor) == NULL) {
        return false;
    }
    (*cursor)++;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

/* time-secfrac: read and dropped, since the clock has whole seconds. */
static bool fraction_take(const char **cursor)
{
    size_t digits = 0;

    if (**cursor != '.') {
        return true;
    }
    digits = strspn(*cursor + 1, "0123456789");
    *cursor += 1 + digits;
    return digits > 0;
}

/* time-offset: Z, or how far local time is ahead of UTC. */
static bool offset_take(const char **cursor, int *offset_s)
{
    int sign = **cursor == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;

    *offset_s = 0;
    if (character_take(cursor, "Zz")) {
        return true;
    }
    if (!character_take(cursor, "+-") || !digits_take(cursor, 2, 0, 23, &hours) ||
        !character_take(cursor, ":") || !digits_take(cursor, 2, 0, 59, &minutes)) {
        return false;
    }
    *offset_s = sign * (hours * MINUTES_AN_HOUR + minutes) * SECONDS_A_MINUTE;
    return true;
}

/* full-date "T" partial-time, as UTC. */
static bool date_time_take(const char **cursor, struct tm *utc)
{
    int year = 0;
    int month = 0;

    if (!digits_take(cursor, 4, 0, 9999, &year) || !character_take(cursor, "-") ||
        !digits_take(cursor, 2, 1, 12, &month) || !character_take(cursor, "-") ||
        !digits_take(cursor, 2, 1, month_days(year, month), &utc->tm_mday)) {
        return false;
    }
    utc->tm_year = year - TM_YEAR_BASE;
    utc->tm_mon = month - 1;
    /* 60 is a leap second (RFC 3339 section 5.7); for us it is the next one. */
    return character_take(cursor, "Tt") && digits_take(cursor, 2, 0, 23, &utc->tm_hour) &&
           character_take(cursor, ":") && digits_take(cursor, 2, 0, 59, &utc->tm_min) &&
           character_take(cursor, ":") && digits_take(cursor, 2, 0, 60, &utc->tm_sec) &&
           fraction_take(cursor);
}

bool time_parse(int64_t *time_s, const char *text)
{
    const char *cursor = text;
    struct tm utc = {0};
    int offset_s = 0;
    int64_t found_s = 0;

    if (!date_time_take(&cursor, &utc) || !offset_take(&cursor, &offset_s) || *cursor != '\0') {
        return false;
    }
    found_s = (int64_t)timegm(&utc) - offset_s;
    if (found_s < time_min_s || found_s > time_max_s) {
        return false;
    }
    *time_s = found_s;
    return true;
}

char *time_to_text(int64_t time_s, char text[TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)time_s;
    struct tm utc;
    int used = 0;

    if (time_s < time_min_s || time_s > time_max_s || gmtime_r(&seconds, &utc) == NULL) {
        (void)snprintf(text, TIME_TEXT_SIZE, "@%" PRId64, time_s); /* beyond RFC 3339 */
        return text;
    }
    /* strftime(3) gives a year before 1000 three digits. */
    used = snprintf(text, TIME_TEXT_SIZE, "%04d", utc.tm_year + TM_YEAR_BASE);
    (void)strftime(text + used, TIME_TEXT_SIZE - (size_t)used, "-%m-%dT%H:%M:%SZ", &utc);
    return text;
}
