#ifndef ISSUE_SESSION_H
#define ISSUE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mysql/schema_version.h"
#include "common/mysql/sql_session.h"

/* The connection over which batches are decided: made when it is needed, checked for the schema,
 * with autocommit off. Used by one thread. Zero-initialise, then set options and the hook. */
struct issue_session {
    const struct sql_options *options;
    /* Several times a second while an answer is late. The session is busy then. */
    void (*waiting)(void *cookie);
    void *cookie;
    struct sql_session *sql; /* NULL: not connected */
    int64_t used_us;         /* monotonic time of the last issue_session_rest */
    bool busy;               /* a statement is on its way: use another connection meanwhile */
};

/* Connect unless connected. SCHEMA_FITS: sql is usable, and *fresh tells whether it is a new one.
 * Else there is none, and *fault says why. */
enum schema_state issue_session_open(struct issue_session *session, bool *fresh,
                                     struct sql_fault *fault);

/* Nothing is to be done with it for now; class is that of the last statement. After an outage the
 * connection is dropped; else, if roll_back, its transaction is undone. */
void issue_session_rest(struct issue_session *session, enum sql_class class, bool roll_back);

/* Run a query whose answer is one number, by itself, over the open connection. False: *fault says
 * why not. */
bool issue_session_count(struct issue_session *session, const struct strbuf *query, int64_t *count,
                         struct sql_fault *fault);

void issue_session_close(struct issue_session *session);

#endif
