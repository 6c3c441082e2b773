#include "common/mysql/sql_transaction.h"

#include <string.h>

#define TRIES 5

static enum sql_class execute(struct sql_session *session, const char *text,
                              struct sql_fault *fault)
{
    return sql_session_execute(session, text, strlen(text), fault);
}

enum sql_class sql_transaction_run(struct sql_session *session,
                                   enum sql_class (*body)(void *cookie, struct sql_session *session,
                                                          struct sql_fault *fault),
                                   void *cookie, struct sql_fault *fault)
{
    enum sql_class class = SQL_TRANSIENT;

    for (int i = 0; i < TRIES && class == SQL_TRANSIENT; i++) {
        class = execute(session, "START TRANSACTION", fault);
        if (class == SQL_OK)
            class = body(cookie, session, fault);
        if (class == SQL_OK)
            class = execute(session, "COMMIT", fault);
        if (class != SQL_OK)
            sql_session_rollback(session);
    }
    return class;
}
