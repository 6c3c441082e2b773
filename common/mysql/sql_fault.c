#include "common/mysql/sql_fault.h"

#include <stddef.h>

#define GRANTS "check the user's password and grants; it goes on by itself"
#define SCHEMA "compare the tables with deploy/schema (apply.py); it goes on by itself"
#define WRITABLE "if this server is no longer the primary, let the address point to the new one"
#define CERTIFICATE                                                                                \
    "check the server's certificate: its CA (--mysql-tls-ca), its names (--mysql-host), its dates"
#define ROOM "make room on the server; it goes on by itself"

struct sql_error {
    unsigned int code;
    enum sql_class class;
    const char *name;
    const char *advice;
};

/* Ascending. No error stops a program: rights, passwords and tables come back (a rotation, a
 * restore), and a schema that is not ours is found out at the next connection. */
static const struct sql_error errors[] = {
    {1020, SQL_TRANSIENT, "ER_CHECKREAD", NULL}, /* MariaDB's snapshot conflict */
    {1021, SQL_OUTAGE, "ER_DISK_FULL", ROOM},
    {1037, SQL_OUTAGE, "ER_OUTOFMEMORY", ROOM},
    {1040, SQL_OUTAGE, "ER_CON_COUNT_ERROR", "raise max_connections, or run fewer programs"},
    {1041, SQL_OUTAGE, "ER_OUT_OF_RESOURCES", ROOM},
    {1042, SQL_OUTAGE, "ER_BAD_HOST_ERROR", NULL},
    {1044, SQL_OUTAGE, "ER_DBACCESS_DENIED_ERROR", GRANTS},
    {1045, SQL_OUTAGE, "ER_ACCESS_DENIED_ERROR", GRANTS},
    {1046, SQL_OUTAGE, "ER_NO_DB_ERROR", SCHEMA},
    {1048, SQL_REFUSED, "ER_BAD_NULL_ERROR", NULL},
    {1049, SQL_OUTAGE, "ER_BAD_DB_ERROR", "create the database; it goes on by itself"},
    {1053, SQL_OUTAGE, "ER_SERVER_SHUTDOWN", NULL},
    {1054, SQL_OUTAGE, "ER_BAD_FIELD_ERROR", SCHEMA},
    {1062, SQL_DUPLICATE, "ER_DUP_ENTRY", NULL},
    {1064, SQL_OUTAGE, "ER_PARSE_ERROR", SCHEMA},
    {1077, SQL_OUTAGE, "ER_NORMAL_SHUTDOWN", NULL},
    {1079, SQL_OUTAGE, "ER_SHUTDOWN_COMPLETE", NULL},
    {1114, SQL_OUTAGE, "ER_RECORD_FILE_FULL", ROOM},
    {1129, SQL_OUTAGE, "ER_HOST_IS_BLOCKED", "FLUSH HOSTS on the server"},
    {1130, SQL_OUTAGE, "ER_HOST_NOT_PRIVILEGED", GRANTS},
    {1142, SQL_OUTAGE, "ER_TABLEACCESS_DENIED_ERROR", GRANTS},
    {1143, SQL_OUTAGE, "ER_COLUMNACCESS_DENIED_ERROR", GRANTS},
    {1146, SQL_OUTAGE, "ER_NO_SUCH_TABLE", SCHEMA},
    {1152, SQL_OUTAGE, "ER_ABORTING_CONNECTION", NULL},
    {1153, SQL_REFUSED, "ER_NET_PACKET_TOO_LARGE", NULL}, /* a part of the batch is smaller */
    {1158, SQL_OUTAGE, "ER_NET_READ_ERROR", NULL},
    {1159, SQL_OUTAGE, "ER_NET_READ_INTERRUPTED", NULL},
    {1160, SQL_OUTAGE, "ER_NET_ERROR_ON_WRITE", NULL},
    {1161, SQL_OUTAGE, "ER_NET_WRITE_INTERRUPTED", NULL},
    {1184, SQL_OUTAGE, "ER_NEW_ABORTING_CONNECTION", NULL},
    {1203, SQL_OUTAGE, "ER_TOO_MANY_USER_CONNECTIONS", "raise max_user_connections"},
    /* Rolls back the statement only, so that the caller must roll back. */
    {1205, SQL_TRANSIENT, "ER_LOCK_WAIT_TIMEOUT", NULL},
    {1206, SQL_TRANSIENT, "ER_LOCK_TABLE_FULL", NULL},
    {1213, SQL_TRANSIENT, "ER_LOCK_DEADLOCK", NULL},
    {1216, SQL_REFUSED, "ER_NO_REFERENCED_ROW", NULL},
    {1226, SQL_OUTAGE, "ER_USER_LIMIT_REACHED", "raise the user's limits"},
    {1227, SQL_OUTAGE, "ER_SPECIFIC_ACCESS_DENIED_ERROR", GRANTS},
    {1242, SQL_REFUSED, "ER_SUBQUERY_NO_1_ROW", NULL}, /* in a trigger of somebody's */
    {1264, SQL_REFUSED, "ER_WARN_DATA_OUT_OF_RANGE", NULL},
    {1265, SQL_REFUSED, "WARN_DATA_TRUNCATED", NULL},
    {1290, SQL_OUTAGE, "ER_OPTION_PREVENTS_STATEMENT", WRITABLE},
    {1292, SQL_REFUSED, "ER_TRUNCATED_WRONG_VALUE", NULL},
    {1317, SQL_OUTAGE, "ER_QUERY_INTERRUPTED", NULL},
    {1365, SQL_REFUSED, "ER_DIVISION_BY_ZERO", NULL},
    {1366, SQL_REFUSED, "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD", NULL},
    {1367, SQL_REFUSED, "ER_ILLEGAL_VALUE_FOR_TYPE", NULL},
    {1369, SQL_REFUSED, "ER_VIEW_CHECK_FAILED", NULL},
    {1370, SQL_OUTAGE, "ER_PROCACCESS_DENIED_ERROR", GRANTS},
    {1406, SQL_REFUSED, "ER_DATA_TOO_LONG", NULL},
    {1411, SQL_REFUSED, "ER_WRONG_VALUE_FOR_TYPE", NULL},
    {1452, SQL_REFUSED, "ER_NO_REFERENCED_ROW_2", NULL},
    {1526, SQL_REFUSED, "ER_NO_PARTITION_FOR_GIVEN_VALUE", NULL},
    {1586, SQL_DUPLICATE, "ER_DUP_ENTRY_WITH_KEY_NAME", NULL},
    {1614, SQL_TRANSIENT, "ER_XA_RBDEADLOCK", NULL},
    {1644, SQL_REFUSED, "ER_SIGNAL_EXCEPTION", NULL}, /* a trigger says no */
    {1690, SQL_REFUSED, "ER_DATA_OUT_OF_RANGE", NULL},
    {1792, SQL_OUTAGE, "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION", WRITABLE},
    {1836, SQL_OUTAGE, "ER_READ_ONLY_MODE", WRITABLE},
    {1927, SQL_OUTAGE, "ER_CONNECTION_KILLED", NULL}, /* MariaDB */
    {1969, SQL_OUTAGE, "ER_STATEMENT_TIMEOUT", NULL}, /* MariaDB */
    {2000, SQL_OUTAGE, "CR_UNKNOWN_ERROR", NULL},
    {2001, SQL_OUTAGE, "CR_SOCKET_CREATE_ERROR", NULL},
    {2002, SQL_OUTAGE, "CR_CONNECTION_ERROR", NULL},
    {2003, SQL_OUTAGE, "CR_CONN_HOST_ERROR", NULL},
    {2005, SQL_OUTAGE, "CR_UNKNOWN_HOST", "check --mysql-host and the name service"},
    {2006, SQL_OUTAGE, "CR_SERVER_GONE_ERROR", NULL},
    {2012, SQL_OUTAGE, "CR_SERVER_HANDSHAKE_ERR", NULL},
    {2013, SQL_OUTAGE, "CR_SERVER_LOST", NULL},
    {2020, SQL_REFUSED, "CR_NET_PACKET_TOO_LARGE", NULL},
    {2026, SQL_OUTAGE, "CR_SSL_CONNECTION_ERROR", CERTIFICATE},
    {2027, SQL_OUTAGE, "CR_MALFORMED_PACKET", NULL},
    {2055, SQL_OUTAGE, "CR_SERVER_LOST_EXTENDED", NULL},
    {2059, SQL_OUTAGE, "CR_AUTH_PLUGIN_CANNOT_LOAD", GRANTS},
    {3024, SQL_OUTAGE, "ER_QUERY_TIMEOUT", NULL},
    {3100, SQL_OUTAGE, "ER_RUN_HOOK_ERROR", WRITABLE}, /* group replication: not a member now */
    {3101, SQL_TRANSIENT, "ER_TRANSACTION_ROLLBACK_DURING_COMMIT", NULL},
    {3159, SQL_OUTAGE, "ER_SECURE_TRANSPORT_REQUIRED", GRANTS},
    {3169, SQL_OUTAGE, "ER_SESSION_WAS_KILLED", NULL},
    {3572, SQL_TRANSIENT, "ER_LOCK_NOWAIT", NULL},
    {3819, SQL_REFUSED, "ER_CHECK_CONSTRAINT_VIOLATED", NULL}, /* MySQL */
    {4025, SQL_REFUSED, "ER_CONSTRAINT_FAILED", NULL},         /* MariaDB */
    {4031, SQL_OUTAGE, "ER_CLIENT_INTERACTION_TIMEOUT", NULL},
};

static const struct sql_error *find(unsigned int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            return &errors[i];
    return NULL;
}

enum sql_class sql_classify(unsigned int code)
{
    const struct sql_error *error = find(code);

    if (code == 0)
        return SQL_OK;
    return error ? error->class : SQL_OUTAGE;
}

const char *sql_fault_name(unsigned int code)
{
    const struct sql_error *error = find(code);

    return error ? error->name : "";
}

const char *sql_fault_advice(unsigned int code)
{
    const struct sql_error *error = find(code);

    return error ? error->advice : NULL;
}

const char *sql_class_name(enum sql_class class)
{
    static const char *const names[] = {
        [SQL_OK] = "ok",         [SQL_DUPLICATE] = "duplicate", [SQL_TRANSIENT] = "transient",
        [SQL_OUTAGE] = "outage", [SQL_REFUSED] = "refused",
    };

    return names[class];
}

enum failure_class sql_failure_class(enum sql_class class)
{
    static const enum failure_class classes[] = {
        [SQL_OK] = FAILURE_NONE,
        [SQL_DUPLICATE] = FAILURE_RECORD,
        [SQL_TRANSIENT] = FAILURE_TRANSIENT,
        [SQL_OUTAGE] = FAILURE_OUTAGE,
        [SQL_REFUSED] = FAILURE_RECORD,
    };

    return classes[class];
}
