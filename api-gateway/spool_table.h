#ifndef SPOOL_TABLE_H
#define SPOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api-gateway/spool_mode.h"
#include "common/contract/issue_request.h"
#include "common/mysql/sql_session.h"

/* The statements on issue_spool and issue_spool_relay; deploy/schema has the tables. Threads that
 * own their session. origin is a gateway's instance number. Nothing is in a transaction: each
 * statement is one, committed when it returns SQL_OK. */

struct spool_row {
    uint64_t seq;
    struct issue_request request;
};

/* How far an insert got. */
struct spool_insert {
    size_t fitting; /* requests below max_rows: the first so many; the others are not written */
    bool sent;      /* they are written on SQL_OK, unknown on SQL_OUTAGE, else not written */
};

/* Write all that fit in one statement, in their order. max_rows holds but for inserts that run
 * beside. */
enum sql_class spool_table_insert(struct sql_session *session, uint32_t origin, int64_t max_rows,
                                  const struct issue_request *const *requests, size_t count,
                                  struct spool_insert *insert, struct sql_fault *fault);

enum sql_class spool_table_look(struct sql_session *session, uint32_t origin,
                                struct spool_look *look, struct sql_fault *fault);

/* Take the right to move rows, or keep it, for that long; spool_table_read tells who has it. */
enum sql_class spool_table_hold(struct sql_session *session, uint32_t origin, int64_t hold_ms,
                                struct sql_fault *fault);

/* Give it back. */
enum sql_class spool_table_release(struct sql_session *session, uint32_t origin,
                                   struct sql_fault *fault);

/* The first rows, at most max; none where another gateway has the right to move them. */
enum sql_class spool_table_read(struct sql_session *session, uint32_t origin,
                                struct spool_row *rows, size_t max, size_t *count,
                                struct sql_fault *fault);

/* Remove these rows and no others: one whose number lies between them may have come since. */
enum sql_class spool_table_remove(struct sql_session *session, const uint64_t *seqs, size_t count,
                                  struct sql_fault *fault);

#endif
