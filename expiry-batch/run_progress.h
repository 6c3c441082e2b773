#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line on standard error that says how far a run is, rewritten in place a few times a second. */
struct run_progress {
    bool shown;
    const char *step;
    int64_t due; /* when the step began; 0: not known */
    int64_t began_us, drawn_us;
    bool drawn;
};

/* when: "auto" (on a terminal), "on" or "off". */
void run_progress_start(struct run_progress *progress, const char *when);

/* A step begins, or rows of it are done. */
void run_progress_step(struct run_progress *progress, const char *step, int64_t due);
void run_progress_rows(struct run_progress *progress, uint64_t rows);

/* Remove the line, so that something else can be written. */
void run_progress_clear(struct run_progress *progress);

#endif
