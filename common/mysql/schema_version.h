#ifndef SCHEMA_VERSION_H
#define SCHEMA_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mysql/sql_session.h"

/* The number of the newest file in deploy/schema, which these programs need. They work with a newer
 * schema too if every file beyond says so (oldest_program in the table schema_version): so a step
 * can come before the programs that want it. */
#ifndef SCHEMA_VERSION /* a test builds the release that comes next */
#define SCHEMA_VERSION 13
#endif

enum schema_state {
    SCHEMA_FITS,
    SCHEMA_UNKNOWN, /* the server did not answer: *fault */
    SCHEMA_MISFIT   /* too old, too new, or none: text says so and which command mends it */
};

enum schema_state schema_version_check(struct sql_session *session, char *text, size_t text_size,
                                       struct sql_fault *fault);

#endif
