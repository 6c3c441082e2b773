#include "expiry-batch/run_lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/failpoint.h"

/* At most 64 characters in all; a database's name may have as many by itself. MySQL 9.7 has no
 * MD5(). */
#define LOCK_NAME "CONCAT('expiry-batch:',LEFT(SHA2(DATABASE(),256),32))"

struct holder {
    char *text;
    size_t size;
};

static void read_taken(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], -1);
}

static void read_holder(void *cookie, char **values, const unsigned long *lengths)
{
    struct holder *holder = cookie;

    (void)lengths;
    snprintf(holder->text, holder->size, "connection %s of %s from %s, for %s s", values[0],
             values[1] ? values[1] : "?", values[2] ? values[2] : "?", values[3] ? values[3] : "?");
}

static enum sql_class query(struct sql_session *session, const char *text, sql_row row,
                            void *cookie, struct sql_fault *fault)
{
    return sql_session_query(session, text, strlen(text), row, cookie, fault);
}

enum run_lock run_lock_take(struct sql_session *session, char *holder, size_t holder_size,
                            struct sql_fault *fault)
{
    struct holder seen = {holder, holder_size};
    struct sql_fault ignored;
    int64_t taken = -1;

    if (FAILPOINT_WITHOUT("expiry_lock"))
        return RUN_LOCK_TAKEN;
    if (query(session, "SELECT GET_LOCK(" LOCK_NAME ",0)", read_taken, &taken, fault) != SQL_OK)
        return RUN_LOCK_FAILED;
    if (taken == 1)
        return RUN_LOCK_TAKEN;
    if (taken < 0) {
        *fault = (struct sql_fault){.class = SQL_OUTAGE};
        snprintf(fault->text, sizeof fault->text, "GET_LOCK gave NULL: out of memory there?");
        return RUN_LOCK_FAILED;
    }
    snprintf(holder, holder_size, "a connection that is gone by now or not ours to see");
    query(session,
          "SELECT ID,USER,HOST,TIME FROM information_schema.PROCESSLIST "
          "WHERE ID=IS_USED_LOCK(" LOCK_NAME ")",
          read_holder, &seen, &ignored);
    return RUN_LOCK_BUSY;
}
