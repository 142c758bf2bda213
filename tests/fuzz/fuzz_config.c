/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_config.c - any octets as a configuration. A refusal says at least one thing; what
 * is taken can be printed, and what was printed is taken and prints the same.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "server/config.h"
#include "tests/fuzz/expect.h"

enum { PATH_SIZE = 64 };

static int file_make(const void *octets, size_t length, char path[PATH_SIZE])
{
    int descriptor = memfd_create("config", MFD_CLOEXEC);

    expect(descriptor >= 0 && write(descriptor, octets, length) == (ssize_t)length,
           "there is a file with the input");
    (void)snprintf(path, PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

static void on_complaint(void *owner, const char *text)
{
    size_t *complaints = owner;

    expect(text[0] != '\0' && strchr(text, '\n') == NULL, "a complaint is one line");
    (*complaints)++;
}

/* NULL: it was refused. */
static char *config_text(const char *path, size_t *length)
{
    char *text = NULL;
    size_t complaints = 0;
    FILE *out = open_memstream(&text, length);
    bool is_printed = false;

    expect(out != NULL, "there is memory for a text");
    is_printed = config_print(path, out, on_complaint, &complaints);
    (void)fclose(out);
    expect(is_printed == (complaints == 0), "what is refused is complained about");
    if (!is_printed) {
        free(text);
        text = NULL;
    }
    return text;
}

static void print_try(const char *path)
{
    char printed_path[PATH_SIZE];
    size_t length = 0;
    size_t again_length = 0;
    char *text = config_text(path, &length);
    char *again = NULL;
    int descriptor = -1;

    expect(text != NULL, "what loads can be printed");
    descriptor = file_make(text, length, printed_path);
    again = config_text(printed_path, &again_length);
    expect_text(again, text, "what was printed says the same");
    (void)close(descriptor);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    char path[PATH_SIZE];
    size_t complaints = 0;
    struct error error = {""};
    struct config *config = NULL;
    char *control = NULL;
    int descriptor = file_make(octets, length, path);

    config = config_load(path, on_complaint, &complaints);
    expect((config == NULL) == (complaints > 0), "what is refused is complained about");
    control = config_control_path(path, &error);
    expect(control != NULL || error.text[0] != '\0', "a refusal says why");
    if (config != NULL) {
        expect_text(config->control_path, control, "there is one control socket");
        print_try(path);
    }
    free(control);
    config_free(config);
    (void)close(descriptor);
    return 0;
}
