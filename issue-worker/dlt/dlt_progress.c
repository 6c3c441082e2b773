#include "issue-worker/dlt/dlt_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"

#define DRAW_EVERY_US 250000

void dlt_progress_start(struct dlt_progress *progress)
{
    *progress =
        (struct dlt_progress){.on = isatty(STDERR_FILENO), .drawn_us = clock_monotonic_us()};
}

void dlt_progress_draw(struct dlt_progress *progress, int64_t done, int64_t total, int64_t acted)
{
    int64_t now_us = clock_monotonic_us();

    if (!progress->on || now_us - progress->drawn_us < DRAW_EVERY_US)
        return;
    progress->drawn_us = now_us;
    progress->shown = true;
    fprintf(stderr, "\r%" PRId64 " of %" PRId64 " read, %" PRId64 " done\033[K", done, total,
            acted);
    fflush(stderr);
}

void dlt_progress_clear(struct dlt_progress *progress)
{
    if (!progress->shown)
        return;
    progress->shown = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
