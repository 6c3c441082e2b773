#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Standard output or error, sent to a file for a while. */
struct capture {
    int descriptor, saved;
    FILE *file;
};

static inline struct capture capture_start(int descriptor)
{
    struct capture capture = {descriptor, dup(descriptor), tmpfile()};

    if (capture.saved < 0 || capture.file == NULL)
        abort();
    fflush(NULL);
    dup2(fileno(capture.file), descriptor);
    return capture;
}

/* Returns what was written, to be freed. */
static inline char *capture_end(struct capture *capture)
{
    char *text;
    off_t len;

    fflush(NULL);
    dup2(capture->saved, capture->descriptor);
    close(capture->saved);
    len = lseek(fileno(capture->file), 0, SEEK_END);
    text = calloc(1, (size_t)len + 1);
    if (text == NULL || pread(fileno(capture->file), text, (size_t)len, 0) != len)
        abort();
    fclose(capture->file);
    return text;
}

#endif
