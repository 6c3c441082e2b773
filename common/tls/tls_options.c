#include "common/tls/tls_options.h"

#include <stdio.h>
#include <string.h>
#include <openssl/ssl.h>

#include "common/tls/tls_context.h"

bool tls_options_on(const struct tls_options *options)
{
    return options->mode && strcmp(options->mode, "on") == 0;
}

const char *tls_options_ca(const struct tls_options *options)
{
    return options->ca ? options->ca : TLS_CA;
}

bool tls_options_check(const struct tls_options *options, const char *server, char *error,
                       size_t error_size)
{
    const char *given = options->ca ? "ca" : options->cert ? "cert" : options->key ? "key" : NULL;
    SSL_CTX *context;

    if (!tls_options_on(options)) {
        if (given)
            snprintf(error, error_size,
                     "--%s-tls-%s is given and --%s-tls is off: nothing would be encrypted", server,
                     given, server);
        return !given;
    }
    if (!options->cert != !options->key) {
        snprintf(error, error_size,
                 "--%s-tls-cert and --%s-tls-key: one is given without the other", server, server);
        return false;
    }
    context = tls_context_new(options, server, error, error_size);
    SSL_CTX_free(context);
    return context;
}
