#include "issue-worker/issue_session.h"

#include <string.h>

#include "common/base/clock.h"

/* A server gives up a transaction whose client says nothing for this long (a worker that was
 * frozen, a network that was cut), so that its locks don't outlive it by hours. Longer than the
 * dead-letter topic may take to answer. */
#define SILENCE_MAX_S "20"
/* A session that was idle for longer is closed before the server does it. */
#define IDLE_MAX_US 10000000

/* The waiting hook serves everything but this connection, which is in the middle of a statement. */
static void wait_on(void *cookie)
{
    struct issue_session *session = cookie;
    bool busy = session->busy;

    session->busy = true;
    session->waiting(session->cookie);
    session->busy = busy;
}

void issue_session_close(struct issue_session *session)
{
    sql_session_close(session->sql);
    session->sql = NULL;
}

enum schema_state issue_session_open(struct issue_session *session, bool *fresh,
                                     struct sql_fault *fault)
{
    /* From here on each statement that follows a COMMIT or ROLLBACK begins a transaction. */
    static const char settings[] = "SET autocommit=0,wait_timeout=" SILENCE_MAX_S;
    enum schema_state state;

    *fresh = false;
    if (session->sql && clock_monotonic_us() - session->used_us > IDLE_MAX_US)
        issue_session_close(session);
    if (session->sql)
        return SCHEMA_FITS;
    session->sql = sql_session_open(session->options, fault);
    if (!session->sql)
        return SCHEMA_UNKNOWN;
    *fresh = true;
    sql_session_on_wait(session->sql, wait_on, session);
    state = schema_version_check(session->sql, fault->text, sizeof fault->text, fault);
    if (state == SCHEMA_FITS &&
        sql_session_execute(session->sql, settings, strlen(settings), fault) == SQL_OK)
        return SCHEMA_FITS;
    issue_session_close(session);
    return state == SCHEMA_MISFIT ? SCHEMA_MISFIT : SCHEMA_UNKNOWN;
}

void issue_session_rest(struct issue_session *session, enum sql_class class, bool roll_back)
{
    if (class == SQL_OUTAGE)
        issue_session_close(session);
    else if (roll_back)
        sql_session_rollback(session->sql);
    session->used_us = clock_monotonic_us();
}

static void read_count(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], 0);
}

bool issue_session_count(struct issue_session *session, const struct strbuf *query, int64_t *count,
                         struct sql_fault *fault)
{
    enum sql_class class =
        sql_session_query(session->sql, query->data, query->len, read_count, count, fault);

    issue_session_rest(session, class, true);
    return class == SQL_OK;
}
