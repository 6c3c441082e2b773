#ifndef SQL_SESSION_H
#define SQL_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/mysql/sql_fault.h"
#include "common/mysql/sql_options.h"

/* One connection: READ COMMITTED, UTC, strict mode, utf8mb4. Blocking: for threads that own it,
 * never for an event loop. It never reconnects by itself; after SQL_OUTAGE close it and open a new
 * one. When the client library gets no memory, the process ends, as wherever else it gets none. */
struct sql_session;

/* Call once in main before threads start, and at the end of each thread that opened a session. */
void sql_library_start(void);
void sql_thread_stop(void);

/* Connect. NULL: *fault says why. */
struct sql_session *sql_session_open(const struct sql_options *options, struct sql_fault *fault);

/* Close; NULL is allowed. */
void sql_session_close(struct sql_session *session);

/* Run a statement that returns no rows. On anything but SQL_OK *fault is filled; inside a
 * transaction the caller rolls back, whatever the class. */
enum sql_class sql_session_execute(struct sql_session *session, const char *text, size_t len,
                                   struct sql_fault *fault);

/* sql_session_execute in two halves: between them the server works and the caller may do something
 * else, but nothing with the session. Each send that was SQL_OK needs its finish. */
enum sql_class sql_session_send(struct sql_session *session, const char *text, size_t len,
                                struct sql_fault *fault);
enum sql_class sql_session_finish(struct sql_session *session, struct sql_fault *fault);

/* From now on call waiting several times a second while an answer takes longer than half a second;
 * it must leave the session alone. An answer that takes longer than answer_timeout_s in all is
 * SQL_OUTAGE, as without it. */
void sql_session_on_wait(struct sql_session *session, void (*waiting)(void *cookie), void *cookie);

/* Run a query and hand each row to row(): one text a column, NULL for SQL NULL, valid in the call
 * only. */
typedef void (*sql_row)(void *cookie, char **values, const unsigned long *lengths);
enum sql_class sql_session_query(struct sql_session *session, const char *text, size_t len,
                                 sql_row row, void *cookie, struct sql_fault *fault);

/* Undo an open transaction; a failure means that the connection is gone, which undoes it too. */
void sql_session_rollback(struct sql_session *session);

/* The AUTO_INCREMENT or LAST_INSERT_ID(expr) of the last statement. */
uint64_t sql_session_last_id(const struct sql_session *session);

/* How many rows the last statement inserted, deleted, or changed to other values. */
uint64_t sql_session_changed_rows(const struct sql_session *session);

/* Append text as a quoted, escaped SQL string. */
void sql_add_text(struct sql_session *session, struct strbuf *out, const char *text, size_t len);

/* Append an instant as a quoted DATETIME(3) literal; INT64_MAX or a value below 0 as NULL. */
void sql_add_time(struct strbuf *out, int64_t wall_ms);

/* Read a number or a DATETIME(3) column (as UTC); fallback for NULL. */
int64_t sql_read_number(const char *value, int64_t fallback);
int64_t sql_read_time(const char *value, unsigned long len, int64_t fallback);

#endif
