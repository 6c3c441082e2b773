#ifndef FAILURE_CLASS_H
#define FAILURE_CLASS_H

/* What a failure means to whoever met it. Each error has its class in one table: sql_fault.c,
 * kafka_fault.c. An error that no table names is an outage: waiting loses nothing. */
enum failure_class {
    FAILURE_NONE,
    FAILURE_RECORD,    /* what was to be written is refused, and would be again */
    FAILURE_TRANSIENT, /* the same again will do */
    FAILURE_OUTAGE,    /* something is away, or refuses everybody: wait until it is back */
    FAILURE_STOP       /* going on can't help, or would do harm: an operator must act */
};
#define FAILURE_CLASSES (FAILURE_STOP + 1)

/* "transient", … for logs and metrics. */
const char *failure_class_name(enum failure_class class);

#endif
