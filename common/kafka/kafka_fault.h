#ifndef KAFKA_FAULT_H
#define KAFKA_FAULT_H

#include <librdkafka/rdkafka.h>

#include "common/failure/failure_class.h"

/* Class of an error of the client library or a broker, whether a consumer or a producer met it;
 * names and meanings: librdkafka's rdkafka.h and
 * https://kafka.apache.org/protocol#protocol_error_codes. One that the table does not know is
 * FAILURE_OUTAGE. FAILURE_RECORD is a record's that a topic does not take; of a consumer's own
 * errors none is. */
enum failure_class kafka_fault_class(rd_kafka_resp_err_t error);

/* What an operator can do about it, a sentence; or NULL. */
const char *kafka_fault_advice(rd_kafka_resp_err_t error);

#endif
