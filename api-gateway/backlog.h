#ifndef BACKLOG_H
#define BACKLOG_H

#include <stddef.h>
#include <stdint.h>

#define BACKLOG_MARKS 32

/* How many records of one partition are not decided, and for how long the oldest of them has been
 * there. Told from looks at the log's end and the fence: a record that a look saw at the end, and
 * that is still not decided, has been there since that look at least. Pure data; zero-initialise.
 */
struct backlog {
    struct backlog_mark {
        int64_t end_offset; /* the log's end as a look saw it */
        int64_t seen_ms;
    } marks[BACKLOG_MARKS]; /* oldest first, ascending ends; all above the fence */
    size_t count;
    int64_t
        spacing_ms;  /* a new mark comes so long after the last one: more the longer they reach */
    int64_t records; /* not decided at the last look */
};

/* A look at now_ms of the wall clock. The fence of a partition that has none yet is where its log
 * begins. */
void backlog_looked(struct backlog *backlog, int64_t now_ms, int64_t end_offset, int64_t fence);

/* Since when, at least, the oldest record has waited; 0: none does. Short by one interval of looks
 * at most, and by more once they have been kept for long: by 2 / BACKLOG_MARKS of the time since
 * the first of them. */
int64_t backlog_oldest_ms(const struct backlog *backlog);

#endif
