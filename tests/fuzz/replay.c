/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/replay.c - runs a target over files, without libFuzzer and with any compiler.
 *
 *     replay_TARGET FILE|FOLDER...            each file once, in the order of their names
 *     replay_TARGET --time FILE|FOLDER...     and which file took longest, as CPU time of the
 *                                             fastest of several runs
 *
 * Exit: 0 all went well, 1 a file could not be read, 2 wrong usage; a finding ends in abort().
 */

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/fuzz/expect.h"

enum { ROUNDS = 5, FILE_MAX_OCTETS = 1024 * 1024 };

struct replay {
    bool is_timed;
    size_t file_count;
    double slowest_us;
    char slowest[512];
};

static double cpu_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void input_time(struct replay *replay, const char *path, const uint8_t *octets,
                       size_t length)
{
    double fastest_us = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double begun_us = cpu_us();

        (void)LLVMFuzzerTestOneInput(octets, length);
        if (cpu_us() - begun_us < fastest_us) {
            fastest_us = cpu_us() - begun_us;
        }
    }
    if (fastest_us > replay->slowest_us) {
        replay->slowest_us = fastest_us;
        (void)snprintf(replay->slowest, sizeof(replay->slowest), "%s", path);
    }
}

static bool file_replay(struct replay *replay, const char *path)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *octets = NULL;
    size_t length = 0;
    bool is_read = false;

    if (file == NULL) {
        (void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        return false;
    }
    octets = malloc(FILE_MAX_OCTETS);
    expect(octets != NULL, "there is memory for a file");
    length = fread(octets, 1, FILE_MAX_OCTETS, file);
    is_read = ferror(file) == 0;
    (void)fclose(file);
    /* In memory of just its size, so that a sanitizer sees a step too far. */
    octets = realloc(octets, length == 0 ? 1 : length);
    expect(octets != NULL, "there is memory for a file");
    if (is_read) {
        replay->file_count++;
        (void)LLVMFuzzerTestOneInput(octets, length);
    }
    if (is_read && replay->is_timed) {
        input_time(replay, path, octets, length);
    }
    free(octets);
    return is_read;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool path_replay(struct replay *replay, const char *path)
{
    struct stat status;
    struct dirent **entries = NULL;
    int count = 0;
    bool is_done = true;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return file_replay(replay, path);
    }
    count = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[1024];

        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
        is_done = file_replay(replay, inner) && is_done;
        free(entries[i]);
    }
    free(entries);
    return is_done && count > 0;
}

int main(int argument_count, char **arguments)
{
    struct replay replay = {.file_count = 0};
    int first = 1;
    bool is_done = true;

    if (argument_count > 1 && strcmp(arguments[1], "--time") == 0) {
        replay.is_timed = true;
        first = 2;
    }
    if (first >= argument_count) {
        (void)fprintf(stderr, "usage: %s [--time] FILE|FOLDER...\n", arguments[0]);
        return 2;
    }
    for (int i = first; i < argument_count; i++) {
        is_done = path_replay(&replay, arguments[i]) && is_done;
    }
    (void)printf("%zu files\n", replay.file_count);
    if (replay.is_timed) {
        (void)printf("slowest: %.1f us CPU: %s\n", replay.slowest_us, replay.slowest);
    }
    return is_done ? 0 : 1;
}
