#ifndef TOPIC_LAYOUT_H
#define TOPIC_LAYOUT_H

#include <stdint.h>

#include "common/mysql/sql_options.h"
#include "common/mysql/sql_session.h"

/* The number of partitions over which all gateways spread the requests of a topic: partitions if
 * none was settled yet, else the settled one. Connects for itself and blocks. 0: the database does
 * not say now, *fault. */
int32_t topic_layout_settle(const struct sql_options *options, const char *topic,
                            int32_t partitions, struct sql_fault *fault);

#endif
