#include "common/kafka/kafka_tls.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/x509.h>

#include "common/tls/tls_context.h"

/* librdkafka asks this about each certificate of the chain, on a thread of its own. It changes
 * nothing about OpenSSL's verdict. */
static int verified(rd_kafka_t *client, const char *broker, int32_t broker_id, int *problem,
                    int depth, const char *bytes, size_t size, char *error, size_t error_size,
                    void *opaque)
{
    const unsigned char *next = (const unsigned char *)bytes;
    X509 *certificate;

    (void)client;
    (void)broker_id;
    (void)depth;
    (void)opaque;
    if (*problem == X509_V_OK)
        return 1;
    certificate = d2i_X509(NULL, &next, (long)size);
    tls_context_log_refused("Kafka", broker, *problem, certificate);
    X509_free(certificate);
    snprintf(error, error_size, "%s", X509_verify_cert_error_string(*problem));
    return 0;
}

static bool is_set(const rd_kafka_conf_t *conf, const char *name)
{
    size_t size = 0;

    return rd_kafka_conf_get(conf, name, NULL, &size) == RD_KAFKA_CONF_OK && size > 1;
}

bool kafka_tls_settle(rd_kafka_conf_t *conf, char *error, size_t error_size)
{
    static const char *const certificates[] = {
        "ssl.ca.location",  "ssl.ca.pem",  "ssl.certificate.location", "ssl.certificate.pem",
        "ssl.key.location", "ssl.key.pem", "ssl.keystore.location",    "ssl.crl.location",
    };
    char protocol[32] = "";
    size_t size = sizeof protocol;

    rd_kafka_conf_get(conf, "security.protocol", protocol, &size);
    if (strstr(protocol, "ssl")) {
        rd_kafka_conf_set_ssl_cert_verify_cb(conf, verified);
        return true;
    }
    for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++) {
        if (is_set(conf, certificates[i])) {
            snprintf(error, error_size,
                     "Kafka property %s is given and security.protocol is %s: nothing would be "
                     "encrypted; set it to ssl or sasl_ssl",
                     certificates[i], protocol);
            return false;
        }
    }
    return true;
}
