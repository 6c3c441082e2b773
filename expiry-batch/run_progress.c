#include "expiry-batch/run_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

#define DRAW_EVERY_US 200000
#define BAR_WIDTH 30

void run_progress_start(struct run_progress *progress, const char *when)
{
    memset(progress, 0, sizeof *progress);
    progress->shown =
        strcmp(when, "on") == 0 || (strcmp(when, "auto") == 0 && isatty(STDERR_FILENO));
}

void run_progress_step(struct run_progress *progress, const char *step, int64_t due)
{
    progress->step = step;
    progress->due = due;
    progress->began_us = clock_monotonic_us();
    progress->drawn_us = 0;
}

static void draw_bar(uint64_t rows, uint64_t due)
{
    char bar[BAR_WIDTH + 1];
    size_t filled = rows >= due ? BAR_WIDTH : (size_t)(rows * BAR_WIDTH / due);

    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, " [%s] %" PRIu64 " of %" PRIu64, bar, rows, due);
}

void run_progress_rows(struct run_progress *progress, uint64_t rows)
{
    int64_t now_us = clock_monotonic_us();

    if (!progress->shown || now_us - progress->drawn_us < DRAW_EVERY_US)
        return;
    fprintf(stderr, "\r\033[K%s", progress->step);
    if (progress->due > 0)
        draw_bar(rows, (uint64_t)progress->due);
    else
        fprintf(stderr, " %" PRIu64, rows);
    fprintf(stderr, " rows, %.0f/s",
            (double)rows * 1e6 / (double)(now_us - progress->began_us + 1));
    fflush(stderr);
    progress->drawn_us = now_us;
    progress->drawn = true;
}

void run_progress_clear(struct run_progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}
