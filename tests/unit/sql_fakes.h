#ifndef SQL_FAKES_H
#define SQL_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "api-gateway/sql_pool.h"
#include "tests/unit/clock_fake.h"

/* MySQL as a test wants it. The linker puts these in place of the real functions (--wrap, in the
 * Makefile): jobs are kept until the test answers them. */
#define SQL_FAKE_JOBS 16

static struct sql_job *sql_fake_jobs[SQL_FAKE_JOBS]; /* waiting, the oldest first */
static size_t sql_fake_count;
static size_t sql_fake_asked;     /* jobs ever taken */
static bool sql_fake_full;        /* takes no job */
static char sql_fake_text[65536]; /* of the last statement */

/* Give the rows that the statement asks for; written by the test. */
static void sql_fake_rows(const char *text, sql_row row, void *cookie);

bool __wrap_sql_pool_submit(struct sql_pool *pool, struct sql_mailbox *mailbox, struct sql_job *job,
                            int patience_ms);
bool __wrap_sql_pool_submit(struct sql_pool *pool, struct sql_mailbox *mailbox, struct sql_job *job,
                            int patience_ms)
{
    (void)pool;
    (void)mailbox;
    (void)patience_ms;
    if (sql_fake_full || sql_fake_count == SQL_FAKE_JOBS)
        return false;
    sql_fake_jobs[sql_fake_count++] = job;
    sql_fake_asked++;
    return true;
}

enum sql_class __wrap_sql_session_query(struct sql_session *session, const char *text, size_t len,
                                        sql_row row, void *cookie, struct sql_fault *fault);
enum sql_class __wrap_sql_session_query(struct sql_session *session, const char *text, size_t len,
                                        sql_row row, void *cookie, struct sql_fault *fault)
{
    (void)session;
    (void)fault;
    snprintf(sql_fake_text, sizeof sql_fake_text, "%.*s", (int)len, text);
    sql_fake_rows(sql_fake_text, row, cookie);
    return SQL_OK;
}

/* A pool thread runs the oldest job now; its answer is still on its way. */
static inline struct sql_job *sql_fake_run(enum sql_class class)
{
    struct sql_job *job = sql_fake_jobs[0];
    struct sql_fault fault = {.class = class};

    memmove(sql_fake_jobs, sql_fake_jobs + 1, --sql_fake_count * sizeof sql_fake_jobs[0]);
    job->class = class == SQL_OK ? job->run(job, NULL, &fault) : class;
    job->fault = fault;
    return job;
}

/* The oldest job is run and comes back. */
static inline void sql_fake_answer(enum sql_class class)
{
    struct sql_job *job = sql_fake_run(class);

    job->done(job);
}

#endif
