#include "common/mysql/schema_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void read_version(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], 0);
}

enum schema_state schema_version_check(struct sql_session *session, char *text, size_t text_size,
                                       struct sql_fault *fault)
{
    static const char query[] = "SELECT MAX(version) FROM schema_version";
    const unsigned int no_such_table = 1146;
    int64_t version = 0;

    if (sql_session_query(session, query, strlen(query), read_version, &version, fault) != SQL_OK &&
        fault->code != no_such_table)
        return SCHEMA_UNKNOWN;
    if (version == SCHEMA_VERSION)
        return SCHEMA_FITS;
    if (version < SCHEMA_VERSION)
        snprintf(text, text_size,
                 "the database has schema version %" PRId64
                 " and this program needs %d: run deploy/schema/apply.py, then start again",
                 version, SCHEMA_VERSION);
    else
        snprintf(text, text_size,
                 "the database has schema version %" PRId64
                 ", newer than the %d of this program (" COUPON_VERSION
                 "): deploy the release that belongs to it",
                 version, SCHEMA_VERSION);
    return SCHEMA_MISFIT;
}
