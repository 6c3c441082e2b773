#ifndef SQL_FAULT_H
#define SQL_FAULT_H

#include "common/failure/failure_class.h"

/* What to do about a failed statement. Policy switches on this, never on text. */
enum sql_class {
    SQL_OK,
    SQL_DUPLICATE, /* a unique key is taken */
    SQL_TRANSIENT, /* deadlock, lock wait, snapshot conflict: roll back and do the same again */
    SQL_OUTAGE,    /* no connection, read-only, too many connections, missing rights or tables, and
                      whatever is not known: wait for the server, or for its administrator */
    SQL_REFUSED    /* the server won't have these values: trying again alone won't help */
};

struct sql_fault {
    enum sql_class class;
    unsigned int code; /* the server's or client library's error number; 0: none */
    char text[256];
};

/* Class of an error number; numbers and names: the servers' mysqld_error.h and errmsg.h, and
 * https://mariadb.com/kb/en/mariadb-error-codes/. 0 is SQL_OK; a number that the table does not
 * know is SQL_OUTAGE, since whoever waits loses nothing. */
enum sql_class sql_classify(unsigned int code);

/* "ER_LOCK_DEADLOCK", … or "" for a number that the table does not know. */
const char *sql_fault_name(unsigned int code);

/* What an operator can do about it, a sentence; or NULL. */
const char *sql_fault_advice(unsigned int code);

/* "transient", … for logs and metrics. */
const char *sql_class_name(enum sql_class class);

/* The class among those of all parts. A taken key is the record's: whoever knows how to look for
 * the owner first has done so before. */
enum failure_class sql_failure_class(enum sql_class class);

#endif
