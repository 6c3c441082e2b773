#ifndef SQL_TRANSACTION_H
#define SQL_TRANSACTION_H

#include "common/mysql/sql_session.h"

/* Run body in a transaction of its own, on a session without one. Where another one was in its way
 * (SQL_TRANSIENT) it is run again, a few times, so body begins anew each time. On anything but
 * SQL_OK none of it stays; only after SQL_OUTAGE that is not known: the answer to the COMMIT may
 * have been lost. */
enum sql_class sql_transaction_run(struct sql_session *session,
                                   enum sql_class (*body)(void *cookie, struct sql_session *session,
                                                          struct sql_fault *fault),
                                   void *cookie, struct sql_fault *fault);

#endif
