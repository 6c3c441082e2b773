#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <stddef.h>
#include <openssl/ssl.h>

#include "common/tls/tls_options.h"

/* A context of these certificates for clients: TLS 1.2 at least, and no connection to a server
 * whose certificate is not good, which is logged. NULL: error says which file is wrong, and why.
 * The caller frees it with SSL_CTX_free. */
SSL_CTX *tls_context_new(const struct tls_options *options, const char *server, char *error,
                         size_t error_size);

/* A connection of it, to be made to a server whose certificate must have this name: a host's, or an
 * address in numbers. server and name are kept for the log. The caller frees it, or hands it on. */
SSL *tls_context_connection(SSL_CTX *context, const char *server, const char *name);

/* Log that a server's certificate was refused. problem: OpenSSL's number; certificate: the one in
 * the chain that is not good, or NULL. Any thread. */
void tls_context_log_refused(const char *server, const char *name, int problem, X509 *certificate);

#endif
