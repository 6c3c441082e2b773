#ifndef KAFKA_TLS_H
#define KAFKA_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <librdkafka/rdkafka.h>

/* Look over a configuration that is complete otherwise. False, with error: certificates are named
 * and security.protocol would have everything sent in the clear. From now on a broker's certificate
 * that is refused is logged with the reason, which librdkafka leaves out. */
bool kafka_tls_settle(rd_kafka_conf_t *conf, char *error, size_t error_size);

#endif
