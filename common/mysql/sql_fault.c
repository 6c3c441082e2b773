#include "common/mysql/sql_fault.h"

enum sql_class sql_classify(unsigned int code)
{
    switch (code) {
    case 0:
        return SQL_OK;
    case 1062: /* ER_DUP_ENTRY */
    case 1586: /* ER_DUP_ENTRY_WITH_KEY_NAME */
        return SQL_DUPLICATE;
    case 1020: /* ER_CHECKREAD: MariaDB's snapshot conflict */
    case 1205: /* ER_LOCK_WAIT_TIMEOUT: rolls back the statement only, so the caller rolls back */
    case 1213: /* ER_LOCK_DEADLOCK */
    case 1614: /* ER_XA_RBDEADLOCK */
    case 3572: /* ER_LOCK_NOWAIT */
        return SQL_TRANSIENT;
    case 1021: /* ER_DISK_FULL */
    case 1040: /* ER_CON_COUNT_ERROR */
    case 1041: /* ER_OUT_OF_RESOURCES */
    case 1042: /* ER_BAD_HOST_ERROR */
    case 1044: /* ER_DBACCESS_DENIED_ERROR: grants or a password being changed */
    case 1045: /* ER_ACCESS_DENIED_ERROR */
    case 1053: /* ER_SERVER_SHUTDOWN */
    case 1077: /* ER_NORMAL_SHUTDOWN */
    case 1079: /* ER_SHUTDOWN_COMPLETE */
    case 1114: /* ER_RECORD_FILE_FULL */
    case 1129: /* ER_HOST_IS_BLOCKED */
    case 1152: /* ER_ABORTING_CONNECTION */
    case 1158: /* ER_NET_READ_ERROR */
    case 1159: /* ER_NET_READ_INTERRUPTED */
    case 1160: /* ER_NET_ERROR_ON_WRITE */
    case 1161: /* ER_NET_WRITE_INTERRUPTED */
    case 1184: /* ER_NEW_ABORTING_CONNECTION */
    case 1203: /* ER_TOO_MANY_USER_CONNECTIONS */
    case 1226: /* ER_USER_LIMIT_REACHED */
    case 1290: /* ER_OPTION_PREVENTS_STATEMENT: --read-only, the old primary */
    case 1317: /* ER_QUERY_INTERRUPTED */
    case 1792: /* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION */
    case 1836: /* ER_READ_ONLY_MODE */
    case 1927: /* ER_CONNECTION_KILLED (MariaDB) */
    case 1969: /* ER_STATEMENT_TIMEOUT (MariaDB) */
    case 3024: /* ER_QUERY_TIMEOUT */
    case 3159: /* ER_SECURE_TRANSPORT_REQUIRED */
    case 3169: /* ER_SESSION_WAS_KILLED */
    case 4031: /* ER_CLIENT_INTERACTION_TIMEOUT */
        return SQL_OUTAGE;
    default:
        /* 2000 to 2999: the client library's own, about the connection; 5000 up: libmariadb's. */
        if ((code >= 2000 && code < 3000) || (code >= 5000 && code < 5100))
            return SQL_OUTAGE;
        return SQL_REFUSED;
    }
}

const char *sql_class_name(enum sql_class class)
{
    static const char *const names[] = {
        [SQL_OK] = "ok",         [SQL_DUPLICATE] = "duplicate", [SQL_TRANSIENT] = "transient",
        [SQL_OUTAGE] = "outage", [SQL_REFUSED] = "refused",
    };

    return names[class];
}
