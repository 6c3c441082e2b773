#ifndef INSTANCE_NUMBER_H
#define INSTANCE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mysql/sql_session.h"

/* Take the next instance number, which makes this start's request ids differ from all others'
 * (request_id.h), modulo REQUEST_ID_INSTANCES. */
enum sql_class instance_number_take(struct sql_session *session, uint32_t *instance,
                                    struct sql_fault *fault);

#endif
