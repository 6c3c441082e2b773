#ifndef DLT_PROGRESS_H
#define DLT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line on a terminal (standard error) that says how far a long run is; nothing anywhere else. */
struct dlt_progress {
    bool on;
    bool shown;
    int64_t drawn_us; /* monotonic */
};

void dlt_progress_start(struct dlt_progress *progress);

/* done of total are read, and acted of them are dealt with. Draws a few times a second at most. */
void dlt_progress_draw(struct dlt_progress *progress, int64_t done, int64_t total, int64_t acted);

/* Take the line away, before something else is printed. */
void dlt_progress_clear(struct dlt_progress *progress);

#endif
