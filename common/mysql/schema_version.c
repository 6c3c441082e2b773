#include "common/mysql/schema_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static void read_number(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], 0);
}

/* Does every step beyond this program's say that it works with it? The server keeps the steps' word
 * in a column that databases before version 11 don't have; they have no such step either. */
static enum schema_state check_newer(struct sql_session *session, int64_t version,
                                     struct sql_fault *fault)
{
    static const char query[] = "SELECT COUNT(*) FROM schema_version WHERE version > " TEXT(
        SCHEMA_VERSION) " AND oldest_program <= " TEXT(SCHEMA_VERSION);
    const unsigned int no_such_column = 1054;
    int64_t steps = 0;

    if (sql_session_query(session, query, strlen(query), read_number, &steps, fault) != SQL_OK &&
        fault->code != no_such_column)
        return SCHEMA_UNKNOWN;
    return steps == version - SCHEMA_VERSION ? SCHEMA_FITS : SCHEMA_MISFIT;
}

enum schema_state schema_version_check(struct sql_session *session, char *text, size_t text_size,
                                       struct sql_fault *fault)
{
    static const char query[] = "SELECT MAX(version) FROM schema_version";
    const unsigned int no_such_table = 1146;
    int64_t version = 0;
    enum schema_state state;

    if (sql_session_query(session, query, strlen(query), read_number, &version, fault) != SQL_OK &&
        fault->code != no_such_table)
        return SCHEMA_UNKNOWN;
    if (version == SCHEMA_VERSION)
        return SCHEMA_FITS;
    if (version < SCHEMA_VERSION) {
        snprintf(text, text_size,
                 "the database has schema version %" PRId64
                 " and this program needs %d: run deploy/schema/apply.py, then start again",
                 version, SCHEMA_VERSION);
        return SCHEMA_MISFIT;
    }
    state = check_newer(session, version, fault);
    if (state == SCHEMA_MISFIT)
        snprintf(text, text_size,
                 "the database has schema version %" PRId64
                 ", newer than the %d of this program (" COUPON_VERSION
                 "), and not every step between says that it works with it: deploy the release "
                 "that belongs to the database",
                 version, SCHEMA_VERSION);
    return state;
}
