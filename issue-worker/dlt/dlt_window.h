#ifndef DLT_WINDOW_H
#define DLT_WINDOW_H

#include <stdint.h>

#include "issue-worker/dlt/dlt_letter.h"

/* Recognises letters about one record: a worker that is killed between a dead letter and its COMMIT
 * writes it once more, within the next batch or so. Remembers the latest DLT_WINDOW_SIZE records;
 * in bounded memory it can't remember all of them. Plain memory, no I/O. */
#define DLT_WINDOW_SIZE 65536

struct dlt_window;

struct dlt_window *dlt_window_new(void);
void dlt_window_free(struct dlt_window *window);

/* The offset of the first letter, in the same partition, about this one's record: its own if there
 * was none before, or if it does not say which record it is about. */
int64_t dlt_window_first(struct dlt_window *window, const struct dlt_letter *letter);

#endif
