#ifndef BATCH_COURSE_H
#define BATCH_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issue-worker/failure_policy.h"

/* The course of one batch through its attempts: which of its records to try next, and what a
 * failure leads to. A batch that is refused as a whole is halved down to the one record that is
 * meant, and what lies before that is decided first: no record is ever tried before all earlier
 * ones are done. Plain data, pure. */
struct batch_course {
    size_t count;       /* records in the batch */
    size_t begin, end;  /* those to try now; the ones before are done */
    size_t refused_end; /* the records up to here were refused together, so one of them is bad; or
                           count */
    unsigned int failures[FAILURE_CLASSES]; /* in a row, of the records to try now */
};

/* Begin with all of count records. */
void batch_course_start(struct batch_course *course, size_t count);

/* The records to try now are done: go on to the next ones. False: that was all. */
bool batch_course_done(struct batch_course *course);

/* They are not: what to do. After FAILURE_ACTION_BISECT the records to try are the first half. */
struct failure_step batch_course_failed(struct batch_course *course, enum failure_class class,
                                        uint32_t random);

/* Some of the records were tried apart from the others: a failure of one has been met. */
bool batch_course_split(const struct batch_course *course);

#endif
