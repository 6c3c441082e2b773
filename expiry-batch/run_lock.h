#ifndef RUN_LOCK_H
#define RUN_LOCK_H

#include <stddef.h>

#include "common/mysql/sql_session.h"

/* One run at a time for each database of a server: GET_LOCK, which the server takes back when the
 * connection ends, however that happens. Another server (a replica that was promoted meanwhile)
 * does not know of it; two runs at once do no harm, only double work. */
enum run_lock { RUN_LOCK_TAKEN, RUN_LOCK_BUSY, RUN_LOCK_FAILED };

/* Take the lock without waiting; it is held until the session is closed. BUSY: holder says who has
 * it, as far as the database tells. FAILED: *fault says why. */
enum run_lock run_lock_take(struct sql_session *session, char *holder, size_t holder_size,
                            struct sql_fault *fault);

#endif
