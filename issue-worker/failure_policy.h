#ifndef FAILURE_POLICY_H
#define FAILURE_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "common/failure/failure_class.h"

/* What to do when an attempt to decide records failed: by the failure's class alone, never by its
 * text. Pure. */
enum failure_action {
    FAILURE_ACTION_AGAIN,     /* the same records again */
    FAILURE_ACTION_BISECT,    /* the first half of them by itself */
    FAILURE_ACTION_SET_ASIDE, /* the one record: dead letter, FAILED result, fence, all at once */
    FAILURE_ACTION_WAIT, /* something is away: the same records again, for as long as it takes */
    FAILURE_ACTION_STOP  /* end the program: failure_stop */
};

struct failure_step {
    enum failure_action action;
    int wait_ms; /* before it is done */
};

/* A record that is refused by itself is tried FAILURE_RECORD_TRIES times in all; then it is set
 * aside, in up to FAILURE_ASIDE_FORMS forms, each asking less of the database than the one before.
 */
#define FAILURE_RECORD_TRIES 6
#define FAILURE_ASIDE_FORMS 3

/* times: how often in a row these records met this class of failure, this time included. records:
 * how many they are. random: any number; waits are spread by it, so that programs don't come back
 * in one moment. The class is not FAILURE_NONE. */
struct failure_step failure_policy_step(enum failure_class class, unsigned int times,
                                        size_t records, uint32_t random);

/* Why a worker ends by itself. What to do about it is in the log line of that event. */
enum failure_stop {
    FAILURE_STOP_NONE,
    FAILURE_STOP_SCHEMA,  /* the database's schema is not this program's */
    FAILURE_STOP_OFFSETS, /* the fence lies outside of the log */
    FAILURE_STOP_FENCED,  /* another member has this group.instance.id */
    FAILURE_STOP_CLIENT   /* any other error after which the Kafka client does nothing any more */
};

/* The program's exit status (sysexits.h) and the log line's event, such as "fenced_instance". */
int failure_stop_status(enum failure_stop stop);
const char *failure_stop_event(enum failure_stop stop);

#endif
