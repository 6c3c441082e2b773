#ifndef SQL_FAULT_H
#define SQL_FAULT_H

/* What to do about a failed statement. Policy switches on this, never on text. */
enum sql_class {
    SQL_OK,
    SQL_DUPLICATE, /* a unique key is taken */
    SQL_TRANSIENT, /* deadlock, lock wait, snapshot conflict: roll back and do the same again */
    SQL_OUTAGE,    /* no connection, read-only, too many connections: wait for the server */
    SQL_REFUSED    /* the server won't have this statement: trying again alone won't help */
};

struct sql_fault {
    enum sql_class class;
    unsigned int code; /* the server's or client library's error number; 0: none */
    char text[256];
};

/* Class of an error number; numbers and names: the servers' mysqld_error.h and errmsg.h, and
 * https://mariadb.com/kb/en/mariadb-error-codes/. 0 is SQL_OK. */
enum sql_class sql_classify(unsigned int code);

/* "transient", … for logs and metrics. */
const char *sql_class_name(enum sql_class class);

#endif
